"""The options table as flat arrays: one row per (unit, option), units and options in sorted order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.landuse import UNRESTORED
from planner.words import say

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

REQUIRED: Final = ("target", "area_mu", "benefit_cny", "cost_cny")
OPTIONAL: Final = ("cut_m3", "fill_m3", "storage_m3")


@dataclass(frozen=True, eq=False)
class OptionTable:
    """What may be chosen, sorted by (unit_id, option).

    units: ids, shape (N,). start: first option of each unit, shape (N + 1,). unit: unit of each option, shape (K,).
    names, targets, treatments: sorted words; option, target, treatment: index into them, (K,). values: columns, each (K,).
    """

    units: pd.Index[str]
    start: Ints
    unit: Ints
    names: NDArray[np.object_]
    option: Ints
    targets: tuple[str, ...]
    target: Ints
    treatments: tuple[str, ...]
    treatment: Ints
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
            raise InvalidInput(say("allocation.no_numeric", rule=rule, name=name, known=known))
        return self.values[name]

    def mask(self, target: str | None = None, treatment: str | Sequence[str] | None = None) -> Bools:
        """Which options have the target and (one of) the treatments (None: any), shape (K,)."""
        chosen = np.ones(self.size, dtype=np.bool_)
        if target is not None:
            chosen &= self.target == (self.targets.index(target) if target in self.targets else -1)
        if treatment is not None:
            wanted = (treatment,) if isinstance(treatment, str) else treatment
            chosen &= np.isin(self.treatment, [self.treatments.index(w) for w in wanted if w in self.treatments])
        return chosen

    def positions(self, ids: Iterable[object], rule: str) -> Ints:
        """Units' positions by id.

        Raises InvalidInput naming the first id that is no unit.
        """
        if isinstance(ids, pd.Series | pd.Index):
            ids = ids.to_numpy(dtype=object)  # at once: one by one cost a fifth of a compact plan's time
        wanted = pd.Index(ids if isinstance(ids, np.ndarray) else list(ids), dtype=object)
        found = np.asarray(self.units.get_indexer(wanted), dtype=np.int64)
        if (found < 0).any():  # numbers, or names that are no units
            wanted = pd.Index([str(i) for i in wanted], dtype=object)
            found = np.asarray(self.units.get_indexer(wanted), dtype=np.int64)
        wrong = np.flatnonzero(found < 0)
        if wrong.size:
            raise InvalidInput(say("allocation.no_unit", rule=rule, unit=wanted[wrong[0]], n=len(self.units)))
        return found

    def options_of(self, unit: int) -> Ints:
        """Positions of a unit's options."""
        return np.arange(self.start[unit], self.start[unit + 1], dtype=np.int64)

    def name(self, position: int) -> str:
        """An option in words: its unit and id."""
        return f"{self.units[self.unit[position]]} {self.names[self.option[position]]}"


EXACT = 2.0**53  # whole numbers from here on lose digits in a column of numbers with a fraction


def read_options(options: pd.DataFrame, *, unrestored: bool = True, units: Iterable[object] | None = None) -> OptionTable:
    """The options frame as arrays, with an all-zero "unrestored" option for every unit that has none.

    units: all units there are, for those that have no option in the frame.
    Raises InvalidInput where the index, a column or a value cannot be used, naming unit and option.
    """
    frame = _checked(options)
    unit_ids, unit = _level(frame, 0)
    names, option = _level(frame, 1)
    targets, target = _words(frame["target"])
    treatments, treatment = (
        _words(frame["treatment"].fillna("")) if "treatment" in frame else ((), np.zeros(len(frame), np.int64))
    )
    treatments = treatments or ("",)
    values = _numbers(frame, unit_ids, unit, names, option)
    every = unit_ids if units is None else np.unique(np.r_[unit_ids, np.array([str(u) for u in units], dtype=object)])
    unit = np.searchsorted(every, unit_ids)[unit] if every.size != unit_ids.size else unit
    if unrestored:
        idle = np.isin(target, [i for i, t in enumerate(targets) if t == UNRESTORED])
        idle |= np.isin(option, np.flatnonzero(names == UNRESTORED))
        has = np.zeros(every.size, dtype=np.bool_)
        has[unit[idle]] = True
        lacking = np.flatnonzero(~has)
        names, option = _with_word(names, option, UNRESTORED, lacking.size)
        targets_, target = _with_word(np.array(targets, dtype=object), target, UNRESTORED, lacking.size)
        treatments_, treatment = _with_word(np.array(treatments, dtype=object), treatment, "none", lacking.size)
        targets, treatments = tuple(targets_), tuple(treatments_)
        unit = np.r_[unit, lacking]
        values = {name: np.r_[column, np.zeros(lacking.size)] for name, column in values.items()}
    if not every.size:
        raise InvalidInput(say("allocation.no_units"))
    order = np.lexsort((option, unit))
    unit, option = unit[order], option[order]
    count = np.bincount(unit, minlength=every.size)
    if (count == 0).any():
        raise InvalidInput(say("allocation.no_option", unit=every[int(np.argmin(count))]))
    doubled = np.flatnonzero((unit[1:] == unit[:-1]) & (option[1:] == option[:-1]))
    if doubled.size:
        what = f"{every[unit[doubled[0]]]} {names[option[doubled[0]]]}"
        raise InvalidInput(say("allocation.option_twice", what=what))
    return OptionTable(
        units=pd.Index(every, dtype=object, name="unit_id"),
        start=np.r_[0, np.cumsum(count)].astype(np.int64),
        unit=unit,
        names=names,
        option=option,
        targets=targets,
        target=target[order],
        treatments=treatments,
        treatment=treatment[order],
        values={name: np.ascontiguousarray(column[order]) for name, column in values.items()},
    )


