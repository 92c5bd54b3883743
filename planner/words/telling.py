"""One of the languages, for rooms that write whole pages and books in it."""

from __future__ import annotations

from dataclasses import dataclass

from planner.words.render import Value, term, text, written


@dataclass(frozen=True)
class Telling:
    """A language to tell in: called with a code and its values it gives their text."""

    lang: str

    def __call__(self, code: str, /, **values: Value) -> str:
        return text(code, self.lang, **values)

    def term(self, table: str, key: object) -> str:
        """What a key of a vocabulary is called."""
        return term(table, key, self.lang)

    def held(self, en: str, zh: str) -> str:
        """A text that the data hold in both languages, such as a name."""
        return zh if self.lang == "zh" else en

    def mu(self, value: float) -> str:
        """An area with its unit."""
        return written(value, "z,.1f mu", self.lang)

    def yuan(self, value: float) -> str:
        """An amount of money in the steps the language counts in."""
        return written(value, "amount yuan", self.lang)

    def cubic(self, value: float) -> str:
        """A volume in the steps the language counts in."""
        return written(value, "amount m3", self.lang)
