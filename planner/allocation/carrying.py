"""Haul inside the primal-dual iteration: a worth of earth in every zone of the site, and flows between zones near each other.

Zones are only where prices move: the bound takes a worth at every unit, between those of the zones around it, and holds
whatever these are. Long flows go from zone to zone, so that each price hangs on few others: with flows between all pairs 256
zones had not come to rest after 1 200 steps on Zhonghu, and 64 leave four times as much unproven.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.spatial import Delaunay, QhullError

from planner.allocation.hauls import Carriage, lawful
from planner.allocation.parts import Hauls
from planner.allocation.table import Floats, Ints

SHARED = 16  # units that share a zone; measured on Pan'an: with 8 the bound falls by 0.04 of 0.5 M yuan in 15 for 11 CPU s
# zones at least and at most at first; on Zhonghu 256 leave 0.4 of 3.8 M yuan more, 1 024 take more steps for 0.2 M less
ZONES = (256, 512)
FINEST = 4096  # most zones of all: of twice as many the least flows alone take 10 CPU s
MESHED = 16  # zones from which flows go between near ones alone


@dataclass(frozen=True, eq=False)
class Net:
    """Zones of a site and flows between near ones: the most earth of every unit, m³ (N,), and what it weighs in its zone (N,),
    zone (N,), where zones lie, m (Z, 2), triangles between them, tail and head of flows and what they cost, yuan/m³ (F,)."""

    most: Floats
    weight: Floats
    zone: Ints
    at: Floats
    mesh: Delaunay | None
    tail: Ints
    head: Ints
    way: Floats


def net(hauls: Hauls, unit: Ints, count: int) -> Net:
    """So many zones at most of units (N,) of about as much earth each; unit (K,): whose each option is."""
    most = np.zeros(len(hauls.xy))
    np.maximum.at(most, unit, np.abs(hauls.lack))
    weight = most + 1e-9
    zone = zones(hauls.xy, most, count)
    total = np.bincount(zone, weights=weight)
    at = np.stack([np.bincount(zone, weights=weight * c) / total for c in hauls.xy.T], 1)
    mesh = _mesh(at)
    tail, head = _near(mesh, len(at))
    return Net(most, weight, zone, at, mesh, tail, head, np.hypot(*(at[tail] - at[head]).T) * hauls.rate)


class Carrying:
    """Zones, their scaled prices of earth, and the flows between them, with the anchors and projections of the iteration."""

    def __init__(self, carriage: Carriage, unit: Ints, money: float, scale: Floats, count: int | None = None) -> None:
        hauls = carriage.hauls
        self.carriage, self.money, self.by_unit, self.scale = carriage, money, unit, scale
        over = net(hauls, unit, int(np.clip(len(hauls.xy) // SHARED, *ZONES)) if count is None else count)
        most, self.zone, self.at = over.most, over.zone, over.at
        count = len(self.at)
        self.size = 2.0 * float(most.max()) or 1.0  # m³ that a scaled unit of flow stands for
        self.by_option, self.lack = self.zone[unit], hauls.lack / self.size
        self.tail, self.head = over.tail, over.head
        self.spread = _between(over.mesh, self.at, hauls.xy, self.zone)
        self.way = over.way * self.size / money  # scaled cost of a unit of flow from zone to zone, (F,)
        self.in_rows = carriage.money * money / scale  # what a scaled yuan of haul is in each row
        self.new_price, self.new_flow = np.zeros(count), np.zeros(self.tail.size)
        own = np.bincount(self.by_option, weights=np.abs(self.lack), minlength=count)
        self.pace = 1.0 / (own + 2.0 * np.bincount(self.tail, minlength=count))
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

    @property
    def finest(self) -> bool:
        """Whether zones are small enough."""
        return 2 * self.price.size > min(FINEST, self.heavy.size)

    def finer(self, x: Floats, row: Floats) -> Carrying | None:
        """The same with twice as many zones, begun at the worth that these come to and the least flows of shares x (K,); None
        where zones are small enough. row (S,): scaled prices of the rows."""
        if self.finest:
            return None
        other = Carrying(self.carriage, self.by_unit, self.money, self.scale, 2 * self.price.size)
        other.begin(self.worth(row), max(self._dear(row), 0.0))
        other._flow_least(x)
        return other

    def _flow_least(self, x: Floats) -> None:
        """Flows begin where they cost least for shares x (K,), what does not balance together left out."""
        hauls, zones, flows = self.carriage.hauls, self.price.size, np.arange(self.tail.size)
        if hauls.exported and hauls.imported:
            return
        short: Floats = np.bincount(self.by_option, weights=x * self.lack, minlength=zones).astype(np.float64)
        over = float(short.sum()) / zones
        short = short - (max(over, 0.0) if hauls.exported else min(over, 0.0) if hauls.imported else over)
        sign = np.where(hauls.imported, -1.0, 1.0)
        entry = np.r_[np.ones(flows.size), -np.ones(flows.size)] * sign
        leaves = csr_array((entry, (np.r_[self.tail, self.head], np.r_[flows, flows])), shape=(zones, flows.size))
        rows = ("A_ub", "b_ub") if hauls.exported or hauls.imported else ("A_eq", "b_eq")
        found = linprog(self.way, **dict(zip(rows, (leaves, -sign * short), strict=True)), method="highs-ds")
        if found.x is not None:
            self.new_flow = found.x
            self.restart()

    def _dear(self, row: Floats) -> float:
        """How much a yuan of haul weighs at scaled prices of the rows (S,): in the objective, and in the rows that count it."""
        return self.carriage.counts + float(self.in_rows @ row)

    def slope(self) -> Floats:
        """What each option's earth costs at the zones' prices, scaled, (K,)."""
        return np.asarray(self.price[self.by_option] * self.lack)

    def step(self, ahead: Floats, row: Floats, beta: float, weight: float) -> tuple[Floats, float]:
        """Flows, then prices; ahead (K,): extrapolated shares, row (S,): scaled prices of the rows. Returns what the flows add
        to the rows (S,), and the squared move."""
        pace = 0.99 / (weight * self.column)
        dear = self._dear(row)
        slope = self.way * dear + self.price[self.tail] - self.price[self.head]
        self.new_flow = np.maximum(self.flow - pace * slope, 0.0)
        moved = float(((self.new_flow - self.flow) ** 2 / pace).sum())
        flow = 2.0 * self.new_flow - self.flow
        short = np.bincount(self.by_option, weights=ahead * self.lack, minlength=self.price.size)
        short += np.bincount(self.tail, flow, short.size) - np.bincount(self.head, flow, short.size)
        pace = weight * self.pace
        self.new_price = lawful(self.carriage.hauls, self.price + pace * short)
        moved += float(((self.new_price - self.price) ** 2 / pace).sum())
        self.flow = beta * flow + (1.0 - beta) * self.home_flow
        self.price = beta * (2.0 * self.new_price - self.price) + (1.0 - beta) * self.home_price
        return self.in_rows * float((flow * self.way).sum()), moved

    def distance(self) -> tuple[float, float]:
        """How far flows and prices are from their anchors, squared, in the iteration's own measure."""
        flows = float((((self.new_flow - self.home_flow) ** 2) * self.column).sum())
        return flows, float(((self.new_price - self.home_price) ** 2 / self.pace).sum())

    def worth(self, row: Floats) -> Floats:
        """The worth of earth at every unit, yuan/m³ (N,), lawful for the haul; row (S,): scaled prices of the rows."""
        dear = self._dear(row)
        if dear <= 0.0:
            return np.zeros(len(self.zone))
        return np.asarray(self.spread @ self.new_price) * (self.money / self.size) / dear


