"""The templates, read when they are first asked for and only as far as they are asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGS = ("en", "zh")


@cache
def _source(lang: str) -> str:
    return (Path(__file__).parent / f"{lang}.toml").read_text(encoding="utf-8")


@cache
def section(lang: str, name: str) -> Mapping[str, Any]:
    """The templates of one section by the rest of their code; empty where there is no such section.

    A section ends where the next line begins with `[`: only the one asked for is parsed.
    """
    head = f"\n[{name}]\n"
    source = "\n" + _source(lang)
    start = source.find(head)
    if start < 0:
        return {}
    end = source.find("\n[", start + len(head) - 1)
    found = tomllib.loads(source[start : end if end >= 0 else len(source)])
    return dict(found[name])


@cache
def sections(lang: str) -> tuple[str, ...]:
    """The names of all sections in their order."""
    return tuple(line[1:-1] for line in _source(lang).splitlines() if line.startswith("[") and line.endswith("]"))


def template(code: str, lang: str) -> str:
    """The template of a code. Raises LookupError where the code has none."""
    room, _, name = code.partition(".")
    found = section(lang, room).get(name)
    if not isinstance(found, str):
        raise LookupError(f"{code}: no such text in words/{lang}.toml")
    return found
