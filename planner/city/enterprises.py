"""Yield per mu (亩均效益): enterprises scored by what they bring per mu of land, per energy, per head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.parameters import Parameters, defaults, nearest
from planner.words import say

CLASSES = ("A", "B", "C", "D")
_SECTION = "city.yield_per_mu"


@dataclass(frozen=True)
class YieldSet:
    """What an enterprise is scored by: weight (points) and benchmark of each column; a benchmark of None is the mean given."""

    name: str
    weights: Mapping[str, float]
    benchmarks: Mapping[str, float | None]

    def __post_init__(self) -> None:
        if set(self.weights) != set(self.benchmarks) or not self.weights:
            raise InvalidInput(say("city.weights_without_benchmarks", name=self.name))
        for column, weight in self.weights.items():
            mark = self.benchmarks[column]
            if not (np.isfinite(weight) and weight > 0):
                raise InvalidInput(say("city.bad_weight", name=self.name, column=column, value=float(weight)))
            if mark is not None and not (np.isfinite(mark) and mark > 0):
                raise InvalidInput(say("city.bad_benchmark", name=self.name, column=column, value=float(mark)))


def named_set(name: str, parameters: Parameters | None = None) -> YieldSet:
    """A set of weights that ships: `huangyan-2022` or `shizuishan`. Raises InvalidInput naming the nearest."""
    p = defaults() if parameters is None else parameters
    head = f"{_SECTION}."
    known = sorted({key.split(".")[2] for key in p if key.startswith(head) and key.count(".") > 2})
    if name not in known:
        raise InvalidInput(say("city.no_set", name=name, known=known, near=nearest(name, known)))
    columns = dict.fromkeys(key.split(".")[3] for key in p if key.startswith(f"{head}{name}."))
    section = {c: p.section(f"{_SECTION}.{name}.{c}") for c in columns}
    marks = {c: float(v["benchmark"]) if "benchmark" in v else None for c, v in section.items()}
    return YieldSet(name, {c: float(v["weight"]) for c, v in section.items()}, marks)


def yield_per_mu(
    table: pd.DataFrame,
    *,
    weights: str | YieldSet = "huangyan-2022",
    cap: float | None = None,
    exempt: pd.Series | None = None,
    parameters: Parameters | None = None,
) -> pd.DataFrame:
    """Score, class and rank of enterprises by what they yield per mu.

    table: index enterprise id, a column per indicator of the set in its unit (≥ 0; missing where not known). weights: a set
    that ships, or a YieldSet. cap: the most that value / benchmark may count per indicator (None: no cap). exempt: True per
    id for kinds that are not ranked (public utilities, first years of a firm).
    Returns the table's ids, in its order: `score` (100 at the benchmarks), `class` A to D by rank (A the first 20 %, B to
    60 %, C to 95 %), `rank` (1 the best, equal scores share one), `missing` (names of the indicators that are not known).
    An enterprise with a missing value or an exemption has no score, class or rank. Raises InvalidInput.
    Source: Huangyan district, Taizhou, 2022 (weights, benchmarks); classes: Zhejiang's practice of 亩均论英雄.

    Examples
    --------
    >>> import pandas as pd
    >>> marks = {c: [b] for c, b in named_set("huangyan-2022").benchmarks.items()}
    >>> float(yield_per_mu(pd.DataFrame(marks, index=["at the benchmarks"]))["score"].iloc[0])
    100.0
    """
    p = defaults() if parameters is None else parameters
    chosen = named_set(weights, p) if isinstance(weights, str) else weights
    values = _checked(table, chosen)
    if cap is not None and not (np.isfinite(cap) and cap > 0):
        raise InvalidInput(say("city.bad_number", name="cap", value=float(cap)))
    ranked = values.notna().all(axis=1)
    if exempt is not None:
        ranked &= ~exempt.reindex(values.index, fill_value=False).astype(bool)
    points = [_points(values[c], chosen.benchmarks[c], ranked, cap) * w for c, w in chosen.weights.items()]
    score = pd.concat(points, axis=1).sum(axis=1, skipna=False).where(ranked)
    # Sums of the same firms in another order agree to the last bits only: ties are told to twelve digits.
    told = score.map(lambda s: s if np.isnan(s) else float(f"{s:.12g}"))
    rank = told.rank(method="min", ascending=False)
    missing = values.isna().apply(lambda row: ", ".join(values.columns[row]), axis=1)
    return pd.DataFrame(
        {"score": told, "class": _classes(rank, p), "rank": rank.astype("Int64"), "missing": missing}, index=table.index
    )


def _checked(table: pd.DataFrame, chosen: YieldSet) -> pd.DataFrame:
    if not len(table):
        raise InvalidInput(say("city.no_enterprise"))
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        raise InvalidInput(say("city.enterprise_twice", id=str(twice)))
    lacking = [c for c in chosen.weights if c not in table.columns]
    if lacking:
        raise InvalidInput(
            say(
                "city.no_indicator_column",
                column=lacking[0],
                near=nearest(lacking[0], table.columns),
                name=chosen.name,
                columns=list(chosen.weights),
            )
        )
    values = table[list(chosen.weights)].apply(pd.to_numeric, errors="coerce").astype(float)
    for column in values:
        words = table[column].notna() & values[column].isna()
        if words.any():
            where = words.idxmax()
            raise InvalidInput(say("city.no_number", column=column, id=str(where), value=str(table.at[where, column])))
        bad = (values[column] < 0) | np.isinf(values[column])
        if bad.any():
            where = bad.idxmax()
            raise InvalidInput(say("city.below_zero", column=column, id=str(where), value=float(values.at[where, column])))
    return values


def _points(values: pd.Series, mark: float | None, ranked: pd.Series, cap: float | None) -> pd.Series:
    """value / benchmark; without a benchmark the mean of the ranked enterprises is one."""
    level = float(values[ranked].mean()) if mark is None else mark
    if ranked.any() and not level > 0:
        raise InvalidInput(say("city.all_zero", column=str(values.name)))
    ratio = values / level
    return ratio if cap is None else ratio.clip(upper=cap)


def _classes(rank: pd.Series, p: Parameters) -> pd.Series:
    ends = [p.number(f"{_SECTION}.class_{c}_share") for c in "abc"]
    before = (rank - 1.0) / max(int(rank.notna().sum()), 1)  # share of the ranked that stand before
    place = np.searchsorted(ends, before.to_numpy() + 1e-12, side="right")
    names = np.array(CLASSES, dtype=object)[np.minimum(place, len(CLASSES) - 1)]
    return pd.Series(np.where(rank.notna(), names, None), index=rank.index)


def low_yield(scores: pd.DataFrame, *, classes: tuple[str, ...] = ("D",)) -> pd.Index:
    """Ids of the enterprises whose land is a candidate for another use, worst first: scores as yield_per_mu gives them."""
    return scores[scores["class"].isin(classes)].sort_values("score", kind="stable").index


def justified_tax_per_mu(cost_cny_per_mu: float, *, years: int, rate: float) -> float:
    """Tax per mu and year, yuan, that pays back a cost per mu over the years at a discount rate (the annuity)."""
    if not (cost_cny_per_mu >= 0 and years > 0 and rate >= 0):
        raise InvalidInput(say("city.bad_annuity", cost=float(cost_cny_per_mu), years=years, rate=float(rate)))
    return cost_cny_per_mu / years if rate == 0 else cost_cny_per_mu * rate / -float(np.expm1(-years * np.log1p(rate)))
