"""Messages, and the sentences they become: templates, numbers and units as a language writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import PurePath
from string import Formatter
from typing import Any, Final

from planner.landuse import TARGETS, TREATMENTS
from planner.words.table import LANGS, section, template

__all__ = ["LANGS", "Message", "Value", "both", "joined", "pair", "plain", "render", "say", "term", "text"]

Value = Any  # text, number, path, enum, another message, or a tuple or list of these


@dataclass(frozen=True)
class Message:
    """Something to be told: the code of its template in words/en.toml and words/zh.toml, and the template's values.

    Equal messages say the same, so that a set or a dict keeps each once. Its str() is its English text.
    """

    code: str
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return render(self)


def say(code: str, /, **values: Value) -> Message:
    """The message of a code with the values its template names: `raise InvalidInput(say("read.no_crs", path=path))`."""
    return Message(code, values)


def both(en: str, zh: str) -> Message:
    """A sentence that stands in both languages already, as files hold it."""
    return Message("words.both", {"en": en, "zh": zh or en})


def plain(text: object) -> Message:
    """A text that is the same in every language: a name, a figure, what a library said."""
    return Message("words.plain", {"text": str(text)})


BEYOND: Final = 1e18  # no metre, yuan or cubic metre of ours comes to that
LONGEST_VALUE: Final = 400  # characters of what a file said that a message repeats


def shortened(message: Message) -> Message:
    """The message with its longest texts cut in the middle: what a file holds may be any number of characters."""

    def cut(value: Any) -> Any:
        if isinstance(value, Message):
            return shortened(value)
        if isinstance(value, list | tuple):
            return type(value)(cut(v) for v in value) if type(value) in (list, tuple) else value
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            return f"{value[: LONGEST_VALUE * 2 // 3]} … {value[-LONGEST_VALUE // 3 :]}"
        return value

    return Message(message.code, {name: cut(value) for name, value in message.values.items()})


NOTHING: Final = "–"  # what is not known
# How many digits a bare unit takes in `{value:unit}`.
LEAST_PERCENT: Final = 0.001  # a smaller share is told as less than this
DIGITS: Final = {"m3": ",.0f", "m2": ",.0f", "yuan": ",.0f", "yuan_per_mu": ",.0f", "m": ",.2f", "mm": ",.0f", "km": ",.1f"}
# Large amounts in the steps a language counts in: from, divisor, digits, what stands before the unit.
STEPS: Final = {
    "en": ((1e9, 1e9, 2, " bn "), (1e6, 1e6, 2, " M ")),
    "zh": ((1e8, 1e8, 2, "亿"), (1e4, 1e4, 1, "万")),
}
# Large amounts in one step whatever their size: divisor, digits, what stands before the unit.
LARGE: Final = {
    "en": {"m3": (1e6, 2, " M"), "yuan": (1e6, 1, " M ")},
    "zh": {"m3": (1e4, 1, "万"), "yuan": (1e4, 0, "万")},
}
CUBIC_STEPS_EN: Final = ((1e6, 1e6, 2, " M"),)  # Mm³ is written without a space
_PARTS: Final = Formatter()


def render(message: Message | str, lang: str = "en") -> str:
    """The text of a message in `en` or `zh`; a plain text as it is.

    Raises LookupError where the code or a value its template names is missing.
    """
    if not isinstance(message, Message):
        return message
    told = []
    for literal, name, spec, conversion in _parts(template(message.code, lang)):
        told.append(literal)
        if name is not None:
            if name not in message.values:
                raise LookupError(f"{message.code}: no value {name!r} was given")
            value = message.values[name]
            if conversion == "r" and not isinstance(value, str | PurePath | Message):
                told.append(repr(value))  # a number, None or a list needs no quotes
            else:
                told.append(_shaped(written(value, spec or "", lang), conversion, lang))
    return "".join(told)


@cache
def _parts(source: str) -> tuple[tuple[str, str | None, str | None, str | None], ...]:
    return tuple(_PARTS.parse(source))


def text(code: str, lang: str, /, **values: Value) -> str:
    """The text of a code in a language: for headings, labels and sentences that are shown where they are made."""
    return render(say(code, **values), lang)


def pair(message: Message | str) -> tuple[str, str]:
    """A message in English and Chinese, for files and pages that hold both."""
    return render(message, "en"), render(message, "zh")


def term(table: str, key: object, lang: str) -> str:
    """What a key of a vocabulary (`target`, `treatment`, `status`, `unit` …) is called; the key itself where it has no name."""
    name = str(key.value if isinstance(key, Enum) else key)
    known: Any = {"target": TARGETS, "treatment": TREATMENTS}.get(table)
    if known is not None:
        return str(getattr(known[name], lang)) if name in known else name
    return str(section(lang, table).get(name, name))


def joined(parts: Iterable[str], lang: str) -> str:
    """A list as a language writes it: commas in English, enumeration commas in Chinese."""
    return ("、" if lang == "zh" else ", ").join(parts)


def written(value: Value, spec: str, lang: str) -> str:
    """One value by its spec: `@table` a term, `?one|many` a plural, `,.1f unit` or `unit` a figure, else Python's own."""
    if spec.startswith("?"):
        one, _, many = spec[1:].partition("|")
        return one if value == 1 else many
    if isinstance(value, Message):
        return render(value, lang)
    if isinstance(value, list | tuple | set | frozenset):
        parts = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return joined((written(v, spec, lang) for v in parts), lang)
    if value is None:
        return NOTHING
    if spec.startswith("@"):
        return term(spec[1:], value, lang)
    if isinstance(value, Enum):
        value = value.value
    return _figure(value, _told(value, spec), lang) if spec else _bare(value)


