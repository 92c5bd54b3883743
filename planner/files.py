"""Writing whole or not at all, one writer at a time, and naming files by hash: what keeps a plan from ever being lost."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from planner.errors import OutputExists, PlannerError
from planner.locks import lock_file, locked, plain_reason
from planner.proofs import check_written
from planner.words import say

PLAN_DATA: Final = ("plan.gpkg", "tables.xlsx", "summary.json", "site.toml", "ground.tif")  # what a plan is loaded from
_PARTIAL: Final = ".partial-"
_OLD: Final = ".old-"
_READY: Final = ".ready-"
_LEFT: Final = re.compile(r"\.(.+)\.(partial|old)-\w+")
_READY_NAME: Final = re.compile(r"\..+\.ready-\w+")
_WRITE_FOR_US: Final = ("rasterio", "pyogrio", "sqlite3", "pyarrow")
_LONG_AGO_S: Final = 3600.0  # after which what nobody holds a lock for is of a run that is no more


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files in name order with their names, as hexadecimal digits."""
    digest = hashlib.sha256()
    if path.is_dir():
        for child in sorted(p for p in path.rglob("*") if p.is_file() and not p.name.endswith(".lock")):
            digest.update(child.relative_to(path).as_posix().encode() + b"\0" + bytes.fromhex(sha256_of(child)))
        return digest.hexdigest()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raises OutputExists where a file is there already and is not to be replaced."""
    if os.path.lexists(path) and not overwrite:
        raise OutputExists(say("files.exists", path=path))


def refuse_target(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Refuses to write where no plain new file would stand: over a device, pipe, link, folder, an input, a plan's data.

    inputs: files that are read. Raises OutputExists.
    """
    if path.is_symlink():
        raise OutputExists(say("files.is_a_link", path=path))
    if path.name in PLAN_DATA and is_plan_folder(path.parent):
        raise OutputExists(say("files.part_of_a_plan", path=path))
    try:
        found = path.stat()
    except OSError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise OutputExists(say("files.is_a_folder", path=path))
    if not stat.S_ISREG(found.st_mode):
        raise OutputExists(say("files.is_a_device", path=path))
    if any(_is_the_same(found, file) for file in inputs):
        raise OutputExists(say("files.is_an_input", path=path))


def _is_the_same(found: os.stat_result, file: Path) -> bool:
    try:
        return os.path.samestat(found, file.stat())
    except OSError:
        return False


def is_plan_folder(folder: Path) -> bool:
    """Whether a folder holds something that this program wrote as a whole, by the schema its figures name."""
    return written_as("planner.")(folder)


def written_as(schema: str, document: str = "summary.json") -> Callable[[Path], bool]:
    """What tells whether a folder holds something of a kind that this program wrote, by the schema its document names."""

    def holds(folder: Path) -> bool:
        try:
            if not stat.S_ISREG((folder / document).stat().st_mode):
                return False
            with (folder / document).open("rb") as file:
                return b'"' + schema.encode() in file.read(400)
        except OSError:
            return False

    return holds


