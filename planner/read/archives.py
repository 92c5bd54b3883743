"""Archives opened without trusting them: nothing written outside their folder, nothing expanded without bound."""

from __future__ import annotations

import contextlib
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from planner.errors import InvalidInput
from planner.words import say

MAX_MEMBERS: Final = 10_000
MAX_BYTES: Final = 4 << 30  # of everything unpacked
MAX_RATIO: Final = 200  # unpacked over packed, beyond 64 MB: what honest geodata never reaches
_RATIO_FREE: Final = 64 << 20
MAX_DEPTH: Final = 4  # archives in archives
VECTORS: Final = frozenset(
    (".gpkg", ".shp", ".geojson", ".fgb", ".kml", ".dxf", ".parquet", ".geoparquet", ".csv", ".xlsx")
)  # beside .gdb folders, and .json that holds features
_FEATURES: Final = re.compile(
    rb'"(FeatureCollection|Feature|Topology|esriGeometry\w+|GeometryCollection|MultiPolygon|Polygon)"'
)


def unpack(path: Path, folder: Path, *, shown: str) -> list[Path]:
    """The files of a zip archive and of the archives in it, unpacked below `folder`, in name order.

    Raises InvalidInput for an archive that is broken, encrypted, too large, nested too deeply, or names a place outside itself.
    """
    return sorted(_unpacked(path, folder, shown, MAX_BYTES, 1))


def _unpacked(path: Path, folder: Path, shown: str, room: int, depth: int) -> list[Path]:
    """As `unpack`; room: bytes that all archives together may still take."""
    if depth > MAX_DEPTH:
        raise InvalidInput(say("read.nested_archives", path=shown, most=MAX_DEPTH))
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not _of_finder(m)]
            _admit(members, shown, room)
            files = sorted(_write(archive, member, folder, shown) for member in members)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        RuntimeError,
        OSError,
    ) as error:
        raise InvalidInput(say("read.bad_zip", path=shown, why=str(error)[:100])) from None
    room -= sum(f.stat().st_size for f in files)
    found: list[Path] = []
    for file in files:
        if file.suffix.lower() not in (".zip", ".kmz"):
            found.append(file)
            continue
        inner = _unpacked(file, file.with_name(f"{file.name}.d"), f"{shown}/{file.name}", room, depth + 1)
        room -= sum(f.stat().st_size for f in inner)
        found += inner
    return found


def _of_finder(member: zipfile.ZipInfo) -> bool:
    """Whether a member is what macOS keeps beside files: no data."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    return "__MACOSX" in parts or (bool(parts) and parts[-1].startswith("._"))


def geodata(files: list[Path], root: Path) -> list[Path]:
    """The vector files among those unpacked below a folder: a .gdb folder is one, and .json only where it holds features."""
    found: set[Path] = set()
    for path in files:
        inside = next((root / p for p in path.relative_to(root).parents if p.suffix.lower() == ".gdb"), None)
        suffix = path.suffix.lower()
        if inside is not None:
            found.add(inside)
        elif suffix in VECTORS or (suffix == ".json" and _features(path)):
            found.add(path)
    return sorted(found, key=str)


def _features(path: Path) -> bool:
    with path.open("rb") as file:
        return _FEATURES.search(file.read(1 << 16)) is not None


def _admit(members: list[zipfile.ZipInfo], shown: str, room: int) -> None:
    if len(members) > MAX_MEMBERS:
        raise InvalidInput(say("read.many_members", path=shown, n=len(members), most=MAX_MEMBERS))
    total, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if total > room or (total > _RATIO_FREE and total > MAX_RATIO * max(packed, 1)):
        raise InvalidInput(say("read.expands", path=shown, packed=packed / 1e6, total=total / 1e6))
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or re.match(r"^[A-Za-z]:", member.filename):
            raise InvalidInput(say("read.writes_outside", path=shown, member=member.filename[:80]))
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InvalidInput(say("read.link_inside", path=shown, member=member.filename[:80]))
        if member.flag_bits & 0x1:
            raise InvalidInput(say("read.encrypted", path=shown))


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, shown: str) -> Path:
    target = folder / PurePosixPath(_name(member))
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as source, target.open("wb") as sink:
        while block := source.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise InvalidInput(say("read.larger_than_said", path=shown, member=member.filename[:80]))
            sink.write(block)
    return target


def _name(member: zipfile.ZipInfo) -> str:
    """The member's name; old Chinese archivers store GBK bytes that zipfile reads as cp437."""
    name = member.filename.replace("\\", "/")
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("gb18030")
    return re.sub(r'[\0-\x1f<>:"|?*]', "_", name)
