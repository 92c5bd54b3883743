"""What a column is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column: name, unit ('' where none), English and Chinese heading, meaning."""

    name: str
    unit: str
    en: str
    zh: str
    meaning: str

    def heading(self, lang: str) -> str:
        """Its heading in `en` or `zh`, without its unit."""
        return self.zh if lang == "zh" else self.en


def table_of(*rows: tuple[str, str, str, str, str]) -> dict[str, Column]:
    """Columns by name, in the order given."""
    return {row[0]: Column(*row) for row in rows}
