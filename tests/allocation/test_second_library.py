"""The engine against a second modelling library: worlds under any rules, stated again in whole numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.allocation.larger import larger
from tests.allocation.second import held
from tests.allocation.whole_numbers import Solver

pytest.importorskip("ortools")

WORK = 0.05  # of CP-SAT's own measure: where that is too little, plans and bounds are still compared
RIGHT = ("optimal", "infeasible", "too wide")
OF_CORE = ("gap left", "no plan in time, core")  # the method for many may not prove what it finds of few


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    with Solver() as one:
        yield one


@pytest.mark.parametrize("seed", [*range(40), 5296])  # 5296: presolve of HiGHS 1.15.1 calls it impossible
def test_a_second_library_says_the_same(seed: int, solver: Solver) -> None:
    world = larger(seed)
    right = RIGHT + OF_CORE if world.method == "core" else RIGHT
    assert held(seed, solver, work=WORK).startswith(right), [str(r) for r in world.rules]
