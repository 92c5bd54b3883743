"""Options are known by the names of their index, whatever the order of its levels, and by ids that kept their digits."""

from typing import Any

import pandas as pd
import pytest

from planner.allocation import Budget, Compactness, Problem, Quota
from planner.errors import InvalidInput


def options(ids: list[Any]) -> pd.DataFrame:
    rows = [
        (u, f"{t}:level", t, 10.0, 100.0 - 10 * i - (5 if t == "green" else 0), 20.0 + i)
        for i, u in enumerate(ids)
        for t in ("construction", "green")
    ]
    frame = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    return frame.assign(cut_m3=0.0, fill_m3=0.0, storage_m3=0.0)


SHAPES = {
    "unit_id, option": lambda f: f.set_index(["unit_id", "option"]),
    "option, unit_id": lambda f: f.set_index(["option", "unit_id"]),
    "columns": lambda f: f,
    "one level and a column": lambda f: f.set_index("unit_id"),
    "the other level and a column": lambda f: f.set_index("option"),
    "rows in another order": lambda f: f.sample(frac=1, random_state=3).set_index(["option", "unit_id"]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ids", [["a", "b", "c"], [340123202401010001, 340123202401010002, 340123202401010003]])
def test_levels_count_by_their_names(shape: str, ids: list[Any]) -> None:
    result = (
        Problem(SHAPES[shape](options(ids))).subject_to(Quota("construction", min_mu=10.0), Budget(max_cny=45.0)).solve(gap=0.0)
    )
    assert sorted(result.choice.index) == sorted(map(str, ids))
    assert result.objective == pytest.approx(80.0 + 69.0)


def test_ids_that_lost_their_digits_are_refused() -> None:
    rounded = options([3.40123202401010001e17, 3.4012320240101e17 + 64])
    with pytest.raises(InvalidInput, match="lost their last digits"):
        Problem(rounded.set_index(["unit_id", "option"])).solve()


@pytest.mark.parametrize("both_ways", [False, True])
def test_a_border_listed_both_ways_costs_once(both_ways: bool) -> None:
    borders = pd.DataFrame({"unit_a": ["a", "b"], "unit_b": ["b", "c"], "length_m": [10.0, 20.0]})
    if both_ways:
        turned = borders.rename(columns={"unit_a": "unit_b", "unit_b": "unit_a"})
        borders = pd.concat([borders, turned[["unit_a", "unit_b", "length_m"]]], ignore_index=True)
    frame = options(["a", "b", "c"]).set_index(["unit_id", "option"])
    problem = Problem(frame).subject_to(Quota("green", min_mu=10.0), Compactness(borders, cny_per_m=1.0))
    assert problem.solve(gap=0.0).objective == pytest.approx(
        max(80 + 69 + 58 - 5 - 10, 80 + 69 + 58 - 5 - 20, 80 + 69 + 58 - 15)
    )
