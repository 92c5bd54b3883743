"""Writing whole or not at all, one writer at a time, and naming files by hash: what keeps a plan from ever being lost."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from planner.errors import OutputExists, PlannerError

_PARTIAL = ".partial-"
_OLD = ".old-"


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


def available_memory() -> int:
    """Bytes a process may still take without swapping; a cautious 2 GiB where the system does not say."""
    limits = [_meminfo_available(), _cgroup_left()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else 2 << 30


def _meminfo_available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _cgroup_left() -> int | None:
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        return None if limit == "max" else max(int(limit) - int(used), 0)
    except (OSError, ValueError):
        return None


def plain_reason(error: BaseException, path: Path) -> str:
    """One line that says what the system refused, where, and what to do about it."""
    code = getattr(error, "errno", None)
    text = str(error)
    if code in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in text or "No space left" in text:
        free = _free_bytes(path) / 1e6
        return f"{path}: the disk is full ({free:.1f} MB free); free some space or choose another folder with -o"
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path}: may not be written ({os.strerror(code)}); choose another folder with -o or change its permissions"
    if code == errno.ENOENT:
        return f"{path}: the folder is not there or went away while it was used; make it, or choose another with -o"
    if code in (errno.ENOTDIR, errno.EEXIST):
        return f"{path}: a part of this path is a file, not a folder; choose another with -o"
    if code == errno.ENAMETOOLONG:
        return f"{path.name[:40]}…: the name has {len(path.name)} characters, too many for this disk; shorten it"
    first = text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
    return f"{path}: could not be written ({first})"


def _free_bytes(path: Path) -> int:
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return 0


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Holds the right to write `target` alone, by a lock file beside it that the system releases with the process.

    Raises PlannerError where another process holds it.
    """
    path = target.parent / f".{target.name}.lock"
    while True:
        try:
            handle = path.open("a+", encoding="ascii")
        except OSError as error:
            raise PlannerError(plain_reason(error, target)) from None
        if not _take(handle):
            handle.seek(0)
            holder = handle.read(40).strip() or "unknown"
            handle.close()
            raise PlannerError(f"{target}: another run (process {holder}) is writing it; wait for it or choose another -o")
        if path.exists() and os.fstat(handle.fileno()).st_ino == path.stat().st_ino:
            break
        handle.close()  # the former holder removed the file between our open and our lock: take the new one
    try:
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        handle.close()


def _take(handle: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return True
        except OSError:
            return False
    try:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raises OutputExists where a file is there already and is not to be replaced."""
    if path.exists() and not overwrite:
        raise OutputExists(f"{path} exists; give --overwrite to replace it")


def write_whole(path: str | Path, content: bytes | str | Callable[[Path], Any], *, overwrite: bool = True) -> Path:
    """Makes a file appear complete or not at all.

    content: the bytes, the text (UTF-8), or a function that writes the temporary path it is given (same suffix).
    Raises OutputExists where the file exists and overwrite is False; PlannerError where the system refuses.
    """
    path = Path(path)
    target = path.resolve() if path.is_symlink() else path
    refuse_existing(path, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target):
            _clean(target)
            with tempfile.TemporaryDirectory(prefix=f".{target.name}{_PARTIAL}", dir=target.parent) as work:
                partial = Path(work) / target.name
                if callable(content):
                    content(partial)
                else:
                    partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
                _sync_file(partial)
                partial.replace(target)
            _sync_folder(target.parent)
    except OSError as error:
        if isinstance(error, PlannerError):
            raise
        raise PlannerError(plain_reason(error, path)) from error
    return path


@contextlib.contextmanager
def whole_folder(
    folder: str | Path, *, overwrite: bool, is_ours: Callable[[Path], bool], owned: Callable[[str], bool]
) -> Iterator[Path]:
    """Makes a folder appear complete or not at all: yields a sibling to write into, which takes the folder's place at the end.

    is_ours: whether an existing, non-empty folder is one of the kind being written (only such a one is ever replaced).
    owned: whether a file name belongs to that kind; files of other names are carried over from the old folder.

    Raises OutputExists where the folder is full and overwrite is False, or holds something else; PlannerError where the
    system refuses or another process is writing the same folder.
    """
    shown, target = Path(folder), Path(folder).resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target):
            _clean(target)
            _admit(shown, target, overwrite, is_ours)
            work = Path(tempfile.mkdtemp(prefix=f".{target.name}{_PARTIAL}", dir=target.parent))
            try:
                yield work
                _carry_over(target, work, owned)
                _sync_tree(work)
                work.chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o777 & ~_umask())
                _swap(work, target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        if isinstance(error, PlannerError):
            raise
        raise PlannerError(plain_reason(error, shown)) from error


def _admit(shown: Path, target: Path, overwrite: bool, is_ours: Callable[[Path], bool]) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputExists(f"{shown} is a file, not a folder; choose another with -o")
    if not any(target.iterdir()):
        return
    if not is_ours(target):
        raise OutputExists(f"{shown} holds files that are not a plan; choose an empty or new folder with -o")
    if not overwrite:
        raise OutputExists(f"{shown} holds a plan already; give --overwrite to replace it, or another -o")


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


def _clean(target: Path) -> None:
    """Removes what a killed run left beside `target`, and puts the old one back if it died between the two renames."""
    for rest in sorted(target.parent.glob(f".{_literal(target.name)}{_OLD}*")):
        if not target.exists() and (rest / target.name).exists():
            (rest / target.name).rename(target)
        shutil.rmtree(rest, ignore_errors=True)
    for rest in target.parent.glob(f".{_literal(target.name)}{_PARTIAL}*"):
        shutil.rmtree(rest, ignore_errors=True)


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


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
