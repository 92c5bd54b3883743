"""A report as A4 pages: text set line by line, tables ruled, pictures placed, fonts embedded."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from planner.report.document import PICTURE_DPI, Block, Document, Picture, Section, Table, Text
from planner.report.fonts import Ruler, font, plotting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_IN = (8.27, 11.69)  # A4
MARGIN_PT = 54.0
BODY_PT, SMALL_PT, TITLE_PT, HEAD_PT = 9.5, 8.0, 19.0, 13.0
SIGN_PT = 24.0  # more height where somebody signs
LEADING = 1.45
FIRST_PICTURE_PT, OTHER_PICTURE_PT = 330.0, 235.0  # tallest picture on the first page and on the others
LEAST_PICTURE_PT, PICTURE_STEP_PT = 210.0, 30.0  # how small the first page's picture gets so that all of the page fits
INK, FAINT, ACCENT, LINE = "#1d2321", "#5a625f", "#14506b", "#c9cfcc"


class Pages:
    """Sheets of paper being written from the top: a cursor that starts a new sheet where the room ends."""

    def __init__(self, footer: str) -> None:
        self.width, self.height = PAGE_IN[0] * 72, PAGE_IN[1] * 72
        self.room = self.width - 2 * MARGIN_PT
        self.regular, self.bold = Ruler(), Ruler(weight="bold")
        self.footer = footer
        self.sheets: list[Figure] = []
        self.y = 0.0
        self.turn()

    def turn(self) -> None:
        """A new sheet."""
        from matplotlib.figure import Figure

        sheet = Figure(figsize=PAGE_IN)
        self.sheets.append(sheet)
        self.y = self.height - MARGIN_PT
        self.put(self.footer[:160], MARGIN_PT, 30.0, 7.0, FAINT)
        self.put(str(len(self.sheets)), self.width - MARGIN_PT, 30.0, 7.0, FAINT, align="right")

    def need(self, points: float) -> None:
        """Turns the page where fewer points are left."""
        if self.y - points < MARGIN_PT and self.y < self.height - MARGIN_PT:
            self.turn()

    def put(
        self, text: str, x: float, y: float, size: float, colour: str = INK, *, align: str = "left", weight: str = "regular"
    ) -> None:
        """One line of text at a place in points from the lower left corner; nothing in it is taken for markup."""
        self.sheets[-1].text(
            x / self.width,
            y / self.height,
            "".join(c if c.isprintable() else " " for c in text),
            fontproperties=font(size, weight=weight),
            color=colour,
            ha=align,
            va="baseline",
            parse_math=False,
        )

    def rule(
        self, y: float, colour: str = LINE, width: float = 0.6, *, x: float = MARGIN_PT, length: float | None = None
    ) -> None:
        """A horizontal line."""
        from matplotlib.lines import Line2D

        end = x + (self.room if length is None else length)
        self.sheets[-1].add_artist(Line2D([x / self.width, end / self.width], [y / self.height] * 2, color=colour, lw=width))

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        from matplotlib.patches import Rectangle

        place = ((x / self.width, y / self.height), width / self.width, height / self.height)
        patch = Rectangle(*place, facecolor=colour, edgecolor="#555555", lw=0.4, transform=self.sheets[-1].transFigure)
        self.sheets[-1].add_artist(patch)

    def paragraph(
        self, text: str, size: float = BODY_PT, *, colour: str = INK, weight: str = "regular", after: float = 4.0
    ) -> None:
        """A paragraph, broken into lines; very long ones run over several sheets."""
        ruler = self.bold if weight == "bold" else self.regular
        for line in ruler.wrap(text, size, self.room):
            self.need(size * LEADING)
            self.y -= size * LEADING
            self.put(line, MARGIN_PT, self.y, size, colour, weight=weight)
        self.y -= after

    def picture(self, block: Picture, limit: float) -> None:
        """A picture over the full width, or smaller where `limit` points of height are all there is."""
        height = min(self.room * block.ratio, limit)
        width = height / block.ratio
        self.need(height + 2 * SMALL_PT * LEADING)
        self.y -= height
        from matplotlib import image as reader

        left = MARGIN_PT + (self.room - width) / 2
        place = (left / self.width, self.y / self.height, width / self.width, height / self.height)
        axes = self.sheets[-1].add_axes(place)
        axes.set_axis_off()
        axes.imshow(reader.imread(io.BytesIO(block.png)), aspect="auto", interpolation="none")
        self.y -= 3
        self.paragraph(block.caption, SMALL_PT, colour=FAINT, after=6.0)

    def table(self, table: Table) -> None:
        """A ruled table; its heads stand again on every sheet it runs over."""
        if table.caption:
            self.need(5 * BODY_PT * LEADING)
            self.paragraph(table.caption.replace("`", ""), SMALL_PT, colour=FAINT, after=1.0)
        widths = self._columns(table)
        self._heads(table, widths)
        for k, row in enumerate(table.rows):
            cells = [
                self.regular.wrap(text[:600], SMALL_PT + 0.5, w - 8 - (14 if i == 0 and table.swatches else 0))
                for i, (text, w) in enumerate(zip(row, widths, strict=True))
            ]
            height = max(len(c) for c in cells) * SMALL_PT * LEADING + (SIGN_PT if table.to_fill(row) else 3)
            if self.y - height < MARGIN_PT:
                self.turn()
                self._heads(table, widths)
            colour = table.swatches[k] if k < len(table.swatches) else ""
            self._row(table, cells, widths, colour)
            self.y -= height
            self.rule(self.y + 0.5, LINE, 0.4)
        self.y -= 8

    def _heads(self, table: Table, widths: list[float]) -> None:
        cells = [self.bold.wrap(text, SMALL_PT, w - 8) for text, w in zip(table.heads, widths, strict=True)]
        height = max(len(c) for c in cells) * SMALL_PT * LEADING + 3
        self.need(height + 3 * SMALL_PT * LEADING)
        self._row(table, cells, widths, "", weight="bold", colour_text=FAINT)
        self.y -= height
        self.rule(self.y + 0.5, "#7f8a86", 0.7)

    def _row(
        self,
        table: Table,
        cells: list[list[str]],
        widths: list[float],
        colour: str,
        *,
        weight: str = "regular",
        colour_text: str = INK,
    ) -> None:
        size = SMALL_PT if weight == "bold" else SMALL_PT + 0.5
        x = MARGIN_PT
        for i, (lines, width) in enumerate(zip(cells, widths, strict=True)):
            shift = 14.0 if i == 0 and table.swatches and weight == "regular" else 0.0
            if colour and i == 0:
                self.box(x, self.y - SMALL_PT * LEADING + 1.5, 10, 7, colour)
            for k, line in enumerate(lines):
                y = self.y - (k + 1) * SMALL_PT * LEADING + 2
                if i in table.words:
                    self.put(line, x + shift, y, size, colour_text, weight=weight)
                else:
                    self.put(line, x + width - 6, y, size, colour_text, align="right", weight=weight)
            x += width

    def _columns(self, table: Table) -> list[float]:
        """Column widths, points: what the texts want, squeezed in proportion where that is too much."""
        wants = []
        for i, head in enumerate(table.heads):
            texts = [row[i] for row in table.rows] or [""]
            widest = max(self.regular.width(t[:120], SMALL_PT + 0.5) for t in texts)
            longest = max((self.bold.width(part, SMALL_PT) for part in head.split(" ")), default=0.0)
            wants.append(min(max(widest, longest, 30.0), 260.0) + 10 + (14 if i == 0 and table.swatches else 0))
        spare = self.room - sum(wants)
        if spare >= 0:
            return [w + spare / len(wants) for w in wants]
        small = [w for w in wants if w <= self.room / len(wants)]
        keep, share = sum(small), self.room - sum(small)
        large = sum(wants) - keep
        return [w if w <= self.room / len(wants) else w * share / large for w in wants]


def as_pdf(document: Document, *, note: str = "") -> bytes:
    """The document as a PDF; the same document always gives the same bytes. note: a line under the title."""
    matplotlib = plotting()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing")  # shown as boxes, which the note says
        return _written(_laid_out(document, note), document.title, matplotlib)


def _written(pages: Pages, title: str, matplotlib: Any) -> bytes:
    """The sheets as a PDF."""
    from matplotlib.backends.backend_pdf import PdfPages

    buffer = io.BytesIO()
    info = {"Title": title, "CreationDate": None, "ModDate": None, "Creator": "planner", "Producer": "matplotlib"}
    with matplotlib.rc_context({"pdf.fonttype": 3, "savefig.dpi": PICTURE_DPI}), PdfPages(buffer, metadata=info) as file:
        for sheet in pages.sheets:
            file.savefig(sheet)
    return buffer.getvalue()


def _laid_out(document: Document, note: str) -> Pages:
    """The document on sheets; the decision on one, with a smaller picture where it needs the room."""
    tallest = FIRST_PICTURE_PT
    pages = _first(document, note, tallest)
    while len(pages.sheets) > 1 and tallest > LEAST_PICTURE_PT:
        tallest -= PICTURE_STEP_PT
        pages = _first(document, note, tallest)
    pages.turn()
    for section in document.sections[1:]:
        _section(pages, section)
    return pages


def _first(document: Document, note: str, tallest: float) -> Pages:
    """Title and first section on new sheets. tallest: picture, pt."""
    pages = Pages(document.footer.replace("`", ""))
    pages.y -= TITLE_PT * 0.2
    pages.paragraph(document.title, TITLE_PT, weight="bold", after=2.0)
    pages.paragraph(document.subtitle, SMALL_PT + 0.5, colour=FAINT, after=2.0)
    for line in (document.badge, note):
        if line:
            pages.paragraph(line, BODY_PT, colour="#7a2e0b", weight="bold", after=2.0)
    for block in document.sections[0].blocks:
        _block(pages, block, tallest)
    return pages


def _section(pages: Pages, section: Section) -> None:
    start = section.blocks[0] if section.blocks else None
    tall = min(pages.room * start.ratio, OTHER_PICTURE_PT) + 30.0 if isinstance(start, Picture) else 70.0
    pages.need(40.0 + tall)
    pages.y -= 8
    pages.paragraph(section.title, HEAD_PT, colour=ACCENT, weight="bold", after=1.0)
    pages.rule(pages.y, "#9db3bd")
    pages.y -= 4
    for block in section.blocks:
        _block(pages, block, OTHER_PICTURE_PT)


def _block(pages: Pages, block: Block, tallest: float) -> None:
    if isinstance(block, Text):
        pages.paragraph(block.text.replace("`", ""), BODY_PT + 2.0 if block.strong else BODY_PT, after=5.0)
    elif isinstance(block, Picture):
        pages.picture(block, tallest)
    elif isinstance(block, Table):
        pages.table(block)
