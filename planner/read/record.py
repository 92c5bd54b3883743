"""What reading found, decided and mended, kept in English and Chinese until it is told."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.files import sha256_of
from planner.site import Decision, InputFile
from planner.words import Message, plain


@dataclass(frozen=True)
class Settled:
    """A decision as it is collected: what was settled, the value taken, why."""

    what: Message
    value: Message
    why: Message

    def decision(self) -> Decision:
        """The noun a Site carries."""
        return Decision(self.what, self.value, self.why)


@dataclass(frozen=True, eq=False)
class Fault:
    """Something wrong with a geometry and what was done: kind, layer, feature, the area it moved in m² (plane), where.

    change_m2: area after minus area before, as the feature's stored rings give it. geometry: the place, or None.
    """

    kind: str
    role: str
    feature: str
    change_m2: float
    action: Message
    geometry: Any = None


@dataclass(eq=False)
class Record:
    """Collects what reading says, once each, in the order it was found."""

    settled: list[Settled] = field(default_factory=list)
    warned: list[Message] = field(default_factory=list)
    inputs: list[InputFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def decide(self, what: Message, value: object, why: Message) -> None:
        """Notes a decision: what was settled, the value taken, why; texts of the files are made printable."""
        item = Settled(_printable(what), _printable(value if isinstance(value, Message) else plain(value)), _printable(why))
        if item not in self.settled:
            self.settled.append(item)

    def warn(self, said: Message) -> None:
        """Notes a warning; texts of the files are made printable."""
        item = _printable(said)
        if item not in self.warned:
            self.warned.append(item)

    def used(self, role: str, shown: str, paths: Iterable[Path]) -> None:
        """Notes the files of an input by hash; shown: the path as the user wrote it (its side files take its folder)."""
        paths = list(paths)
        self.files += paths
        folder = shown.replace("\\", "/").rpartition("/")[0]
        home = next((p.parent for p in paths if p.name == Path(shown).name), None)
        for path in paths:
            name = path.name if home is None else Path(os.path.relpath(path, home)).as_posix()
            written = shown if name == Path(shown).name else f"{folder}/{name}" if folder else name
            item = InputFile(role, written, sha256_of(path))
            if item not in self.inputs:
                self.inputs.append(item)

    def decisions(self) -> tuple[Decision, ...]:
        """The decisions as a Site carries them."""
        return tuple(s.decision() for s in self.settled)

    def warnings(self) -> tuple[Message, ...]:
        """The warnings as a Site carries them."""
        return tuple(self.warned)


def _printable(said: Message) -> Message:
    """A message whose texts hold no characters that steer a terminal, as columns' and layers' names may."""
    return Message(said.code, {name: _clean(value) for name, value in said.values.items()})


def _clean(value: Any) -> Any:
    if isinstance(value, Message):
        return _printable(value)
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    if isinstance(value, str) and not value.isprintable():
        return "".join(c if c.isprintable() else "�" for c in value)
    return value
