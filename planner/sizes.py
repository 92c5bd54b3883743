"""Size classes of reservoirs, by their total storage."""

from enum import StrEnum
from typing import Final


class SizeClass(StrEnum):
    """Class of a reservoir. Source: SL 252, GB 50201; a pond below 0.1 Mm³."""

    LARGE_1 = "large (1)"
    LARGE_2 = "large (2)"
    MEDIUM = "medium"
    SMALL_1 = "small (1)"
    SMALL_2 = "small (2)"
    POND = "pond"


LEAST_M3: Final = {  # total storage from which a reservoir is of the class, m³; the largest first
    SizeClass.LARGE_1: 1.0e9,
    SizeClass.LARGE_2: 1.0e8,
    SizeClass.MEDIUM: 1.0e7,
    SizeClass.SMALL_1: 1.0e6,
    SizeClass.SMALL_2: 1.0e5,
    SizeClass.POND: 0.0,
}


def size_class(storage_m3: float) -> SizeClass:
    """Class of a reservoir by its total storage, m³, ≥ 0."""
    return next(kind for kind, least in LEAST_M3.items() if storage_m3 >= least)
