"""Haul inside the primal-dual iteration: a worth of earth in every zone of the site, and flows between zones.

Zones are only where prices move: the bound always takes a worth at every unit that is nowhere steeper than the way costs.
"""

from __future__ import annotations

import numpy as np

from planner.allocation.hauls import Carriage, from_places
from planner.allocation.table import Floats, Ints

ZONES = 64  # measured on Zhonghu: 128 gave the same bound to 1 %


class Carrying:
    """Zones, their scaled prices of earth, and the flows between them, with the anchors and projections of the iteration."""

    def __init__(self, carriage: Carriage, unit: Ints, money: float, scale: Floats) -> None:
        hauls = carriage.hauls
        self.carriage, self.money = carriage, money
        most = np.zeros(len(hauls.xy))
        np.maximum.at(most, unit, np.abs(hauls.lack))
        self.zone = zones(hauls.xy, most, ZONES)
        count = int(self.zone.max()) + 1
        weight = np.bincount(self.zone, weights=most + 1e-9, minlength=count)
        self.at = np.stack([np.bincount(self.zone, weights=(most + 1e-9) * c, minlength=count) / weight for c in hauls.xy.T], 1)
        self.size = 2.0 * float(most.max()) or 1.0  # m³ that a scaled unit of flow stands for
        self.by_option, self.lack = self.zone[unit], hauls.lack / self.size
        way = np.hypot(*(self.at[:, None, :] - self.at[None, :, :]).transpose(2, 0, 1)) * hauls.rate * self.size
        self.way = way / money  # scaled cost of a unit of flow between two zones
        self.in_rows = carriage.money * money / scale  # what a scaled yuan of haul is in each row
        self.new_price, self.new_flow = np.zeros(count), np.zeros((count, count))
        own = np.bincount(self.by_option, weights=np.abs(self.lack), minlength=count)
        self.pace = 1.0 / (own + 2.0 * count)
        self.heavy = most / self.size
        self.row_weight = self.in_rows * float(self.way.sum())
        self.column = 2.0 + self.way * float(self.in_rows.sum())
        self.restart()

    def restart(self) -> None:
        """Anchors the iteration where its projection is."""
        self.price, self.flow = self.new_price.copy(), self.new_flow.copy()
        self.home_price, self.home_flow = self.price.copy(), self.flow.copy()

    def begin(self, worth: Floats, dear: float) -> None:
        """Starts from a worth of earth at every unit (N,), yuan/m³, that weighs `dear` in the objective."""
        mean = np.bincount(self.zone, weights=worth) / np.bincount(self.zone)
        self.new_price = mean * dear * self.size / self.money
        self.restart()

    def slope(self) -> Floats:
        """What each option's earth costs at the zones' prices, scaled, (K,)."""
        return np.asarray(self.price[self.by_option] * self.lack)

    def step(self, ahead: Floats, row: Floats, beta: float, weight: float) -> tuple[Floats, float]:
        """Flows, then prices; ahead (K,): extrapolated shares, row (S,): scaled prices of the rows. Returns what the flows add
        to the rows (S,), and the squared move."""
        pace = 0.99 / (weight * self.column)
        dear = self.carriage.counts + float(self.in_rows @ row)
        slope = self.way * dear + self.price[:, None] - self.price[None, :]
        self.new_flow = np.maximum(self.flow - pace * slope, 0.0)
        np.fill_diagonal(self.new_flow, 0.0)
        moved = float(((self.new_flow - self.flow) ** 2 / pace).sum())
        flow = 2.0 * self.new_flow - self.flow
        short = np.bincount(self.by_option, weights=ahead * self.lack, minlength=self.price.size)
        short += flow.sum(axis=1) - flow.sum(axis=0)
        pace = weight * self.pace
        self.new_price = self._lawful(self.price + pace * short)
        moved += float(((self.new_price - self.price) ** 2 / pace).sum())
        self.flow = beta * flow + (1.0 - beta) * self.home_flow
        self.price = beta * (2.0 * self.new_price - self.price) + (1.0 - beta) * self.home_price
        return self.in_rows * float((flow * self.way).sum()), moved

    def _lawful(self, price: Floats) -> Floats:
        hauls = self.carriage.hauls
        if hauls.exported and not hauls.imported:
            return np.maximum(price, 0.0)
        return np.minimum(price, 0.0) if hauls.imported and not hauls.exported else price

    def distance(self) -> tuple[float, float]:
        """How far flows and prices are from their anchors, squared, in the iteration's own measure."""
        flows = float((((self.new_flow - self.home_flow) ** 2) * self.column).sum())
        return flows, float(((self.new_price - self.home_price) ** 2 / self.pace).sum())

    def worth(self, row: Floats) -> Floats:
        """The worth of earth at every unit, yuan/m³ (N,), lawful for the haul; row (S,): scaled prices of the rows."""
        dear = self.carriage.counts + float(self.in_rows @ row)
        if dear <= 0.0:
            return np.zeros(len(self.zone))
        return from_places(self.carriage.hauls, self.at, self.new_price * (self.money / self.size) / dear)


def zones(xy: Floats, weight: Floats, most: int) -> Ints:
    """Units by zone, (N,), of about equal weight: the heaviest zone is halved along its longer side while there are fewer than
    `most`."""
    zone = np.zeros(len(xy), dtype=np.int64)
    count, load = 1, [float(weight.sum())]
    while count < min(most, len(xy)):
        heavy = int(np.argmax(load))
        mine = np.flatnonzero(zone == heavy)
        if load[heavy] <= 0 or mine.size < 2:
            break
        axis = int(np.argmax(np.ptp(xy[mine], axis=0)))
        order = mine[np.argsort(xy[mine, axis], kind="stable")]
        before = np.cumsum(weight[order])
        cut = min(max(int(np.searchsorted(before, before[-1] / 2)), 1), order.size - 1)
        zone[order[cut:]] = count
        load[heavy] = float(weight[order[:cut]].sum()) if cut > 1 else 0.0
        load.append(float(weight[order[cut:]].sum()) if order.size - cut > 1 else 0.0)
        count += 1
    return zone
