"""Where a site's files lie: the folder, its site.toml or a bare vector file, and that no path leads out of it unasked."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.read.content import head_of, is_mosaic, raster_driver, regular
from planner.read.mosaic import named, parsed
from planner.read.sources import SUFFIXES
from planner.scenario import Scenario, load_scenario, parse_scenario, with_sets
from planner.words import say

EVERYWHERE: Final = (-math.inf, -math.inf, math.inf, math.inf)
RASTER_SUFFIXES: Final = (
    ".tif",
    ".tiff",
    ".asc",
    ".img",
    ".vrt",
    ".flt",
    ".bil",
    ".dem",
    ".hgt",
    ".grd",
    ".sdat",
    ".adf",
    ".jp2",
)


@dataclass(frozen=True)
class Places:
    """The folder paths are relative to, and whether they may lead out of it."""

    folder: Path
    outside: bool

    def find(self, written: str) -> Path:
        """The file a path in site.toml means.

        Raises InvalidInput for a network or virtual path, one that leads out of the folder, or a missing file.
        """
        if "\0" in written or not written.strip():
            raise InvalidInput(say("read.empty_path", path=written[:60]))
        if written.startswith(("/vsi", "\\\\", "//")) or "://" in written:
            raise InvalidInput(say("read.not_local", path=written[:80]))
        try:
            path = (self.folder / written).resolve()
            exists = path.exists()
        except (OSError, ValueError, RuntimeError) as error:
            raise InvalidInput(
                say("read.unusable_path", path=written[:80], kind=type(error).__name__, n=len(written))
            ) from None
        if not self.outside and not path.is_relative_to(self.folder.resolve()):
            raise InvalidInput(say("read.outside_folder", path=written[:120]))
        if not exists:
            near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise InvalidInput(say("read.no_file", path=written[:120], nearest=nearest(path.name, near)))
        return path

    def raster(self, written: str, seen: set[Path] | None = None) -> Path:
        """As find, for a raster; a VRT is let through only where every file it names would be (seen: those that were)."""
        path = self.find(written)
        seen = set() if seen is None else seen
        suffix = path.suffix.lower()
        if path.is_dir() or path in seen:
            return path
        seen.add(path)
        if suffix not in RASTER_SUFFIXES:
            raise InvalidInput(
                say("read.no_raster_kind", path=written, suffix=suffix or say("read.no_suffix"), known=list(RASTER_SUFFIXES))
            )
        if regular(path, written).stat().st_size == 0:
            raise InvalidInput(say("read.empty_file", path=written))
        head = head_of(path)
        if not is_mosaic(path, head):
            raster_driver(path, head, written)
            return path
        inside = Places(path.parent if self.outside else self.folder, self.outside)
        for node, source in named(parsed(path, written), path):
            inside.raster(str(source) if (node.text or "").strip() else "", seen)
        return path


def cell_files(path: Path, window: tuple[float, float, float, float]) -> list[Path]:
    """What a raster's cells in a window come from: the file (or folder) itself, and of a mosaic (VRT) the tiles in the window.

    window: first column and row, last column and row.
    """
    found: dict[Path, None] = {}
    _gather(path, window, found)
    return list(found)


def _gather(path: Path, window: tuple[float, float, float, float], found: dict[Path, None]) -> None:
    if path in found:
        return
    found[path] = None
    if path.is_dir() or not is_mosaic(path, head_of(path)):
        return
    root = parsed(path, path.name)
    elsewhere = {
        name
        for source in root.iter()
        if (place := source.find("DstRect")) is not None and not _meets(place, window)
        for name in source.findall("SourceFilename")
    }
    for tile in sorted({inner.resolve() for node, inner in named(root, path) if node not in elsewhere}):
        _gather(tile, EVERYWHERE, found)


def _meets(place: ElementTree.Element, window: tuple[float, float, float, float]) -> bool:
    try:
        left, top, width, height = (float(place.get(k, "nan")) for k in ("xOff", "yOff", "xSize", "ySize"))
    except ValueError:
        return True
    return not (left > window[2] or left + width < window[0] or top > window[3] or top + height < window[1])


@dataclass(frozen=True)
class Opened:
    """A site's description before its files are read: scenario, places, and the name shown for it."""

    scenario: Scenario
    places: Places
    shown: str
    toml: Path | None


def open_site(path: str | Path, *, sets: Mapping[str, Any] | None) -> Opened:
    """The scenario behind a folder with site.toml, a site.toml, or a bare vector file.

    Raises InvalidInput where there is none.
    """
    place = Path(path)
    if place.is_dir() and place.suffix.lower() != ".gdb":
        place = place / "site.toml"
        if not place.exists():
            vectors = sorted(p.name for p in place.parent.iterdir() if p.suffix.lower() in SUFFIXES)
            hint = say("read.name_the_file", path=Path(path) / vectors[0]) if vectors else ""
            raise InvalidInput(say("read.no_site_file", path=path, hint=hint))
    if place.suffix.lower() == ".toml":
        scenario = load_scenario(place, sets)
        return Opened(scenario, Places(place.parent, scenario.site.outside_paths), str(path), place)
    if not place.exists():
        near = [p.name for p in place.parent.iterdir()] if place.parent.is_dir() else []
        raise InvalidInput(say("read.no_file_or_folder", path=path, nearest=nearest(place.name, near)))
    document = with_sets({"layers": {"polygons": place.name}}, sets or {})
    scenario = parse_scenario(document, source="--set")
    return Opened(scenario, Places(place.parent, scenario.site.outside_paths), str(path), None)