def write_whole(
    path: str | Path,
    content: bytes | str | Callable[[Path], Any],
    *,
    overwrite: bool = True,
    check: Callable[[Path], Any] | None = None,
    inputs: Iterable[Path] = (),
) -> Path:
    """Makes a file appear complete or not at all.

    content: the bytes, the text (UTF-8), or a function that writes the temporary path it is given (same suffix). check: called
    with the written file before it takes its place, to read it back; it raises where the file is not as it should be. inputs:
    files that must not be written over.
    Raises OutputExists where the file exists and overwrite is False, or is no plain file; PlannerError where the system
    refuses.
    """
    path = Path(path)
    refuse_target(path, inputs=inputs)
    refuse_existing(path, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        target = Path(os.path.realpath(path.parent)) / path.name
        with locked(target):
            clean_beside(target)
            with tempfile.TemporaryDirectory(prefix=f".{target.name}{_PARTIAL}", dir=target.parent) as work:
                partial = Path(work) / target.name
                if callable(content):
                    content(partial)
                else:
                    partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
                _sync_file(partial)
                check_written(partial, path)
                if check is not None:
                    check(partial)
                refuse_target(target, inputs=inputs)
                partial.replace(target)
            _sync_folder(target.parent)
    except Exception as error:
        _tell_refusal(error, path)
        raise
    return path


@contextlib.contextmanager
def whole_folder(
    folder: str | Path, *, overwrite: bool, is_ours: Callable[[Path], bool], owned: Callable[[str], bool]
) -> Iterator[Path]:
    """Makes a folder appear complete or not at all: yields a sibling to write into, which takes the folder's place at the end.

    is_ours: whether an existing, non-empty folder is one of the kind being written (only such a one is ever replaced).
    owned: whether a file name belongs to that kind; files of other names are carried over from the old folder.
    A mount point, or a folder beside which nothing may be made, is written within itself: all is moved in once it is there,
    file by file, and a run killed in between is carried on by the next that reads or writes it (`finish`).

    Raises OutputExists where the folder is full and overwrite is False, or holds something else; PlannerError where the
    system refuses, another process is writing the same folder, or a file cannot be read back.
    """
    shown, target = Path(folder), Path(os.path.realpath(folder))  # resolve() ends in a RuntimeError for links in a circle
    try:
        if Path(folder).is_symlink() and not target.exists():
            raise OutputExists(say("files.is_a_link", path=shown))
        target.parent.mkdir(parents=True, exist_ok=True)
        home = target if _stays(target) else target.parent
        with locked(target, home=home):
            finish(target)
            clean_beside(target, home)
            _admit(shown, target, overwrite, is_ours)
            work = Path(tempfile.mkdtemp(prefix=f".{target.name}{_PARTIAL}", dir=home))
            try:
                yield work
                if home != target:
                    _carry_over(target, work, owned)
                for file in sorted(p for p in work.rglob("*") if p.is_file() and not p.is_symlink() and owned(p.name)):
                    check_written(file, shown / file.name)
                _sync_tree(work)
                if home == target:
                    _move_in(work, target)
                else:
                    work.chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o777 & ~_umask())
                    _swap(work, target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except Exception as error:
        _tell_refusal(error, shown)
        raise


def _tell_refusal(error: Exception, path: Path) -> None:
    """Raises what the system, or a library that writes for us, refused as one line; anything else is not its business."""
    by_library = type(error).__module__.split(".")[0] in _WRITE_FOR_US
    if (isinstance(error, OSError | SystemError) or by_library) and not isinstance(error, PlannerError):
        raise PlannerError(plain_reason(error, path)) from error


def _stays(target: Path) -> bool:
    """Whether a folder cannot change places with another: a mount point, or in a folder where nothing may be made."""
    return target.is_dir() and (os.path.ismount(target) or not os.access(target.parent, os.W_OK | os.X_OK))


def _move_in(work: Path, target: Path) -> None:
    """Moves what was written into a folder that stays; from the first rename on it is carried on by `finish` if need be."""
    ready = work.with_name(work.name.replace(_PARTIAL, _READY))
    work.rename(ready)
    _sync_folder(target)
    finish(target)


def settle(folder: Path) -> None:
    """As finish, for a reader: only where no other run is at it, and where the folder may be written at all."""
    if folder.is_dir() and any(_READY_NAME.fullmatch(p.name) for p in folder.iterdir()):
        with contextlib.suppress(PlannerError, OSError), locked(folder.resolve(), home=folder.resolve()):
            finish(folder)


def finish(folder: Path) -> None:
    """Carries on what a killed run had written in full but not moved in; nothing where there is nothing of the kind."""
    try:
        waiting = sorted(folder.glob(f".*{_READY}*")) if folder.is_dir() else []
    except OSError:
        return
    for ready in waiting:
        if not _READY_NAME.fullmatch(ready.name) or ready.is_symlink():
            continue
        for child in sorted(ready.iterdir()):
            child.replace(folder / child.name)
        ready.rmdir()
        _sync_folder(folder)


def _admit(shown: Path, target: Path, overwrite: bool, is_ours: Callable[[Path], bool]) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputExists(say("files.is_a_file", path=shown))
    if not _filled(target):
        return
    if not is_ours(target):
        raise OutputExists(say("files.holds_other_things", path=shown))
    if not overwrite:
        raise OutputExists(say("files.holds_a_plan", path=shown))


def _filled(target: Path) -> bool:
    """Whether a folder holds anything; a disk's own folder and what this program left do not count."""
    return any(p.name != "lost+found" and not (p.name.startswith(".") and p.name.endswith(".lock")) for p in target.iterdir())


def _carry_over(target: Path, work: Path, owned: Callable[[str], bool]) -> None:
    """Brings the user's own files along; what a plan is made of is never carried over."""
    if not target.is_dir():
        return
    for child in target.iterdir():
        if owned(child.name) or (work / child.name).exists():
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.copytree(child, work / child.name, symlinks=True)
        else:
            shutil.copy2(child, work / child.name, follow_symlinks=False)


def _swap(work: Path, target: Path) -> None:
    """Puts `work` in `target`'s place; the old folder, if any, is gone only after the new one stands."""
    if not target.exists() or not any(target.iterdir()):
        work.replace(target)
    elif not _exchange(work, target):
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}{_OLD}", dir=target.parent))
        target.rename(old / target.name)  # a run killed after this line is mended by _clean
        work.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    _sync_folder(target.parent)


def _exchange(a: Path, b: Path) -> bool:
    """Swaps two folders in one step where the system can (Linux' renameat2 with RENAME_EXCHANGE)."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    at_cwd, exchange = -100, 2
    return bool(call(at_cwd, os.fsencode(a), at_cwd, os.fsencode(b), exchange) == 0)


def clean_beside(target: Path, home: Path | None = None) -> None:
    """Removes what killed runs left in a folder, and puts an old plan back where one died between the two renames.

    What belongs to the target is removed (its lock is held); of others only what no run holds a lock for.
    """
    home = home or target.parent
    for rest in sorted(home.iterdir()):
        known = _LEFT.fullmatch(rest.name)
        if known is None or rest.is_symlink() or not rest.is_dir():
            continue
        other = home / known.group(1)
        if known.group(1) == target.name:
            _remove(rest, target, known.group(2))
        elif not os.path.lexists(lock_file(other)) and time.time() - rest.stat().st_mtime > _LONG_AGO_S:
            with contextlib.suppress(PlannerError), locked(other):
                _remove(rest, other, known.group(2))


def _remove(rest: Path, target: Path, kind: str) -> None:
    if kind == "old" and not target.exists() and (rest / target.name).exists():
        (rest / target.name).rename(target)
    shutil.rmtree(rest, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            _sync_file(path)
        elif path.is_dir():
            _sync_folder(path)
    _sync_folder(folder)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
