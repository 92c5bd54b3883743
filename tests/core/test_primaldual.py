"""The primal–dual step: one step in fractions by hand, prices within their limits, and five units carried to the optimum."""

import numpy as np
import pytest

from planner.core.choice.arrays import Edges, Near, Options, Terms, Waters
from planner.core.choice.primaldual import Masses, Point, border_pull, border_step, choice_step, water_step


def units(gain: list[float]) -> Options:
    """So many units with two kinds each: dry (even) and lake (odd)."""
    n = len(gain) // 2
    return Options(np.arange(0, 2 * n + 1, 2), np.array(gain), np.ones(2 * n, np.bool_), np.tile([0, 1], n))


def row_of(n: int, cost: float) -> tuple[Edges, Near, Terms]:
    """Borders 0-1, 1-2, … that cost where their sides are of different kinds."""
    a = np.arange(n - 1, dtype=np.int32)
    edges = Edges(a, a + 1, np.full(n - 1, cost), np.zeros(n - 1, np.int32))
    ends = sorted([(int(i), int(i), int(i) + 1, 1.0) for i in a] + [(int(i) + 1, int(i), int(i), -1.0) for i in a])
    start = np.searchsorted([e[0] for e in ends], np.arange(n + 1)).astype(np.int64)
    near = Near(
        start,
        np.array([e[1] for e in ends], dtype=np.int32),
        np.array([e[2] for e in ends], dtype=np.int32),
        np.array([e[3] for e in ends]),
        np.full(len(ends), cost),
        np.zeros(len(ends), np.int32),
    )
    one = np.arange(2)
    terms = Terms((1.0 - np.eye(2))[None], np.array([0, 2]), one, one, np.ones(2), np.arange(3), one, 2)
    return edges, near, terms


def water(parent: list[int]) -> Waters:
    up = np.array(parent, dtype=np.int64)
    children = np.argsort(up, kind="stable")[np.count_nonzero(up < 0) :].astype(np.int32)
    start = np.searchsorted(np.sort(up[up >= 0]), np.arange(len(up) + 1)).astype(np.int64)
    return Waters(np.tile([False, True], len(up)), up, start, children)


def point(n: int, rows: int = 0) -> Point:
    return Point(np.full(2 * n, 0.5), np.zeros(rows), np.zeros((max(n - 1, 0), 2)), np.zeros(n), np.zeros(0))


def copied(p: Point) -> Point:
    return Point(*(v.copy() for v in p))


def test_one_step_of_one_unit_by_hand() -> None:
    """Shares ½, ½, gains 0 and 1, pace ¼: (½, ¾) projected onto the shares is (⅜, ⅝); twice that less where it was: (¼, ¾).

    The step: 2·(⅛)² / ¼ = ⅛. A row that counts 4 of the lake sees 3.
    """
    one, here = units([0.0, 1.0]), point(1, rows=1)
    _, near, terms = row_of(1, 0.0)
    projected, masses = copied(here), Masses(np.zeros((1, 2)), np.zeros(1))
    rows = np.array([[0.0], [4.0]])
    total, moves = choice_step(
        one, rows, near, terms, water([-1]), np.array([0.25]), 1.0, here, copied(here), projected, masses
    )
    assert projected.x.tolist() == [0.375, 0.625] and here.x.tolist() == [0.25, 0.75]
    assert total.tolist() == [3.0] and moves == pytest.approx(0.125)
    assert masses.sets.tolist() == [[0.25, 0.75]] and masses.wet.tolist() == [0.75]


def test_a_row_s_price_counts_against_an_option() -> None:
    """At a price of ¼ per unit of the row the lake's 4 cost what it wins: shares stay as they are."""
    one, here = units([0.0, 1.0]), point(1, rows=1)
    here.row[0] = 0.25
    _, near, terms = row_of(1, 0.0)
    projected, masses = copied(here), Masses(np.zeros((1, 2)), np.zeros(1))
    rows = np.array([[0.0], [4.0]])
    _, moves = choice_step(one, rows, near, terms, water([-1]), np.array([0.5]), 1.0, here, copied(here), projected, masses)
    assert projected.x.tolist() == [0.5, 0.5] and moves == 0.0


