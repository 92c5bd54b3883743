"""A report as one HTML page that needs nothing outside itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from planner.report.document import Block, Document, Picture, Table, Text

SHORT = 8  # characters that a column of words shows in one line
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_html(document: Document) -> str:
    """The document as a page; the same document always gives the same characters."""
    style = files("planner.report").joinpath("report.css").read_text(encoding="utf-8")
    lang = "zh-CN" if document.lang == "zh" else "en"
    badge = f'<p><span class="badge">{escape(document.badge)}</span></p>' if document.badge else ""
    parts = [
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(document.title)}</title>\n<style>{style}</style>\n</head>\n<body>",
        f'<h1>{escape(document.title)}</h1>\n<p class="sub">{escape(document.subtitle)}</p>{badge}',
    ]
    for section in document.sections:
        parts.append(f"<section>\n<h2>{escape(section.title)}</h2>")
        parts += [_block(block) for block in section.blocks]
        parts.append("</section>")
    parts.append(f"<footer>{_inline(document.footer)}</footer>\n</body>\n</html>\n")
    return "\n".join(parts)


def _block(block: Block) -> str:
    if isinstance(block, Text):
        told = _inline(block.text)
        return f'<p class="strong">{told}</p>' if block.strong else f"<p>{told}</p>"
    if isinstance(block, Picture):
        caption = escape(block.caption)
        image = f'<div class="wide"><img alt="{caption}" src="{_image(block)}"></div>'
        return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
    return _table(block)


def _table(table: Table) -> str:
    def cell(tag: str, column: int, text: str) -> str:
        return f"<{tag}{kinds.get(column, '')}>{text}</{tag}>"

    kinds = {column: _words([row[column] for row in table.rows]) for column in table.words}

    head = "".join(cell("th", i, escape(text)) for i, text in enumerate(table.heads))
    lines = []
    for k, row in enumerate(table.rows):
        colour = table.swatches[k] if k < len(table.swatches) else ""
        mark = f'<i style="background:{colour}"></i>' if colour else ""
        lines.append(
            ('<tr class="sign">' if table.to_fill(row) else "<tr>")
            + "".join(cell("td", i, (mark if i == 0 else "") + escape(t)) for i, t in enumerate(row))
            + "</tr>"
        )
    caption = (
        f'<p class="caption">{_inline(table.caption)}</p>' if table.caption else ""
    )  # not in the table: it does not scroll
    return f'{caption}<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _words(cells: Sequence[str]) -> str:
    """The class of a column of words: sentences are wrapped and kept wide enough to be read; checksums, short words are not."""
    if all(re.fullmatch("[0-9a-f]{12,}", cell) for cell in cells):
        return ' class="w sum"'
    return ' class="w long"' if max(map(len, cells), default=0) > SHORT else ' class="w"'


def _image(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")


def _inline(told: str) -> str:
    """A text as HTML; what may be typed in it as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(told))
