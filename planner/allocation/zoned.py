"""Earth carried between zones as part of a small program of moves: what hauls cost beyond what a worth of earth counts.

With earth at a worth a haul costs what the worth counts and, for every m³ that goes another way than the worth would have it,
the way less what the worth rises along it. Moves that a limit forces gather spoil where nobody wants it: with flows between
zones in the program it chooses others, where room for the haul that such moves show afterwards only asks for more of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.allocation.carrying import net
from planner.allocation.hauls import Carriage
from planner.allocation.model import Model
from planner.allocation.restrict import Core
from planner.allocation.table import Floats, Ints

ZONES: Final = 64  # on Zhonghu with a budget 1 % less 1.45 M yuan are seen of 1.50; 128 see no more, a fifth slower


@dataclass(frozen=True, eq=False)
class Flows:
    """Zones of units (N,), flows between near ones, tail and head (F,), and what they cost beyond the worth, yuan/m³ (F,).

    size: m³ that a unit of flow stands for."""

    carriage: Carriage
    zone: Ints
    tail: Ints
    head: Ints
    beyond: Floats
    size: float

    def asked(self, columns: Floats) -> float:
        """What the auxiliary columns (C,) of a program with these flows say they cost beyond what was free, yuan."""
        return float(columns[self.tail.size])

    def costs(self, zones: Floats, unit: Ints) -> Floats:
        """What the earth of every option costs at prices of the zones' balances, yuan/m³ (Z,), in yuan (K,); unit (K,)."""
        return np.asarray(zones[self.zone[unit]] * self.carriage.hauls.lack)


def flows_beside(carriage: Carriage, unit: Ints, worth: Floats) -> Flows:
    """The flows of a model's hauls beside a worth of earth at every unit, yuan/m³ (N,); unit (K,): whose each option is."""
    over = net(carriage.hauls, unit, ZONES)
    mean = np.bincount(over.zone, weights=over.weight * worth) / np.bincount(over.zone, weights=over.weight)
    beyond = np.maximum(over.way - (mean[over.head] - mean[over.tail]), 0.0)
    return Flows(carriage, over.zone, over.tail, over.head, beyond, float(over.most.max(initial=0.0)) or 1.0)


def with_flows(core: Core, chosen: Ints, flows: Flows, short: float) -> Model:
    """A core's model with the balance of every zone, and a column for what flows cost beyond `short`, yuan, which limits that
    count the haul leave free already. chosen (N,): what units outside the core take. New columns come first."""
    small, hauls = core.model, flows.carriage.hauls
    count, s, f = int(flows.zone.max()) + 1, small.hi.size, flows.tail.size
    still = np.ones(chosen.size, dtype=np.bool_)
    still[core.units] = False
    done = np.bincount(flows.zone[still], weights=hauls.lack[chosen[still]], minlength=count)
    lacks = np.zeros((count, small.gain.size))
    lacks[flows.zone[core.units][small.unit], np.arange(small.gain.size)] = hauls.lack[core.options]
    entries = np.zeros((f + 1 + small.price.size, s + 1 + count))
    entries[np.arange(f), s + 1 + flows.tail] = flows.size
    entries[np.arange(f), s + 1 + flows.head] = -flows.size
    entries[:f, s] = flows.beyond * flows.size
    entries[f, s] = -1.0
    entries[f, :s] = flows.carriage.money
    entries[f + 1 :, :s] = small.entries
    return replace(
        small,
        coef=np.vstack([small.coef, np.zeros((1, small.gain.size)), lacks]),
        lo=np.r_[small.lo, -np.inf, np.where(hauls.exported, -np.inf, -done)],
        hi=np.r_[small.hi, short, np.where(hauls.imported, np.inf, -done)],
        border=np.r_[small.border, np.zeros(1 + count)],
        labels=(*small.labels, "haul", *("earth of a zone",) * count),
        row_units=(*small.row_units, "yuan", *("m³",) * count),
        owner=np.r_[small.owner, np.full(1 + count, -1)],
        kinds=(*small.kinds, *("",) * (1 + count)),
        entries=entries,
        price=np.r_[np.zeros(f), flows.carriage.counts, small.price],
        upper=np.r_[np.full(f, float(chosen.size)), hauls.most(small.start), small.upper],
    )
