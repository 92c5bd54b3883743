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


def unpack(path: Path, folder: Path, *, shown: str) -> list[Path]:
    """The files of a zip archive, unpacked below `folder`, in name order.

    Raises InvalidInput for an archive that is broken, encrypted, too large, or names a place outside itself.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            _admit(members, shown)
            return sorted(_write(archive, member, folder, shown) for member in members)
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


def _admit(members: list[zipfile.ZipInfo], shown: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise InvalidInput(say("read.many_members", path=shown, n=len(members), most=MAX_MEMBERS))
    total, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if total > MAX_BYTES or (total > _RATIO_FREE and total > MAX_RATIO * max(packed, 1)):
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
