"""Descriptions that somebody else wrote in TOML: plain files of a sensible size, parsed, or refused in a line."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

from planner.errors import InvalidInput
from planner.words import Message, plain, say

_ENDLESS_KEY: Final = re.compile(r"(?<![\w\"'.-])(?:[\w\"'-]+[ \t]*\.[ \t]*){256}")  # TOML's reader takes its length squared
MAX_BYTES: Final = 16 << 20  # of a description; the largest honest ones are a thousandth of it


def read_toml(path: Path, missing: Message) -> dict[str, Any]:
    """A TOML file's content.

    missing: what is said where there is no such file.
    Raises InvalidInput where it is missing, no plain file (a pipe would be waited for, a device read without end), too large,
    nested too deep or not TOML.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(handle, "rb") as file:  # noqa: PTH123 - a handle: what is looked at is what is read
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise InvalidInput(say("documents.not_plain", path=path))
            if found.st_size > MAX_BYTES:
                raise InvalidInput(say("documents.too_large", path=path, size=found.st_size / 1e6))
            raw = file.read(MAX_BYTES)
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        if _ENDLESS_KEY.search(text):
            raise RecursionError
        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(missing) from None
    except IsADirectoryError:
        raise InvalidInput(say("documents.is_folder", path=path)) from None
    except OSError as error:
        raise InvalidInput(say("documents.unreadable", path=path, why=plain(error.strerror or type(error).__name__))) from None
    except RecursionError:
        raise InvalidInput(say("documents.nested", path=path.name)) from None
    except ValueError as error:  # TOML's and Unicode's errors, and numbers of too many digits
        why = plain(" ".join(str(error).split())[:120])
        raise InvalidInput(say("documents.not_toml", path=path.name, why=why)) from None
