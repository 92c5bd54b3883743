"""What a verb says: one JSON document or readable text on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from planner.errors import UsageError
from planner.words import say, term, text

STAGES: Final = ("read", "partition", "measure", "judge", "appraise", "allocate", "assess", "alternatives", "write")

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Where to write.")]
PlanFolder = Annotated[Path, typer.Argument(help="A folder that `planner allocate` wrote.")]
Lang = Annotated[str, typer.Option("--lang", help="Language of what is written: zh or en.", metavar="zh|en")]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Encoding of the attribute tables, e.g. GB18030.")]
Crs = Annotated[str | None, typer.Option("--crs", help="CRS to take for layers that name none, e.g. EPSG:4527.")]


def fitted(text: str) -> str:
    """A text for the terminal it goes to: lines that are wider end between words; in a pipe it stays as it is."""
    return wrapped(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text


def wrapped(text: str, columns: int) -> str:
    """Lines of at most so many columns, broken at spaces or between Chinese characters, going on under their own indent."""
    return "\n".join(part for line in text.split("\n") for part in _pieces(line, columns))


def _pieces(line: str, columns: int) -> list[str]:
    if _columns(line) <= columns or re.search(r"\S {2,}\S", line):  # a table's row stays one row
        return [line]
    indent = line[: len(line) - len(line.lstrip())] + ("  " if line.lstrip().startswith("- ") else "")
    found, current = [], ""
    for word in re.findall(r"[\u2e80-\uffef][，。；：、！？）】”]*|[^\s\u2e80-\uffef]+[，。；：、！？）】”]*\s*|\s+", line):
        if current.strip() and _columns((current + word).rstrip()) > columns:
            found.append(current.rstrip())
            current = indent + word.lstrip()
        else:
            current += word
    return [*found, current.rstrip()]


def _columns(text: str) -> int:
    """Width of a text on a terminal: Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@dataclass(frozen=True)
class Voice:
    """How much to say and in which form."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    lang: str = "en"

    def document(self, value: Any) -> None:
        """The one JSON document, where it was asked for."""
        if self.as_json:
            sys.stdout.write(json_text(value))

    def say(self, line: str) -> None:
        """A line for a person; silent with --json or --quiet."""
        if not self.as_json and not self.quiet:
            sys.stdout.write(fitted(clean(line)) + "\n")

    def wrote(self, *paths: Path) -> None:
        """A line for every file or folder that was written."""
        for path in paths:
            self.say(text("cli.wrote", self.lang, path=path))

    def warn(self, line: str) -> None:
        """A line on stderr; silent with --quiet."""
        if not self.quiet:
            sys.stderr.write(clean(line) + "\n")

    def fail(self, line: str) -> None:
        """An error's line on stderr, whatever was asked to be silent."""
        sys.stderr.write(clean(line) + "\n")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Stages and the solver's bound on a terminal; silent in a pipe."""
        if self.quiet or not sys.stderr.isatty():
            yield Progress(None, None, self.lang)
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=28),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            yield Progress(bar, bar.add_task(text("cli.starting", self.lang), total=len(STAGES), note=""), self.lang)

    @contextmanager
    def rows(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """Rows read of a terrain, to be called with how many and of how many, on a terminal; silent in a pipe."""
        if self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description:<24}"), BarColumn(bar_width=28), TimeElapsedColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


class Progress:
    """A bar over the stages; without one, nothing."""

    def __init__(self, bar: Any, task: Any, lang: str):
        self._bar, self._task, self._lang = bar, task, lang

    def announce(self, stage: str) -> None:
        """A stage begins."""
        if self._bar is not None:
            done, what = STAGES.index(stage), term("stage", stage, self._lang)
            self._bar.update(self._task, description=what, completed=done, note="")

    def counting(self, done: int, of: int) -> None:
        """Sites that answered, of those that were asked."""
        if self._bar is not None:
            self._bar.update(self._task, description=text("cli.sites", self._lang, done=done, of=of))

    def solving(self, bound: float, best: float, gap: float) -> None:
        """The solver's state: yuan, yuan, relative gap."""
        if self._bar is not None:
            self._bar.update(self._task, note=text("cli.solving", self._lang, bound=bound / 1e6, best=best / 1e6, gap=gap))


def json_text(value: Any) -> str:
    """A JSON document as standard output can hold it: escaped where its encoding has no Chinese."""
    wide = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    return json.dumps(value, ensure_ascii=not wide, indent=2, allow_nan=False, default=str) + "\n"


def known_lang(lang: str) -> str:
    """A language the program speaks. Raises UsageError for another."""
    if lang not in ("zh", "en"):
        raise UsageError(say("cli.lang", lang=lang))
    return lang


def clean(text: str) -> str:
    """Text without control characters, so that no attribute value can drive the terminal."""
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def table(rows: list[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Rows as aligned columns: the first to the left, numbers to the right."""
    body = [head, *rows]
    widths = [max(_columns(row[i]) for row in body) for i in range(len(head))]
    lines = []
    for row in body:
        cells = [_pad(cell, widths[i], left=i == 0) for i, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(lines)


def _pad(text: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _columns(text))
    return text + gap if left else gap + text