def _mesh(at: Floats) -> Delaunay | None:
    """Triangles between places (Z, 2); None where they are few or lie on a line."""
    if len(at) < MESHED:
        return None
    try:
        return Delaunay(at - at.mean(axis=0))
    except QhullError:
        return None


def _near(mesh: Delaunay | None, count: int) -> tuple[Ints, Ints]:
    """Tail and head of the flows, (F,) each: to every place that shares a triangle, and on to what shares one with that.

    Without a mesh to all.
    """
    if mesh is None:
        tail, head = (index.ravel() for index in np.meshgrid(np.arange(count), np.arange(count), indexing="ij"))
    else:
        corners = mesh.simplices.astype(np.int64)
        same = mesh.coplanar[:, [0, 2]].astype(np.int64)  # a place where another is already, and that other
        sides = np.concatenate([*(corners[:, pair] for pair in ([0, 1], [1, 2], [2, 0])), same])
        beside = coo_array((np.ones(len(sides)), sides.T), shape=(count, count)).tocsr()
        beside = beside + beside.T
        tail, head = (beside + beside @ beside).nonzero()
    apart = tail != head
    return np.asarray(tail[apart], dtype=np.int64), np.asarray(head[apart], dtype=np.int64)


def _between(mesh: Delaunay | None, at: Floats, xy: Floats, zone: Ints) -> csr_array:
    """Shares (N, Z) of the zones' prices at every unit: linear within a triangle of zones, else all of its own zone's."""
    n = len(xy)
    own = csr_array((np.ones(n), zone, np.arange(n + 1)), shape=(n, len(at)))
    if mesh is None:
        return own
    where = xy - at.mean(axis=0)
    found = mesh.find_simplex(where)
    inside = np.flatnonzero(found >= 0)
    turned = mesh.transform[found[inside]]
    share = np.einsum("nij,nj->ni", turned[:, :2], where[inside] - turned[:, 2])
    share = np.column_stack([share, 1.0 - share.sum(axis=1)])
    inside, share, found = (v[np.isfinite(share).all(axis=1)] for v in (inside, share, found[inside]))
    within = coo_array((share.ravel(), (np.repeat(inside, 3), mesh.simplices[found].ravel())), shape=own.shape)
    beyond = np.ones(n)
    beyond[inside] = 0.0
    return csr_array(within.tocsr() + own.multiply(beyond[:, None]))


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
