"""What is the user's own: a cache folder nobody else may write, and a secret by which he knows again what he kept."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Final

_SECRET_BYTES: Final = 32


def cache_folder() -> Path | None:
    """The program's folder in the user's cache, made where it is missing; None where there can be none that is his alone."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        base = Path(home) if home else Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    except RuntimeError:  # no home
        return None
    return private_folder(base / "planner")


def private_folder(path: Path) -> Path | None:
    """A folder made for the user alone; None where it is a link, another's, open to others or cannot be written."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if os.name == "nt":
            return path if stat.S_ISDIR(found.st_mode) else None
        if (
            stat.S_ISDIR(found.st_mode)
            and found.st_uid == os.geteuid()
            and not found.st_mode & 0o022
            and os.access(path, os.W_OK)
        ):
            return path
    return None


def _secret() -> bytes | None:
    """The user's secret, drawn once; None where none can be kept."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / "secret"
    with contextlib.suppress(FileExistsError, OSError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            os.write(handle, secrets.token_bytes(_SECRET_BYTES))
        finally:
            os.close(handle)
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            found, secret = os.fstat(handle), os.read(handle, _SECRET_BYTES + 1)
        finally:
            os.close(handle)
        alone = os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)
        if stat.S_ISREG(found.st_mode) and alone and len(secret) == _SECRET_BYTES:
            return secret
    return None


def seal(content: bytes) -> str | None:
    """What only this user's programs can say of a content (HMAC-SHA256, hexadecimal); None where no secret can be kept."""
    secret = _secret()
    return None if secret is None else hmac.new(secret, content, hashlib.sha256).hexdigest()


def is_sealed(content: bytes, told: str) -> bool:
    """Whether this user's programs said so of this content."""
    known = seal(content)
    return known is not None and hmac.compare_digest(known, told)
