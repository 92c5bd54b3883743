"""Dates as people write them: a day, month, quarter, half-year, year or a span of these, as a beginning and an end in years."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from planner.errors import InvalidInput
from planner.words import say

DIGITS: Final = dict(zip("〇零○一二三四五六七八九", (0, 0, 0, *range(1, 10)), strict=True))
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = rf"(?P<name>{'|'.join(MONTHS)})[a-z]*\.?"
_YEAR: Final = r"(?P<y>(?:1[89]|2[0-3])\d\d)"  # 1800 … 2399
_DASH: Final = r"\s*(?:至|到|起至|~|～|—|–|−|--|\bto\b|\buntil\b|\btill\b|…|\.\.\.)\s*"


@dataclass(frozen=True)
class Period:
    """A time written down: decimal years of its beginning and its end; both NaN where nothing is written.

    A day and a decimal year are moments: they begin and end at once.
    """

    begin: float
    end: float


NOTHING: Final = Period(float("nan"), float("nan"))


def decimal(day: dt.date) -> float:
    """The beginning of a day as a decimal year."""
    first = dt.date(day.year, 1, 1)
    return day.year + (day - first).days / (dt.date(day.year + 1, 1, 1) - first).days


def _months(year: int, first: int, last: int) -> Period:
    """From the beginning of a month to the end of another (or the same)."""
    if not 1 <= first <= last <= 12:
        raise ValueError
    end = dt.date(year + last // 12, last % 12 + 1, 1)
    return Period(decimal(dt.date(year, first, 1)), decimal(end))


def _day(year: int, month: int, day: int) -> Period:
    at = decimal(dt.date(year, month, day))
    return Period(at, at)


def _from(hit: re.Match[str]) -> Period:
    """What a pattern's groups say: y year, m month, d day, q quarter, h half, name of a month; e a time of year."""
    got = {k: v for k, v in hit.groupdict().items() if v is not None}
    year = int(got["y"])
    month = MONTHS.index(got["name"]) + 1 if "name" in got else int(got["m"]) if "m" in got else None
    if "d" in got and month is not None:
        return _day(year, month, int(got["d"]))
    if month is not None:
        return _months(year, month, int(got.get("m2", month)))
    if "q" in got:
        return _months(year, 3 * int(got["q"]) - 2, 3 * int(got["q"]))
    if "h" in got:
        half = {"上": 1, "前": 1, "下": 2, "后": 2}.get(got["h"]) or int(got["h"])
        return _months(year, 6 * half - 5, 6 * half)
    if "e" in got:
        return _months(year, *{"初": (1, 3), "中": (4, 9), "末": (10, 12), "底": (12, 12)}[got["e"]])
    return Period(float(year), float(year + 1))


_TIME: Final = r"(?:[t\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?\s*(?:z|[+-]\d{2}:?\d{2})?)?"
# In lower case and half width. What two habits read differently stands in none of them.
PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_YEAR}\s*年?度?",
        rf"{_YEAR}\s*(?:年|-|/|\.)\s*(?P<m>\d{{1,2}})\s*(?:月份?)?",
        rf"{_YEAR}\s*年\s*(?P<m>\d{{1,2}})\s*(?:月份?)?\s*[-至到~]\s*(?P<m2>\d{{1,2}})\s*月份?",
        rf"{_YEAR}(?P<m>\d\d)",
        rf"{_YEAR}\s*(?:年|-|/|\.)\s*(?P<m>\d{{1,2}})\s*(?:月|-|/|\.)\s*(?P<d>\d{{1,2}})\s*[日号]?\.?{_TIME}",
        rf"{_YEAR}(?P<m>\d\d)(?P<d>\d\d){_TIME}",
        rf"{_YEAR}\s*[-/年]?\s*q\s*(?P<q>[1-4])",
        rf"q\s*(?P<q>[1-4])\s*[-/,]?\s*{_YEAR}",
        rf"(?P<q>[1-4])\s*q\s*[-/,]?\s*{_YEAR}",
        rf"{_YEAR}\s*年?度?\s*第?\s*(?P<q>[1-4])\s*季度?",
        rf"{_YEAR}\s*[-/年]?\s*h\s*(?P<h>[12])",
        rf"h\s*(?P<h>[12])\s*[-/,]?\s*{_YEAR}",
        rf"{_YEAR}\s*年?\s*(?P<h>[上下前后])半年",
        rf"{_YEAR}\s*年?\s*(?P<e>[初中末底])",
        rf"{_MONTH}\s*[-/,]?\s*{_YEAR}",
        rf"{_YEAR}\s*[-/,]?\s*{_MONTH}",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?\s*[-/]?\s*{_MONTH}\s*[-/,]?\s*{_YEAR}",
        rf"{_MONTH}\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s+{_YEAR}",
        rf"(?P<d>\d{{1,2}})\s*\.\s*(?P<m>\d{{1,2}})\s*\.\s*{_YEAR}",  # points: the day comes first
        rf"(?P<m>\d{{1,2}})\s*[-/.]\s*{_YEAR}",
    )
)
_SLASHED: Final = re.compile(rf"(\d{{1,2}})\s*[/-]\s*(\d{{1,2}})\s*[/-]\s*{_YEAR}")
_DECIMAL: Final = re.compile(rf"{_YEAR}\.\d*")


