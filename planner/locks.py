"""One writer at a time, and what the system refuses told in a line."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from planner.errors import PlannerError
from planner.words import Message, plain, say

_HELD: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_FOREVER: Final = 10**9


def plain_reason(error: BaseException, path: Path) -> Message:
    """What the system refused, where, and what to do about it."""
    code = getattr(error, "errno", None)
    text = str(error)
    if code in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in text or "No space left" in text:
        return say("files.disk_full", path=path, free_mb=_free_bytes(path) / 1e6)
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return say("files.not_permitted", path=path, why=plain(os.strerror(code)))
    if code == errno.ENOENT:
        return say("files.folder_gone", path=path)
    if code in (errno.ENOTDIR, errno.EEXIST):
        return say("files.no_folder", path=path)
    if code == errno.ENAMETOOLONG:
        return say("files.name_too_long", name=f"{path.name[:40]}…", n=len(path.name))
    first = text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
    return say("files.not_written", path=path, why=plain(first))


def _free_bytes(path: Path) -> int:
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return 0


def lock_file(target: Path, home: Path | None = None) -> Path:
    """Where the lock of a target lies: beside it, or in another folder."""
    return (home or target.parent) / f".{target.name}.lock"


@contextlib.contextmanager
def locked(target: Path, *, home: Path | None = None) -> Iterator[None]:
    """Holds the right to write `target` alone, by a lock file beside it (or in home) that goes with the process.

    Where the file system keeps no locks, the file itself is the lock, and one of a process that is no more counts as none.
    Raises PlannerError where another process holds it, or its place is taken by a link or something else.
    """
    path = lock_file(target, home)
    while True:
        handle = _opened(path, target)
        kept = _take(handle)
        if kept is False:
            with contextlib.suppress(OSError):
                os.lseek(handle, 0, os.SEEK_SET)
            holder = os.read(handle, 40).decode("ascii", "replace").split("@")[0].strip() or "?"
            os.close(handle)
            raise PlannerError(say("files.busy", path=target, process=holder))
        if _same(handle, path):
            break
        os.close(handle)  # the former holder removed the file between our open and our lock: take the new one
    if kept is None and _leased(handle):
        os.close(handle)
        raise PlannerError(say("files.busy", path=target, process="?"))
    try:
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"{os.getpid()}@{socket.gethostname()}"[:200].encode("ascii", "replace"))
        yield
    except OSError as error:
        raise error if isinstance(error, PlannerError) else PlannerError(plain_reason(error, target)) from error
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        with contextlib.suppress(OSError):
            os.close(handle)


def _opened(path: Path, target: Path) -> int:
    """The lock file, made where there is none; nothing that it might be led to is touched."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EMLINK):
            raise PlannerError(say("files.lock_is_something_else", lock=path)) from None
        raise PlannerError(plain_reason(error, target)) from None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_size > 1000:
        os.close(handle)
        raise PlannerError(say("files.lock_is_something_else", lock=path))
    return handle


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except OSError:
        return False


def _take(handle: int) -> bool | None:
    """Whether the lock was had; None where the file system keeps none."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return True
        except OSError:
            return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        return False if error.errno in _HELD else None


def _leased(handle: int) -> bool:
    """Whether a lock file that no system watches names a process that still runs, here or on another machine."""
    told = os.read(handle, 300).decode("ascii", "replace")
    process, _, machine = told.partition("@")
    if not process.isdigit():
        return False
    if machine != socket.gethostname()[:200]:
        return True
    if int(process) == os.getpid():
        return False
    try:
        os.kill(min(int(process), _FOREVER), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