def _told(value: Any, spec: str) -> str:
    """The spec, without the hundred digits a number beyond all measure would take: such a one comes from a broken file."""
    shape, space, unit = spec.rpartition(" ")
    wide = isinstance(value, float | int) and abs(value) >= BEYOND and (shape or spec).endswith("f")
    return f".3g{space}{unit if space else ''}" if wide else spec


def _bare(value: Any) -> str:
    """A value without a format: a float with up to ten significant figures, anything else as its text."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _figure(value: Any, spec: str, lang: str) -> str:
    if spec == "share":
        return share(float(value), lang)
    shape, _, unit = spec.rpartition(" ")
    if unit not in section(lang, "unit"):
        return format(value, spec)
    if isinstance(value, float) and math.isnan(value):
        return NOTHING
    if shape == "amount":
        return _amount(float(value), unit, lang)
    if shape == "large":
        size, digits, name = LARGE[lang][unit]
        return f"{value / size:,.{digits}f}{name}{term('unit', unit, lang)}"
    return with_unit(format(value, shape or _digits(float(value), unit)), unit, lang)


def _digits(value: float, unit: str) -> str:
    """Digits of a bare unit: an area with more where it is small, others by the table."""
    if unit in ("mu", "ha"):
        return ",.2f" if abs(value) < 100 else ",.1f" if abs(value) < 10_000 else ",.0f"
    return DIGITS.get(unit, ",.10g")


def _amount(value: float, unit: str, lang: str) -> str:
    steps = CUBIC_STEPS_EN if unit == "m3" and lang == "en" else STEPS[lang]
    for least, size, digits, name in steps:
        if abs(value) >= least:
            return f"{value / size:,.{digits}f}{name}{term('unit', unit, lang)}"
    return with_unit(f"{value:z,.0f}", unit, lang)


def share(value: float, lang: str) -> str:
    """A small share, such as a gap, in per cent with two figures and no power of ten: 9.3e-05 → 0.0093 %."""
    percent = 100 * abs(value)
    if percent == 0 or percent >= LEAST_PERCENT:
        digits = max(0, 1 - math.floor(math.log10(percent))) if percent else 0
        written = f"{100 * value:.{digits}f}"
    else:
        written = f"<{LEAST_PERCENT:g}" if lang == "zh" else f"< {LEAST_PERCENT:g}"
    return f"{written}%" if lang == "zh" else f"{written} %"


def with_unit(figure: str, unit: str, lang: str) -> str:
    """A written figure and its unit: a space before Latin letters, none before 亩, ° and %."""
    name = term("unit", unit, lang)
    return f"{figure} {name}" if name[:1].isascii() and name[:1].isalpha() else f"{figure}{name}"


def _shaped(written: str, conversion: str | None, lang: str) -> str:
    """`!r` in quotes, control characters escaped; `!l`, `!c` with a small or capital first letter (names stay)."""
    if conversion == "r":
        if not written.isprintable():  # what a terminal would obey
            written = "".join(c if c.isprintable() else repr(c)[1:-1] for c in written)
        return f"“{written}”" if lang == "zh" else f"'{written}'"
    if conversion == "l":
        return written if written[:2].isupper() else written[:1].lower() + written[1:]
    if conversion == "c":
        return written[:1].upper() + written[1:]
    return written
