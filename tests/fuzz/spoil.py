"""Spoiling by structure: trees of JSON, tables of databases, tags of images, tokens of texts, bytes where all else fails."""

from __future__ import annotations

import random
import re
import sqlite3
import struct
from pathlib import Path
from typing import Any

NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.0, -0.0, 1e-300, 1e300, float("inf"), float("-inf"), float("nan"))
TEXTS = ("", " ", "x", "x" * 5000, "\0", "\n", "\ud7ff", "中" * 300, "=1+1", "<b>", "-9999", "NaN", "1e999", "2023-13-40")
POOL: tuple[Any, ...] = (None, True, False, *NUMBERS, *TEXTS, [], {}, [[]], [1, 2], {"a": 1})
TOKENS = ("", "nan", "inf", "-inf", "1e308", "-1e308", "0", "-1", "1e-320", "x", "(((", ")", "()", "EMPTY", ",", "9" * 20, "中")


def tree(value: Any, rng: random.Random, times: int) -> Any:
    """A JSON value with a few of its nodes replaced, taken out, doubled, nested or put in another order."""
    for _ in range(times):
        parent, key = _somewhere(value, rng)
        if parent is None:
            return rng.choice(POOL)
        kind = rng.randrange(6)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, list):
            parent.insert(key, parent[key])
        elif kind == 2 and isinstance(parent[key], list):
            rng.shuffle(parent[key])
        elif kind == 3:
            parent[key] = [parent[key]] if rng.random() < 0.7 else {"x": parent[key]}
        elif kind == 4 and isinstance(parent[key], (int, float)) and not isinstance(parent[key], bool):
            parent[key] = parent[key] * rng.choice((-1, 1e-9, 1e9, 1.0000001)) + rng.choice((0, 0, 1e-7, 1))
        else:
            parent[key] = rng.choice(POOL)
    return value


def _somewhere(value: Any, rng: random.Random) -> tuple[Any, Any]:
    """A container within a value, and a key or place in it; the deeper the likelier."""
    parent, key, at = None, None, value
    while isinstance(at, (dict, list)) and at:
        step = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
        parent, key, at = at, step, at[step]
        if rng.random() < 0.12:
            break
    return parent, key


def tokens(text: str, rng: random.Random, times: int) -> str:
    """A text with a few of its numbers, words and signs replaced, doubled or gone."""
    parts = re.split(r"([\s,;()<>=\"'\[\]{}]+)", text)
    for _ in range(times):
        at = rng.randrange(len(parts))
        kind = rng.randrange(4)
        if kind == 0:
            parts[at] = ""
        elif kind == 1:
            parts[at] *= rng.choice((2, 2, 50))
        elif kind == 2:
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        else:
            parts[at] = rng.choice(TOKENS)
    return "".join(parts)


def octets(raw: bytes, rng: random.Random, times: int, span: int | None = None) -> bytes:
    """Bytes with a few of them flipped, set to extremes, cut off or doubled; within the first `span` where that is said."""
    result = bytearray(raw)
    for _ in range(times):
        if not result:
            break
        at = rng.randrange(min(len(result), span or len(result)))
        kind = rng.randrange(7)
        if kind < 3:
            result[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 3:
            result[at : at + 4] = struct.pack("<i", rng.choice((-1, 0, 2**31 - 1, -(2**31), rng.randrange(1, 100_000))))
        elif kind == 4:
            result[at : at + 8] = struct.pack("<d", rng.choice((float("nan"), float("inf"), 1e300, -1e300, 1e-320)))
        elif kind == 5 and rng.random() < 0.3:
            del result[at:]
        else:
            result[at:at] = result[at : at + rng.randrange(1, 40)]
    return bytes(result)


def tags(raw: bytes, rng: random.Random, times: int) -> bytes:
    """A little-endian TIFF with a few entries of its first directory changed: number, kind, count or value."""
    result = bytearray(raw)
    (first,) = struct.unpack_from("<I", raw, 4)
    (count,) = struct.unpack_from("<H", raw, first)
    for _ in range(times):
        entry = first + 2 + 12 * rng.randrange(count)
        place, shape = rng.choice(((0, "<H"), (2, "<H"), (4, "<I"), (8, "<I")))
        most = 2**16 - 1 if shape == "<H" else 2**32 - 1
        struct.pack_into(shape, result, entry + place, rng.choice((0, 1, 2, 3, 12, 256, 65535, most, rng.randrange(most))))
    return bytes(result)


def database(path: Path, rng: random.Random, times: int) -> None:
    """A GeoPackage with a few cells, columns, tables or pages spoilt."""
    if rng.random() < 0.2:
        path.write_bytes(octets(path.read_bytes(), rng, times))
        return
    base = sqlite3.connect(path)
    base.execute("PRAGMA writable_schema = ON")
    names = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    for _ in range(times):
        table = rng.choice(names)
        try:
            columns = [row[1] for row in base.execute(f'PRAGMA table_info("{table}")')]
            column = rng.choice(columns)
            _one_change(base, table, column, rng)
        except (sqlite3.Error, IndexError, OverflowError, UnicodeError):
            continue
    base.commit()
    base.close()


def _one_change(base: sqlite3.Connection, table: str, column: str, rng: random.Random) -> None:
    where = f'rowid = (SELECT rowid FROM "{table}" ORDER BY random_ LIMIT 1)'.replace(
        "random_", f"rowid % {rng.randrange(1, 7)}, rowid"
    )
    kind = rng.randrange(8)
    if kind == 0:
        base.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    elif kind == 1:
        base.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{rng.choice(("x", "geom", "fid", "编号"))}"')
    elif kind == 2 and rng.random() < 0.3:
        base.execute(f'DROP TABLE "{table}"')
    elif kind == 3:
        base.execute(f'DELETE FROM "{table}" WHERE {where}' if rng.random() < 0.7 else f'DELETE FROM "{table}"')
    elif kind < 6:
        (old,) = base.execute(f'SELECT "{column}" FROM "{table}" WHERE {where}').fetchone() or (None,)
        new = octets(old, rng, rng.randrange(1, 4)) if isinstance(old, bytes) else rng.choice(POOL)
        new = new if isinstance(new, (str, int, float, bytes, type(None))) else str(new)
        base.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {where}', (new,))
    else:
        new = rng.choice(POOL)
        base.execute(
            f'UPDATE "{table}" SET "{column}" = ?', (new if isinstance(new, (str, int, float, type(None))) else str(new),)
        )
