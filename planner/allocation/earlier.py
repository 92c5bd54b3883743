"""Where an earlier search ended, fitted to a model: its choice, and its prices, drawn into what borders and ways cost now.

No price is believed: any proves a bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from planner.allocation.bound import clean
from planner.allocation.hauls import lawful
from planner.allocation.model import Model
from planner.allocation.parts import Rule, about
from planner.allocation.result import Result
from planner.allocation.search import Warm
from planner.allocation.table import Floats


@dataclass(frozen=True, eq=False)
class Start:
    """An earlier plan: option by unit; prices of its rows (`kind`, `target`, `treatment`, `name`, `unit`, `shadow_price` each,
    as `RowPrice`); prices of borders and earth, what carrying its earth costs, and its bound, where they are known."""

    choice: pd.Series[str]
    rows: Sequence[Mapping[str, Any]] = ()
    warm: Warm | None = None
    haul_cny: float | None = None
    bound: float | None = None


def started(earlier: pd.Series[str] | Result | Start) -> Start:
    """Where an earlier choice, result or plan leaves a search to begin."""
    if isinstance(earlier, Start):
        return earlier
    if isinstance(earlier, Result):
        return Start(earlier.choice, [vars(row) for row in earlier.row_prices], earlier.warm, earlier.haul_cny, earlier.bound)
    return Start(earlier)


def row_prices(model: Model, rules: Sequence[Rule], rows: Sequence[Mapping[str, Any]], sign: float) -> Floats:
    """Prices of the coupling rows (S,), by what each is about; 0 where the earlier plan had none. sign: of the objective."""
    known = {(r["kind"], r["target"], r["treatment"], r["name"], r["unit"]): float(r["shadow_price"]) for r in rows}
    prices = np.zeros(model.coef.shape[0])
    for i in range(prices.size):
        prices[i] = sign * known.get((*about(rules[model.owner[i]], model.kinds[i]), str(model.row_units[i])), 0.0)
    return clean(model, model.told * prices)


def border_prices(model: Model, warm: Warm | None) -> Floats:
    """Prices of each border's terms, yuan (E, C), within what these cost now; 0 where the earlier ones are of other borders."""
    widest = int(np.diff(model.terms.first).max(initial=0))
    nothing = np.zeros((model.edges.cost.size, widest))
    if warm is None or warm.border.shape != nothing.shape or not nothing.size:
        return nothing
    terms, layer = model.terms, model.edges.layer
    place = terms.first[layer][:, None] + np.arange(widest)
    there = place < terms.first[layer + 1][:, None]
    weight = np.where(there, terms.weight[np.minimum(place, max(terms.weight.size - 1, 0))], 0.0)
    known = np.where(np.isfinite(warm.border), warm.border, 0.0)
    return np.asarray(np.clip(known, 0.0, model.borders_count * model.edges.cost[:, None] * weight))


def worth_of_earth(model: Model, warm: Warm | None) -> Floats | None:
    """A worth of earth at every unit, yuan/m³ (N,), lawful for the haul; None where none fits."""
    if model.carriage is None or warm is None or warm.earth is None or warm.earth.size != model.size:
        return None
    if not np.isfinite(warm.earth).all():
        return None
    return lawful(model.carriage.hauls, warm.earth)
