"""Private folders for work in between, gone afterwards; what killed runs left of them goes with the next run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"planner-\w{8}")
_HELD: Final = "held"  # its lock goes with the process that made the folder


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder of the user's own in the system's temporary one; removed at the end, or after a kill by the next run."""
    clean_left(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="planner-", ignore_cleanup_errors=True) as home, _held(Path(home)):
        work = Path(home).resolve() / "work"
        work.mkdir()
        yield work


@contextlib.contextmanager
def _held(home: Path) -> Iterator[None]:
    """Says, as long as this process lives, that a folder is in use; says nothing where the system keeps no locks."""
    try:
        import fcntl
    except ImportError:  # Windows removes what was left of its temporary files by itself
        yield
        return
    handle = os.open(home / "holding", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (home / "holding").rename(home / _HELD)  # only now others may try it
        yield
    finally:
        os.close(handle)


@cache
def clean_left(temporary: str) -> int:
    """Removes the folders that killed runs of this user left; once in a process. Returns how many."""
    gone = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(temporary):
            if _NAME.fullmatch(entry.name) and _is_left(Path(entry.path)):
                shutil.rmtree(entry.path, ignore_errors=True)
                gone += 1
    return gone


def _is_left(home: Path) -> bool:
    """Whether a folder is this user's own and the process that made it is no more."""
    try:
        import fcntl

        found = home.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return False
        handle = os.open(home / _HELD, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)
    except (ImportError, OSError):
        return False
    return True
