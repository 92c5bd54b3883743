"""What is said, not yet in any language: a code and the values that belong in its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = Any  # text, number, path, enum, another message, or a tuple or list of these


@dataclass(frozen=True)
class Message:
    """Something to be told: the code of its template in words/en.toml and words/zh.toml, and the template's values.

    Equal messages say the same, so that a set or a dict keeps each once. Its str() is its English text.
    """

    code: str
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        from planner.words.render import render

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