def _checked(options: pd.DataFrame) -> pd.DataFrame:
    frame = options
    if frame.index.nlevels == 1 and {"unit_id", "option"} <= set(frame.columns):
        frame = frame.set_index(["unit_id", "option"])
    elif frame.index.nlevels == 1 and {frame.index.name, *frame.columns} >= {"unit_id", "option"}:
        frame = frame.set_index("option" if frame.index.name == "unit_id" else "unit_id", append=True)
    if frame.index.nlevels == 2 and (frame.index.names[0] == "option" or frame.index.names[1] == "unit_id"):
        frame = frame.swaplevel()  # levels count by their names
    if frame.index.nlevels != 2:
        raise InvalidInput(say("allocation.option_index"))
    missing = [c for c in REQUIRED if c not in frame.columns]
    if missing:
        raise InvalidInput(say("allocation.option_column", missing=missing[0], needed=list(REQUIRED)))
    if frame["target"].isna().any():
        raise InvalidInput(say("allocation.option_no_target", where=frame.index[frame["target"].isna()][0]))
    return frame


def _level(frame: pd.DataFrame, level: int) -> tuple[NDArray[np.object_], Ints]:
    """A level of the index as sorted words and codes."""
    index = frame.index
    assert isinstance(index, pd.MultiIndex)
    values = index.levels[level]
    if pd.api.types.is_float_dtype(values) and len(values) and float(np.abs(values).max()) >= EXACT:
        raise InvalidInput(say("allocation.ids_rounded", key=("unit_id", "option")[level], example=float(np.abs(values).max())))
    words = np.array([str(w) for w in values.to_numpy(dtype=object)], dtype=object)
    codes = np.asarray(index.codes[level], dtype=np.int64)
    if (codes < 0).any():
        raise InvalidInput(
            say("allocation.option_no_key", row=int(np.argmax(codes < 0)), key="unit_id" if level == 0 else "option")
        )
    return _used(words, codes)


def _words(column: pd.Series[str]) -> tuple[tuple[str, ...], Ints]:
    codes, words = pd.factorize(column, sort=False)
    used, place = _used(np.array([str(w) for w in words], dtype=object), np.asarray(codes, dtype=np.int64))
    return tuple(used), place


def _used(words: NDArray[np.object_], codes: Ints) -> tuple[NDArray[np.object_], Ints]:
    """The words that occur, sorted and each once, and the codes into them."""
    if not words.size:
        return words, codes
    present = np.bincount(codes, minlength=words.size) > 0
    used, inverse = np.unique(words[present], return_inverse=True)
    place = np.full(words.size, -1, dtype=np.int64)
    place[present] = inverse
    return used, place[codes]


def _with_word(words: NDArray[np.object_], codes: Ints, word: str, times: int) -> tuple[NDArray[np.object_], Ints]:
    """The words with one more, in order, and the codes with it appended a number of times."""
    if not times:
        return words, codes
    more = np.unique(np.r_[words, np.array([word], dtype=object)])
    moved = np.searchsorted(more, words)[codes] if codes.size else codes
    return more, np.r_[moved, np.full(times, int(np.searchsorted(more, word)))].astype(np.int64)


def _numbers(
    frame: pd.DataFrame, units: NDArray[np.object_], unit: Ints, names: NDArray[np.object_], option: Ints
) -> dict[str, Floats]:
    numeric = list(frame.select_dtypes(include=["number", "bool"]).columns)
    values: dict[str, Floats] = {name: np.zeros(len(frame)) for name in OPTIONAL if name not in frame.columns}
    for name in (*REQUIRED[1:], *OPTIONAL):
        if name in frame.columns and name not in numeric:
            raise InvalidInput(say("allocation.option_text", name=name, kind=frame[name].dtype))
    for name in numeric:
        column = np.asarray(frame[name].to_numpy(dtype=np.float64, na_value=np.nan))
        bad = np.flatnonzero(~np.isfinite(column)) if name in REQUIRED or name in OPTIONAL else np.empty(0, np.int64)
        if bad.size:
            what = f"{units[unit[bad[0]]]} {names[option[bad[0]]]}"
            raise InvalidInput(say("allocation.option_gap", name=name, what=what, value=column[bad[0]]))
        values[str(name)] = column
    negative = np.flatnonzero(values["area_mu"] < 0)
    if negative.size:
        what = f"{units[unit[negative[0]]]} {names[option[negative[0]]]}"
        raise InvalidInput(say("allocation.option_area", what=what, area=values["area_mu"][negative[0]]))
    return values
