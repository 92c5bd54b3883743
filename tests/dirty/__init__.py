"""Broken files made by script, each with what must come of it: read as …, or refused with …."""

from dirty import attributes, encodings, formats, geometries, hostile, positions, rasters
from dirty.case import Case

CASES: list[Case] = [
    case for room in (encodings, formats, positions, geometries, attributes, rasters, hostile) for case in room.CASES
]
