"""What every limit costs and what each unit would rather be, read off the relaxation's multipliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, clean, forest
from planner.allocation.losses import priced
from planner.allocation.model import Model, Settled
from planner.allocation.objective import Objective
from planner.allocation.parts import Rule, about, beside
from planner.allocation.ranges import price_ranges
from planner.allocation.restrict import border_burden
from planner.allocation.result import Binding, RowPrice
from planner.allocation.search import Found
from planner.allocation.table import Bools, Floats, Ints, OptionTable
from planner.core.choice.arrays import Forest
from planner.core.choice.assignment import best_options

TOLD = ["min", "max", "activity", "holds_from", "holds_to"]  # that hold what a limit counts beside the choice


@dataclass(frozen=True, eq=False)
class Accounts:
    """Rows table, binding limits, each unit's next-best option, what every option is worth, and the prices of rows that are
    not 0."""

    rows: pd.DataFrame
    binding: tuple[Binding, ...]
    next_best: pd.DataFrame
    worth: pd.Series[float]
    prices: tuple[RowPrice, ...]


def account(
    table: OptionTable, rules: Sequence[Rule], model: Model, goal: Objective, found: Found, settled: Settled
) -> Accounts:
    """Prices of the limits and regrets of the units at a plan that was found."""
    assert found.chosen is not None
    chosen, order = found.chosen, forest(model)
    rows = clean(model, found.multipliers.rows)
    value, burden = worth(model, chosen, rows)
    ranges = price_ranges(model, Multipliers(rows), order, burden)
    limits = _rows_table([type(rules[i]).__name__ for i in model.owner], model, goal, settled, rows, ranges)
    limits = _as_allowed(limits, model, goal, settled, rows)
    limits[TOLD] += np.array([beside(rules[i]) for i in model.owner]).reshape(-1, 1)
    held = {name: limits[name].to_numpy() for name in limits.columns}  # a row of a frame costs a hundred times as much
    binding = tuple(
        _binding(str(limits.index[i]), {name: held[name][i] for name in held}, rules[model.owner[i]], model.kinds[i])
        for i in np.flatnonzero(held["binding"])
    )
    index = pd.MultiIndex(
        levels=[table.units, pd.Index(table.names.astype(str))],
        codes=[table.unit, table.option],
        names=["unit_id", "option"],
        verify_integrity=False,
    )
    priced = pd.Series(goal.sign * value, index=index, name="worth")
    prices = tuple(
        RowPrice(*about(rules[model.owner[i]], model.kinds[i]), model.row_units[i], float(goal.sign * model.told[i] * rows[i]))
        for i in np.flatnonzero(rows)
    )
    return Accounts(limits.drop(columns="pressing"), binding, next_best(table, model, chosen, value, order), priced, prices)


def _binding(label: str, row: Mapping[str, Any], rule: Rule, kind: str) -> Binding:
    """A row of the limits that presses, with what its rule counts."""
    low, high = (float(v) if np.isfinite(v) else None for v in (row["min"], row["max"]))
    what, target, treatment, name = about(rule, kind)
    return Binding(
        rule=label,
        shadow_price=float(row["shadow_price"]),
        unit=str(row["unit"]),
        limit=float(row["max"] if row["pressing"] > 0 else row["min"]),
        activity=float(row["activity"]),
        kind=what,
        target=target,
        treatment=treatment,
        name=name,
        low=low,
        high=high,
    )


def _rows_table(
    rules: list[str],
    model: Model,
    goal: Objective,
    settled: Settled,
    rows: Floats,
    ranges: tuple[Floats, Floats],
) -> pd.DataFrame:
    activity = settled.activity
    slack = np.minimum(
        model.hi - activity + settled.columns @ -model.entries, activity - model.lo + settled.columns @ model.entries
    )
    activity = activity + settled.columns @ np.maximum(model.entries, 0.0)  # what is bought or waits counts where it burdens
    price = goal.sign * rows
    significant = _significant(rows, activity, settled)
    told, turned = model.told, model.told < 0
    labels = pd.Index(unique_labels(tuple(map(str, model.labels))), name="limit")
    return pd.DataFrame(
        {
            "rule": rules,
            "owner": model.owner,
            "unit": list(model.row_units),
            "min": np.where(turned, -model.hi, model.lo),
            "max": np.where(turned, -model.lo, model.hi),
            "activity": told * activity,
            "slack": slack,
            "shadow_price": np.where(significant, told * price, 0.0) + 0.0,
            "binding": significant,
            "holds_from": np.where(turned, -ranges[1], ranges[0]),
            "holds_to": np.where(turned, -ranges[0], ranges[1]),
            "pressing": told * rows,
        },
        index=labels,
    )


def _significant(prices: Floats, activity: Floats, settled: Settled) -> Bools:
    """Whether what a limit's price comes to at its activity is more than rounding of the objective."""
    return np.asarray(np.abs(prices) * np.maximum(np.abs(activity), 1.0) > 1e-9 * max(abs(settled.objective), 1e-9))


