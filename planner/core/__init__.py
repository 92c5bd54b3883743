"""Kernels on plain arrays in SI units. Nothing here knows of tables, files or projections."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path


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


forget_stale(Path(__file__).parent)