def period(value: Any) -> Period:
    """A cell's time: a day, month, quarter, half-year, year or span, in digits, Chinese or English; NOTHING for an empty cell.

    A whole number is a year, a number with a fraction a moment. Raises InvalidInput for what is no date, and for what two
    habits read differently: 2024.6 (June, or six tenths of the year), 3/4/2024.
    """
    if _empty(value):
        return NOTHING
    if isinstance(value, bool | np.bool_):
        raise InvalidInput(say("subsidence.no_date", text=str(value)))
    if isinstance(value, int | np.integer):
        return _text(str(value)) if value >= 10_000 else Period(float(value), float(value) + 1.0)
    if isinstance(value, float | np.floating):
        return period(int(value)) if value >= 10_000 else _number(f"{float(value):.12g}", float(value))
    if not isinstance(value, str):
        return _day(value.year, value.month, value.day)
    return _text(value)


def _empty(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, NaT, NA or blanks."""
    return value is None or str(value).strip().lower() in ("", "nan", "nat", "<na>", "none")


def _number(written: str, value: float) -> Period:
    """A decimal year, refused where it may as well be a year and a month; halves are halves."""
    fraction = written.partition(".")[2]
    if fraction.rstrip("0") not in ("", "5") and len(fraction) <= 2 and 1 <= int(fraction) <= 12:
        day = dt.date(int(value), 1, 1) + dt.timedelta(days=round((value % 1) * 365))
        month = f"{int(value)}-{int(fraction):02d}"
        raise InvalidInput(say("subsidence.open_date", text=written, month=month, day=day.isoformat()))
    return Period(value, value)


def _text(text: str) -> Period:
    written = arabic(unicodedata.normalize("NFKC", text).strip().lower())
    parts = re.split(_DASH, written)
    try:
        if len(parts) == 1:
            return _one(parts[0].strip()) or _span(parts[0].strip(), text)
        if len(parts) == 2:
            return _between(parts[0].strip(), parts[1].strip(), text)
    except (ValueError, OverflowError) as error:
        if isinstance(error, InvalidInput):
            raise
    raise InvalidInput(say("subsidence.no_date", text=text))


def _one(written: str) -> Period | None:
    """A single time, None where it may be a span. Raises ValueError for a day or month that is none."""
    if _DECIMAL.fullmatch(written) and not re.fullmatch(rf"{_YEAR}\.(0[1-9]|1[0-2])", written):
        return _number(written.rstrip("."), float(written))
    for pattern in PATTERNS:
        hit = pattern.fullmatch(written)
        if hit is not None:
            return _from(hit)
    slashed = _SLASHED.fullmatch(written)
    if slashed is None:
        return None
    first, second, year = int(slashed[1]), int(slashed[2]), int(slashed["y"])
    if first > 12 or first == second:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    one, other = f"{year}-{first:02d}-{second:02d}", f"{year}-{second:02d}-{first:02d}"
    raise InvalidInput(say("subsidence.day_or_month", text=written, one=one, other=other))


def _span(written: str, text: str) -> Period:
    """Two times with a hyphen between them: the only hyphen, or the middle one."""
    at = [i for i, c in enumerate(written) if c == "-"]
    if len(at) % 2 == 0:
        raise InvalidInput(say("subsidence.no_date", text=text))
    middle = at[len(at) // 2]
    return _between(written[:middle].strip(), written[middle + 1 :].strip(), text)


def _between(first: str, last: str, text: str) -> Period:
    """From the beginning of one time to the end of another, which may leave out the year (2024年3月至6月)."""
    begin = _ends(first)
    if begin is None:
        raise InvalidInput(say("subsidence.no_date", text=text))
    end = _ends(last)
    if end is None and re.match(rf"{_YEAR}", first) and re.fullmatch(r"\d{1,2}\s*月.*", last):
        end = _ends(f"{first[:4]}年{last}")
    if end is None or end.begin < begin.begin:
        raise InvalidInput(say("subsidence.no_date", text=text))
    return Period(begin.begin, end.end)


def _ends(written: str) -> Period | None:
    """One end of a span: there a point parts year and month."""
    hit = re.fullmatch(rf"{_YEAR}\.(?P<m>\d{{1,2}})", written)
    return _from(hit) if hit is not None else _one(written)


def arabic(text: str) -> str:
    """Chinese numerals as digits: 二〇二四年十二月 → 2024年12月."""
    if not any(c in DIGITS or c == "十" for c in text):
        return text

    def number(hit: re.Match[str]) -> str:
        run = hit.group()
        if "十" not in run:
            return "".join(str(DIGITS[c]) for c in run)
        tens, _, ones = run.partition("十")
        if len(tens) > 1 or len(ones) > 1 or "十" in ones:
            return run
        return str((DIGITS[tens] if tens else 1) * 10 + (DIGITS[ones] if ones else 0))

    return re.sub(f"[{''.join(DIGITS)}十]+", number, text)


def periods(values: Iterable[Any]) -> list[Period]:
    """A column's times. What one cell leaves open, the others may settle.

    Numbers with a fraction are all moments where one of them cannot be a year and a month (2024.35), and texts all years and
    months where one of them is written so (2024.06, 2024.11). Whole numbers beside empty cells are years: files turn them into
    numbers with a fraction of 0. Raises InvalidInput as `period` does.
    """
    cells = list(values)
    numbers = [c for c in cells if not _empty(c)]
    if len(numbers) < len(cells) and all(isinstance(c, float | np.floating) and float(c).is_integer() for c in numbers):
        cells = [c if _empty(c) else int(c) for c in cells]
    reading = _habit(cells)
    return [reading(cell) for cell in cells]


def _habit(cells: list[Any]) -> Callable[[Any], Period]:
    numbers = [f"{float(c):.12g}" for c in cells if isinstance(c, float | np.floating) and c == c and c < 10_000]
    texts = [t for c in cells if isinstance(c, str) and re.fullmatch(rf"{_YEAR}\.\d+", t := c.strip())]
    fractions = [t.partition(".")[2] for t in numbers + texts if "." in t]
    if any(len(f) > 2 or not 1 <= int(f) <= 12 for f in fractions):
        return _moment
    if any(re.fullmatch(r"0[1-9]|1[0-2]", t.partition(".")[2]) for t in texts):
        return _month
    return period


def _moment(value: Any) -> Period:
    written = f"{float(value):.12g}" if isinstance(value, float | np.floating) and value == value else value
    if isinstance(written, str) and re.fullmatch(rf"{_YEAR}\.\d+", written.strip()):
        return Period(float(written), float(written))
    return period(value)


def _month(value: Any) -> Period:
    if isinstance(value, str):
        found = _ends(value.strip()) if re.fullmatch(rf"{_YEAR}\.\d{{1,2}}", value.strip()) else None
        if found is not None:
            return found
    return period(value)
