"""Kernels on plain arrays in SI units. Nothing here knows of tables, files or projections."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from planner.private import cache_folder, private_folder


def forget_stale(folder: Path) -> None:
    """Deletes what numba keeps of a folder's kernels if any of its sources is another than when they were compiled.

    numba looks only at the file a kernel stands in: one that calls a changed kernel of another file would go on with the old
    one. A folder that cannot be written to is left as it is.
    """
    digest = hashlib.blake2b(digest_size=16)
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes())
    kept = folder / "__pycache__"
    stamp = kept / "kernels.stamp"
    with contextlib.suppress(OSError):
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest.hexdigest():
            return
        for compiled in folder.rglob("__pycache__/*.nb[ic]"):
            compiled.unlink(missing_ok=True)
        kept.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest(), encoding="ascii")


def keep_compiled(folder: Path) -> None:
    """Sees to it that numba has a place to keep compiled kernels, or goes on without one.

    Beside the sources where they may be written; else the user's cache; else a folder of his own among the temporary ones; else
    nowhere: every process then compiles anew. A place others could write is never taken, as what lies there is executed.
    """
    if "NUMBA_CACHE_DIR" in os.environ or _writable(folder):
        return
    place = cache_folder()
    place = None if place is None else private_folder(place / "kernels")
    if place is None:
        with contextlib.suppress(OSError):
            user = os.getuid() if hasattr(os, "getuid") else 0
            place = private_folder(Path(tempfile.gettempdir()) / f"planner-kernels-{user}")
    from numba.core import config, dispatcher

    numba: Any = dispatcher.Dispatcher

    if place is not None:
        setattr(config, "CACHE_DIR", str(place))  # noqa: B010 - numba makes its settings as it is imported
        return
    kept = numba.enable_caching

    def as_far_as_possible(self: object) -> None:
        with contextlib.suppress(RuntimeError):  # "cannot cache function …: no locator available"
            kept(self)

    numba.enable_caching = as_far_as_possible


def _writable(folder: Path) -> bool:
    """Whether files may be made beside the sources of kernels."""
    try:
        (folder / "__pycache__").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "__pycache__"):
            return True
    except OSError:
        return False


forget_stale(Path(__file__).parent)
keep_compiled(Path(__file__).parent)
