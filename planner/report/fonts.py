"""A font that can write Chinese, if this system has one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError
from planner.words import say

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti SC",
    "Noto Sans CJK JP",
    "Arial Unicode MS",
)
HINT = say("report.font_hint")


def plotting() -> Any:
    """matplotlib, its backend left alone: a notebook's own pictures go on. Raises PlannerError where it is not installed."""
    try:
        import matplotlib
    except ImportError:
        raise PlannerError(say("report.no_matplotlib")) from None
    return matplotlib


# What the files of fonts with Chinese characters are called, in part and in small letters.
FILES = (
    "cjk",
    "notosanssc",
    "sourcehan",
    "msyh",
    "pingfang",
    "hiragino",
    "wqy",
    "simhei",
    "simsun",
    "heiti",
    "arialuni",
    "droidsansfallback",
)


@cache
def chinese_family() -> str | None:
    """The name of a family that has Chinese characters, the best known first; None where the system has none."""
    plotting()
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    if not known & set(FAMILIES):
        known = _new_families()
    return next((name for name in FAMILIES if name in known), next(iter(sorted(known - _plain_families())), None))


def _plain_families() -> set[str]:
    """Families that came with matplotlib's list and have no Chinese."""
    from matplotlib import font_manager

    return {font.name for font in font_manager.fontManager.ttflist if not any(part in font.fname.lower() for part in FILES)}


def _new_families() -> set[str]:
    """Families on this system that matplotlib's list does not know: it is kept from an earlier day and never looks again."""
    from matplotlib import font_manager

    listed = {font.fname for font in font_manager.fontManager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if path in listed or not any(part in path.rsplit("/", 1)[-1].lower() for part in FILES):
            continue
        try:
            has = 0x4E2D in font_manager.get_font(path).get_charmap()  # 中
            if has:
                font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):  # a damaged font file is no reason to give up the report
            continue
    return {font.name for font in font_manager.fontManager.ttflist}


def family() -> str:
    """The family everything is set in: one with Chinese where there is one, else matplotlib's own."""
    return chinese_family() or "DejaVu Sans"


def font(size: float, *, weight: str = "regular") -> FontProperties:
    """A font of the report at a size in points."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=family(), size=size, weight=weight)


class Ruler:
    """Measures text set in the report's font: widths in points, from each character's advance."""

    def __init__(self, *, weight: str = "regular") -> None:
        plotting()
        from matplotlib import font_manager

        self._font: Any = font_manager.get_font(font_manager.findfont(font(100.0, weight=weight)))
        self._known = frozenset(self._font.get_charmap())
        self._widths: dict[str, float] = {}

    def width(self, text: str, size: float) -> float:
        """Width of a line, points."""
        total = 0.0
        for character in text:
            if character not in self._widths:
                self._widths[character] = self._advance(character)
            total += self._widths[character]
        return total * size / 100.0

    def _advance(self, character: str) -> float:
        """Width of one character at 100 points; of a box where the font does not have it."""
        if ord(character) not in self._known:
            return 100.0 if ord(character) >= 0x2E80 else 60.0
        self._font.set_size(100.0, 72)  # the font is shared with what draws, which sets other sizes
        return float(self._font.load_char(ord(character)).linearHoriAdvance) / 65536

    def wrap(self, text: str, size: float, room: float) -> list[str]:
        """Lines no wider than `room` points: broken at spaces, between Chinese characters, or inside what is too long."""
        lines: list[str] = []
        line = ""
        for piece in _pieces(text):
            if self.width(line + piece.rstrip(), size) <= room:
                line += piece
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = piece.lstrip()
            while self.width(line.rstrip(), size) > room and len(line) > 1:
                cut = self._fitting(line, size, room)
                lines.append(line[:cut])
                line = line[cut:]
        if line.strip() or not lines:
            lines.append(line.rstrip())
        return lines

    def _fitting(self, text: str, size: float, room: float) -> int:
        """How many characters fit, one at least."""
        total, count = 0.0, 0
        for count, character in enumerate(text, start=1):
            total += self.width(character, size)
            if total > room:
                return max(1, count - 1)
        return count


def _pieces(text: str) -> list[str]:
    """Words with their space, and single wide characters; closing punctuation stays with what it closes."""
    pieces: list[str] = []
    word = ""
    for character in text:
        wide = ord(character) >= 0x2E80
        if wide and character in "，。；：、）】》”！？%" and (pieces or word):
            if word:
                word += character
            else:
                pieces[-1] += character
        elif wide:
            if word:
                pieces.append(word)
                word = ""
            pieces.append(character)
        elif character in " \n\t":
            pieces.append(word + " ")
            word = ""
        else:
            word += character
    return [*pieces, word] if word else pieces
