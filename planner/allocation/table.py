"""The options table as flat arrays: one row per (unit, option), units and options in sorted order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.landuse import UNRESTORED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

REQUIRED: Final = ("target", "area_mu", "benefit_cny", "cost_cny")
OPTIONAL: Final = ("cut_m3", "fill_m3", "storage_m3")


@dataclass(frozen=True, eq=False)
class OptionTable:
    """What may be chosen, sorted by (unit_id, option).

    units: ids, shape (N,). start: first option of each unit, shape (N + 1,). unit: unit of each option, shape (K,).
    option: option ids, shape (K,). targets: names; target: index into them, shape (K,). treatment: shape (K,).
    values: the numeric columns, each shape (K,).
    """

    units: NDArray[np.object_]
    start: Ints
    unit: Ints
    option: NDArray[np.object_]
    targets: tuple[str, ...]
    target: Ints
    treatment: NDArray[np.object_]
    values: Mapping[str, Floats]

    @property
    def size(self) -> int:
        """How many options there are."""
        return int(self.option.size)

    def column(self, name: str, rule: str) -> Floats:
        """A numeric column, shape (K,).

        Raises InvalidInput where the table has none of that name.
        """
        if name not in self.values:
            known = ", ".join(sorted(self.values))
            raise InvalidInput(f"{rule}: the options have no numeric column {name!r}; they have {known}")
        return self.values[name]

    def mask(self, target: str | None = None, treatment: str | None = None) -> Bools:
        """Which options have the target and treatment (None: any), shape (K,)."""
        chosen = np.ones(self.size, dtype=np.bool_)
        if target is not None:
            chosen &= self.target == (self.targets.index(target) if target in self.targets else -1)
        if treatment is not None:
            chosen &= self.treatment == treatment
        return chosen

    def positions(self, ids: Iterable[object], rule: str) -> Ints:
        """Units' positions by id.

        Raises InvalidInput naming the first id that is no unit.
        """
        wanted = np.asarray([str(i) for i in ids], dtype=object)
        found = np.searchsorted(self.units.astype(str), wanted.astype(str)) if wanted.size else np.empty(0, np.int64)
        found = np.minimum(found, self.units.size - 1)
        wrong = np.flatnonzero(self.units[found] != wanted) if wanted.size else np.empty(0, np.int64)
        if wrong.size:
            raise InvalidInput(f"{rule}: unit {wanted[wrong[0]]!r} is not among the {self.units.size} units of the options")
        return np.asarray(found, dtype=np.int64)


def read_options(options: pd.DataFrame, *, unrestored: bool = True) -> OptionTable:
    """The options frame as arrays, with an all-zero "unrestored" option for every unit that has none.

    Raises InvalidInput where the index, a column or a value cannot be used, naming unit and option.
    """
    frame = _with_index(options)
    if unrestored:
        frame = _with_unrestored(frame)
    frame = frame.sort_index()
    if frame.empty:
        raise InvalidInput("options: there are no units to allocate")
    doubled = frame.index.duplicated()
    if doubled.any():
        raise InvalidInput(f"options: {frame.index[doubled][0]} occurs more than once; give each option of a unit its own id")
    ids = frame.index.get_level_values(0).to_numpy(dtype=object)
    first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    targets = tuple(sorted(set(frame["target"])))
    return OptionTable(
        units=ids[first],
        start=np.r_[first, ids.size].astype(np.int64),
        unit=np.repeat(np.arange(first.size), np.diff(np.r_[first, ids.size])),
        option=frame.index.get_level_values(1).to_numpy(dtype=object),
        targets=targets,
        target=pd.Categorical(frame["target"], categories=list(targets)).codes.astype(np.int64),
        treatment=frame["treatment"].fillna("").astype(str).to_numpy(dtype=object),
        values=_numbers(frame),
    )


def _with_index(options: pd.DataFrame) -> pd.DataFrame:
    frame = options
    if frame.index.nlevels == 1 and {"unit_id", "option"} <= set(frame.columns):
        frame = frame.set_index(["unit_id", "option"])
    if frame.index.nlevels != 2:
        raise InvalidInput("options: index the table by (unit_id, option)")
    missing = [c for c in REQUIRED if c not in frame.columns]
    if missing:
        raise InvalidInput(f"options: column {missing[0]!r} is missing; needed are {', '.join(REQUIRED)}")
    if frame["target"].isna().any():
        raise InvalidInput(f"options: {frame.index[frame['target'].isna()][0]} has no target")
    frame = frame.assign(target=frame["target"].astype(str))
    for name in OPTIONAL:
        if name not in frame.columns:
            frame = frame.assign(**{name: 0.0})
    if "treatment" not in frame.columns:
        frame = frame.assign(treatment="")
    names = [frame.index.get_level_values(i).astype(str) for i in (0, 1)]
    return frame.set_axis(pd.MultiIndex.from_arrays(names, names=["unit_id", "option"]))


def _with_unrestored(frame: pd.DataFrame) -> pd.DataFrame:
    units = frame.index.get_level_values(0)
    left = (frame["target"] == UNRESTORED).to_numpy() | (frame.index.get_level_values(1) == UNRESTORED)
    lacking = units.unique().difference(units[left].unique())
    if lacking.empty:
        return frame
    index = pd.MultiIndex.from_product([lacking, [UNRESTORED]], names=frame.index.names)
    numeric = frame.select_dtypes(include=["number", "bool"]).columns
    extra = pd.DataFrame(0.0, index=index, columns=numeric).assign(target=UNRESTORED, treatment="none")
    return pd.concat([frame.astype(dict.fromkeys(numeric, float)), extra])


def _numbers(frame: pd.DataFrame) -> dict[str, Floats]:
    numeric = frame.select_dtypes(include=["number", "bool"]).columns
    for name in (*REQUIRED[1:], *OPTIONAL):
        if name not in numeric:
            raise InvalidInput(f"options: column {name!r} holds {frame[name].dtype} instead of numbers")
    values: dict[str, Floats] = {}
    for name in numeric:
        column = np.ascontiguousarray(frame[name].to_numpy(dtype=np.float64))
        essential = name in REQUIRED or name in OPTIONAL
        bad = ~np.isfinite(column)
        if bad.any() and essential:
            raise InvalidInput(f"options: {name} of {frame.index[bad][0]} is {column[bad][0]}; every option needs a number")
        values[str(name)] = column
    negative = values["area_mu"] < 0
    if negative.any():
        raise InvalidInput(f"options: area_mu of {frame.index[negative][0]} is {values['area_mu'][negative][0]:g}, below zero")
    return values