def _as_allowed(limits: pd.DataFrame, model: Model, goal: Objective, settled: Settled, rows: Floats) -> pd.DataFrame:
    """The rows table with limits that stand on helper columns told in the rows that these feed, `Column.allows`.

    Such a row only balances (lack ≤ bought). One more unit *allowed* is worth what one that is there would be, less what it
    costs, its share of budgets that press included. A limit above all that could be bought presses nowhere. The stands between
    which the price holds move with the limit where the column feeds this row alone.
    """
    stated = np.flatnonzero(~np.isnan(model.allows))
    if not stated.size:
        return limits
    row, most = model.entries[stated].argmin(axis=1), model.allows[stated]
    price = np.maximum(-model.price - model.entries @ rows, 0.0)[stated]
    price = np.where(model.upper[stated] < most, 0.0, price)
    binding = _significant(price, limits["activity"].to_numpy()[row], settled)
    alone = binding & (np.count_nonzero(model.entries[stated], axis=1) == 1)
    told = {
        "max": most,
        "slack": most - limits["activity"].to_numpy()[row],
        "shadow_price": np.where(binding, goal.sign * price, 0.0) + 0.0,
        "binding": binding,
        "pressing": price,
        **{end: np.where(alone, limits[end].to_numpy()[row] + most, np.nan) for end in ("holds_from", "holds_to")},
    }
    columns = {name: limits[name].to_numpy(copy=True) for name in told}
    for name, values in told.items():
        columns[name][row] = values
    return limits.assign(**columns)


def unique_labels(labels: tuple[str, ...]) -> list[str]:
    """The labels, later ones of the same words numbered."""
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result


def worth(model: Model, chosen: Ints, rows: Floats) -> tuple[Floats, Floats]:
    """What each option is worth once it pays for the limits it uses and its borders, the plan's neighbours as they are, shape
    (K,), and what its borders cost of that."""
    dear = model.borders_count + (float(rows @ model.border) if rows.size else 0.0)
    burden = dear * border_shares(model, chosen)
    return np.asarray(model.gain - (rows @ model.coef if rows.size else 0.0) - burden), burden


def next_best(table: OptionTable, model: Model, chosen: Ints, value: Floats, order: Forest | None) -> pd.DataFrame:
    """Per unit the best other allowed option by what options are worth, shape (K,), and what it would lose.

    Where water levels hold, what a change forces on other units is counted.
    """
    loss = priced(replace(model, gain=value), Multipliers(np.zeros(model.coef.shape[0])), order).loss
    mine = loss[chosen]
    others = loss.copy()
    others[chosen] = np.inf
    _, first = best_options(model.start, -others, np.isfinite(others))
    none = first < 0
    option = np.where(none, "", table.names[table.option[first]].astype(str))
    regret = np.where(none, np.nan, others[first] - mine)
    return pd.DataFrame({"option": option, "regret": regret}, index=table.units)


def border_shares(model: Model, chosen: Ints) -> Floats:
    """Border cost each option would bear with the neighbours as chosen, shape (K,)."""
    if not model.edges.cost.size:
        return np.zeros(model.gain.size)
    every = np.ones(model.edges.cost.size, dtype=np.bool_)
    return np.asarray(border_burden(model, chosen, every, every)[model.unit, model.kind])