def test_border_prices_stay_between_nothing_and_the_border_s_cost() -> None:
    """Masses 1 against 0 of the one kind, 0 against 1 of the other, cost 0.3: prices ½·1 → 0.3 and −½ → 0."""
    edges, _, terms = row_of(2, 0.3)
    here = point(2)
    projected = copied(here)
    mass = np.array([[1.0, 0.0], [0.0, 1.0]])
    moves = border_step(edges, terms, mass, 0.5, 1.0, here, copied(here), projected)
    assert projected.border.tolist() == [[0.3, 0.0]] and here.border.tolist() == [[0.6, 0.0]]
    assert moves == pytest.approx(0.09 / 0.5)


def test_water_beyond_its_parent_gets_a_price() -> None:
    """Child inside by 1, parent by ¼, pace 2: 1½; the root has no price."""
    here = point(2)
    projected = copied(here)
    moves = water_step(np.array([-1, 0]), np.array([0.25, 1.0]), 2.0, 1.0, here, copied(here), projected)
    assert projected.water.tolist() == [0.0, 1.5] and here.water.tolist() == [0.0, 3.0] and moves == pytest.approx(1.125)


def test_what_border_prices_take_off_each_option() -> None:
    """A price of 2 on the first kind of border 0-1: unit 0 pays it there, unit 1 gets it."""
    _, near, terms = row_of(2, 5.0)
    price = np.array([[2.0, 0.0]])
    pull = border_pull(near, terms, price, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert pull.tolist() == [2.0, 0.0, -2.0, 0.0]


@pytest.mark.parametrize(("cost", "lake"), [(0.4, [0, 0, 1, 0, 0]), (0.6, [0, 0, 0, 0, 0])])
def test_five_units_are_carried_to_the_optimum(cost: float, lake: list[int]) -> None:
    """The middle one wins 1 as lake and has two borders: at 0.4 each it becomes lake, at 0.6 each it does not."""
    one = units([0.0, -9.0, 0.0, -9.0, 0.0, 1.0, 0.0, -9.0, 0.0, -9.0])
    assert _settled(one, cost, [-1] * 5) == pytest.approx(lake, abs=1e-3)


def test_five_units_keep_the_order_of_water() -> None:
    """2 lies above 1 above 0; 2 wins 5 as lake, the two below lose 2 and 1 by it: all three; lost 4 and 2, none."""
    for below, lake in ((1.0, [1, 1, 1, 0, 0]), (2.0, [0, 0, 0, 0, 0])):
        one = units([0.0, -2.0 * below, 0.0, -1.0 * below, 0.0, 5.0, 0.0, -9.0, 0.0, -9.0])
        assert _settled(one, 0.0, [-1, 0, 1, -1, -1]) == pytest.approx(lake, abs=1e-2)


def _settled(one: Options, cost: float, parent: list[int]) -> list[float]:
    """Shares of lake after so many steps towards where they began (Halpern)."""
    edges, near, terms = row_of(5, cost)
    wet = water(parent)
    here = point(5)
    anchor, projected = copied(here), copied(here)
    masses = Masses(np.zeros((5, 2)), np.zeros(5))
    for k in range(6_000):
        momentum = (k + 1) / (k + 2)
        choice_step(one, np.zeros((10, 0)), near, terms, wet, np.full(5, 0.3), momentum, here, anchor, projected, masses)
        border_step(edges, terms, masses.sets, 0.3, momentum, here, anchor, projected)
        water_step(wet.parent, masses.wet, 0.3, momentum, here, anchor, projected)
    return projected.x[1::2].tolist()
