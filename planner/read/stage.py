"""A private folder in which a data set lies alone: links to the files that were looked at, and nothing else to be found there.

GDAL looks for more beside what it is told to open: masks, overviews, statistics, labels, tables. Here it finds those only that
belong to the format and lie where they may.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from planner.errors import InvalidInput
from planner.read.content import check_xml, head_of
from planner.scratch import scratch
from planner.words import say

SHAPEFILE: Final = (".shx", ".dbf", ".prj", ".cpg")
MAX_SIDE_TEXT: Final = 16 << 20  # bytes of a side file that is text
_LABELS: Final = (".prj", ".hdr", ".clr", ".sgrd", ".mgrd", ".stx", ".ige", ".rrd", ".wld")
_WORLD_FILES: Final = (".tfw", ".tifw", ".j2w", ".jgw", ".blw", ".asw", ".imw", ".flw", ".grw", ".dmw")
_AFTER_RASTER: Final = (".aux.xml", ".ovr", ".msk", ".msk.ovr")
_TABLE_FILE: Final = re.compile(
    r"(a[0-9a-f]{8}\.(gdbtable|gdbtablx|gdbindexes|spx|atx|freelist|horizon)|gdb|timestamps)", re.IGNORECASE
)
_COVERAGE_FILE: Final = re.compile(r"(w\d+|z\d+|hdr|sta|dblbnd|vat|prj|log)(\.adf|x\.adf)?|metadata\.xml", re.IGNORECASE)


@dataclass(eq=False)
class Stage:
    """The folder and what lies in it: the real files by the place they were put."""

    folder: Path
    places: dict[str, Path] = field(default_factory=dict)
    listed: dict[Path, dict[str, str]] = field(default_factory=dict)

    def room(self) -> Path:
        """A new empty folder inside, for one data set."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def put(self, file: Path, place: Path) -> Path:
        """Lays a real file at a place inside: a link where the system makes links, else a copy."""
        real = file.resolve()
        try:
            place.symlink_to(real)
        except (OSError, NotImplementedError):
            try:
                os.link(real, place)
            except OSError:
                shutil.copyfile(real, place)
        self.places[str(place)] = file
        return place

    def beside(self, file: Path) -> dict[str, str]:
        """The names in a file's folder by their lower case."""
        home = file.parent
        if home not in self.listed:
            try:
                self.listed[home] = {name.lower(): name for name in sorted(p.name for p in home.iterdir())}
            except OSError:
                self.listed[home] = {file.name.lower(): file.name}
        return self.listed[home]

    def real(self, name: str) -> Path | None:
        """The file that lies at a place inside; None where it is none of ours."""
        return self.places.get(name)


@contextmanager
def staged() -> Iterator[Stage]:
    """An empty stage, gone afterwards; the files it leads to stay."""
    with scratch() as work:
        yield Stage(work)


def shapefile_parts(path: Path) -> list[Path]:
    """The side files a shapefile may have, whatever the case of their names, in the order of SHAPEFILE."""
    known = Stage(path.parent).beside(path)
    stem = path.stem.lower()
    exact = {p: path.with_name(known[stem + p]) for p in SHAPEFILE if stem + p in known}
    return [exact[p] for p in SHAPEFILE if p in exact]


def put_vector(stage: Stage, path: Path, shown: str) -> Path:
    """Lays a vector file or folder and its format's side files on the stage. Raises InvalidInput for one that leads out."""
    room = stage.room()
    if path.is_dir():
        return _put_folder(stage, path, room, _TABLE_FILE, shown)
    suffix = path.suffix.lower()
    stem = path.stem.replace("!", "_")  # GDAL's readers take what stands after it for a path in an archive
    if suffix == ".shp":
        for side in shapefile_parts(path):
            stage.put(_confined(side, path, shown), room / f"{stem}{side.suffix.lower()}")
        return stage.put(path, room / f"{stem}.shp")
    return stage.put(path, room / f"{stem}{path.suffix}")


def put_raster(stage: Stage, path: Path, shown: str) -> Path:
    """Lays a raster and its side files on the stage. Raises InvalidInput for one that leads out or is spoilt."""
    room = stage.room()
    if path.is_dir():
        return _put_folder(stage, path, room, _COVERAGE_FILE, shown)
    if path.suffix.lower() == ".adf":
        place = _put_folder(stage, path.parent, room, _COVERAGE_FILE, shown) / path.name
        if not place.exists():
            raise InvalidInput(say("door.not_its_format", shown=shown, kind="ArcInfo Grid"))
        return place
    known = stage.beside(path)
    for end in _LABELS + _WORLD_FILES:
        name = known.get((path.stem + end).lower())
        if name is not None and name != path.name:
            stage.put(_side(path.with_name(name), path, shown), room / f"{path.stem}{end}")
    for end in _AFTER_RASTER:
        name = known.get((path.name + end).lower())
        if name is not None:
            stage.put(_side(path.with_name(name), path, shown), room / f"{path.name}{end}")
    return stage.put(path, room / path.name)


def _put_folder(stage: Stage, folder: Path, room: Path, known: re.Pattern[str], shown: str) -> Path:
    inner = room / (folder.name or "folder")
    inner.mkdir()
    for name in sorted(p.name for p in folder.iterdir()):
        if known.fullmatch(name):
            stage.put(_confined(folder / name, folder / "x", shown), inner / name)
    return inner


def _confined(side: Path, main: Path, shown: str) -> Path:
    """A side file as it is, where it is a plain file in the data set's own folder."""
    try:
        if not side.resolve().is_relative_to(main.parent.resolve()) or not stat.S_ISREG(side.stat().st_mode):
            raise InvalidInput(say("door.side_file_leads_out", shown=f"{shown}: {side.name}"))
    except (OSError, RuntimeError):
        raise InvalidInput(say("door.side_file_leads_out", shown=f"{shown}: {side.name}")) from None
    return side


def _side(side: Path, main: Path, shown: str) -> Path:
    """A raster's side file, looked into: statistics that name no file, masks and overviews that are TIFF files."""
    _confined(side, main, shown)
    low = side.name.lower()
    if low.endswith((".msk", ".ovr")):
        if not head_of(side).startswith((b"II", b"MM")):
            raise InvalidInput(say("door.side_file_spoilt", shown=f"{shown}: {side.name}"))
    elif low.endswith(".aux.xml"):
        if side.stat().st_size > MAX_SIDE_TEXT:
            raise InvalidInput(say("door.side_file_spoilt", shown=f"{shown}: {side.name}"))
        check_xml(side, f"{shown}: {side.name}", "PAMDataset")
        if b"OVERVIEW_FILE" in side.read_bytes().replace(b":::BASE:::" + os.fsencode(main.name) + b".ovr", b"").upper():
            raise InvalidInput(say("door.side_file_leads_out", shown=f"{shown}: {side.name}"))
    return side


def strangers(files: Iterable[str], stage: Stage) -> list[str]:
    """Of the files GDAL says a data set consists of, those that are not on the stage."""
    root = str(stage.folder)
    return [f for f in files if not os.path.abspath(f).startswith(root + os.sep)]  # noqa: PTH100 - links are not to be followed
