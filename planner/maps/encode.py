"""Columns and polygons as one compact, deterministic block of text that the page decodes with what every browser has.

A block is base64(gzip(header length, header JSON, planes)). Every column is a list of integers, zigzag-coded, stored as byte
planes (all lowest bytes, then the next) because nearly all high bytes are zero and planes of zeros vanish in gzip.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.words import say

Ints = NDArray[np.int64]
MISSING = -(2**31)  # stands for NaN in a coded column; no scaled value reaches it
LARGEST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Column:
    """Integers of one column and how the page turns them back: value = integer · scale; `delta`: differences are stored."""

    values: Ints
    scale: float = 1.0
    delta: bool = False


def numbers(values: Any, *, step: float) -> Column:
    """A column of floats at a resolution of `step` (in the column's unit), coarser by tens where int32 would overflow.

    values: shape (n,), NaN for missing.
    """
    array = np.asarray(values, dtype=np.float64)
    known = np.isfinite(array)
    largest = float(np.abs(array[known]).max()) if known.any() else 0.0
    while largest / step >= LARGEST:
        step *= 10.0
    coded = np.full(array.shape, MISSING, dtype=np.int64)
    coded[known] = np.rint(array[known] / step).astype(np.int64)
    return Column(coded, scale=step)


def codes(values: Sequence[Any], vocabulary: Sequence[str]) -> Column:
    """A column of words as positions in `vocabulary`; what is not in it (or missing) is -1."""
    place = {word: i for i, word in enumerate(vocabulary)}
    return Column(np.fromiter((place.get(v, -1) for v in values), dtype=np.int64, count=len(values)))


@dataclass(frozen=True, eq=False)
class Rings:
    """Polygons as rings: `x`, `y` shape (points,) without the closing points, `ring_sizes`, `rings_per_unit` shape (units,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ring_sizes: Ints
    rings_per_unit: Ints


def rings_of(geometries: NDArray[np.object_]) -> Rings:
    """The rings of polygons and multipolygons, shells counter-clockwise, holes clockwise, in the given order.

    Raises InvalidInput where a geometry is neither, or missing.
    """
    kinds = shapely.get_type_id(geometries)
    wrong = np.flatnonzero((kinds != 3) & (kinds != 6))
    if wrong.size:
        raise InvalidInput(say("maps.no_polygon", unit=int(wrong[0]), n=len(geometries)))
    oriented = shapely.orient_polygons(geometries)
    parts, part_owner = shapely.get_parts(oriented, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    owner = part_owner[ring_part]
    sizes = shapely.get_num_coordinates(rings).astype(np.int64)
    coordinates = shapely.get_coordinates(rings)
    closing = np.cumsum(sizes) - 1
    keep = np.ones(len(coordinates), dtype=bool)
    keep[closing] = False
    per_unit = np.bincount(owner, minlength=len(geometries)).astype(np.int64)
    return Rings(coordinates[keep, 0], coordinates[keep, 1], sizes - 1, per_unit)


def delta(values: NDArray[np.float64]) -> Column:
    """A column of whole numbers stored as differences between neighbours in the list."""
    whole = np.rint(values).astype(np.int64)
    return Column(np.diff(whole, prepend=np.int64(0)), delta=True)


def pack(columns: Mapping[str, Column], texts: Mapping[str, Any] | None = None, *, level: int = 6) -> str:
    """The block for the given columns and JSON-able texts; the same input always gives the same characters.

    Raises InvalidInput where a value does not fit 32 bits.
    """
    header: dict[str, Any] = {"columns": [], "texts": dict(texts or {})}
    body: list[bytes] = []
    for name, column in columns.items():
        planes = _planes(name, column.values)
        header["columns"].append(
            {"name": name, "n": int(column.values.size), "planes": len(planes), "scale": column.scale, "delta": column.delta}
        )
        body.extend(planes)
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")
    raw = b"".join([len(head).to_bytes(4, "little"), head, *body])
    return base64.b64encode(gzip.compress(raw, compresslevel=level, mtime=0)).decode("ascii")


def _planes(name: str, values: Ints) -> list[bytes]:
    if values.size and (values.min() < MISSING or values.max() > LARGEST):
        raise InvalidInput(say("maps.too_large", name=name, value=int(np.abs(values).max())))
    zigzag = ((values << 1) ^ (values >> 63)).astype(np.uint32)
    top = int(zigzag.max()) if zigzag.size else 0
    count = max(1, (top.bit_length() + 7) // 8)
    octets = np.ascontiguousarray(zigzag.astype("<u4")).view(np.uint8).reshape(-1, 4)
    return [octets[:, k].tobytes() for k in range(count)]


def unpack(block: str) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
    """The columns (NaN for missing) and texts of a block: what the page's decoder does, for tests and tools."""
    raw = gzip.decompress(base64.b64decode(block))
    length = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + length])
    offset, found = 4 + length, {}
    for spec in header["columns"]:
        n = spec["n"]
        zigzag = np.zeros(n, dtype=np.int64)
        for k in range(spec["planes"]):
            zigzag |= np.frombuffer(raw, dtype=np.uint8, count=n, offset=offset).astype(np.int64) << (8 * k)
            offset += n
        whole = (zigzag >> 1) ^ -(zigzag & 1)
        if spec["delta"]:
            whole = np.cumsum(whole)
        found[spec["name"]] = np.where(whole == MISSING, np.nan, whole * spec["scale"])
    return found, header["texts"]
