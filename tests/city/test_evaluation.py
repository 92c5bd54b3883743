"""The yearly evaluation: by hand, both directions, grades at their limits, reward and phase-out, refusals."""

import numpy as np
import pandas as pd
import pytest

import planner as pl
from planner.city import phase_out
from planner.city.evaluation import indicators
from planner.errors import InvalidInput


def table(*rows: tuple[str, str, float, float, float, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["indicator", "direction", "weight", "baseline", "target", "value"])
    return frame.set_index("indicator")


BY_HAND = table(
    ("treated", "higher", 50.0, 0.60, 0.80, 0.879),  # beyond the target: full points
    ("mu", "higher", 30.0, 0.0, 10.0, 4.0),  # 0.4 of the way
    ("tailings", "lower", 20.0, 100.0, 50.0, 75.0),  # half of the way down
)


def test_three_indicators_by_hand() -> None:
    found = pl.evaluation(BY_HAND)
    assert found.items["achievement"].tolist() == [1.0, 0.4, 0.5]
    assert found.items["points"].tolist() == pytest.approx([50.0, 12.0, 10.0])
    assert found.score == pytest.approx(72.0)
    assert found.grade == "pass"
    assert found.lost().index.tolist() == ["mu", "tailings"]
    assert found.lost()["lost_points"].tolist() == pytest.approx([18.0, 10.0])


def test_jining_2020_reached_both_goals() -> None:
    """Goals of 80 and 80 %, reached 87.9 and 82.2 % (DOMAIN 9): full points."""
    found = pl.evaluation(table(("plans", "higher", 1, 0.0, 0.8, 0.879), ("stable", "higher", 1, 0.0, 0.8, 0.822)))
    assert found.score == 100.0
    assert found.grade == "excellent"


@pytest.mark.parametrize(
    ("value", "grade"),
    [(0.9, "excellent"), (0.8999, "good"), (0.8, "good"), (0.6, "pass"), (0.5999, "fail"), (-3, "fail")],
)
def test_grades_at_their_limits(value: float, grade: str) -> None:
    assert pl.evaluation(table(("one", "higher", 7.0, 0.0, 1.0, value))).grade == grade


def test_an_unknown_value_counts_neither_way_and_is_listed() -> None:
    found = pl.evaluation(pd.concat([BY_HAND, table(("new", "higher", 900.0, 0.0, 1.0, None))]))
    assert found.missing == ("new",)
    assert found.score == pytest.approx(72.0)


def test_year_on_year() -> None:
    found = pl.evaluation(BY_HAND.assign(previous=[0.7, 5.0, 75.0]))
    assert found.items["change"].tolist() == pytest.approx([0.5, -0.1, 0.0])


def test_reward_and_penalty_on_the_transfer() -> None:
    full = table(("one", "higher", 1.0, 0.0, 1.0, 1.0))
    assert pl.evaluation(full, transfer_cny=1e8).reward_cny == pytest.approx(1e7)
    assert pl.evaluation(full.assign(value=0.0), transfer_cny=1e8).reward_cny == pytest.approx(-1e7)
    assert pl.evaluation(full).reward_cny is None
    assert phase_out(4e8) == [3e8, 2e8, 1e8]


def test_the_shipped_list_is_filled_by_name() -> None:
    filled = indicators({"coverage": 0.43})
    assert filled.loc["coverage", "value"] == 0.43
    assert filled["value"].notna().sum() == 1
    assert filled["weight"].sum() == 100.0
    with pytest.raises(InvalidInput, match="no indicator 'colour'"):
        indicators({"colour": 1.0})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"direction": "up"}, "direction of 'treated' is 'up'"),
        ({"weight": 0.0}, "weight of 'treated' is 0"),
        ({"weight": -1.0}, "weight of 'treated' is -1"),
        ({"target": 0.5}, "does not lie above its baseline 0.6"),
        ({"value": np.inf}, "no number"),
        ({"value": "much"}, "'much', no number"),
    ],
)
def test_refusals(change: dict, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as told:
        pl.evaluation(BY_HAND.iloc[:1].assign(**change))
    assert "\n" not in str(told.value)


def test_refusals_of_whole_tables() -> None:
    with pytest.raises(InvalidInput, match="holds no indicator"):
        pl.evaluation(BY_HAND.iloc[:0])
    with pytest.raises(InvalidInput, match="no column 'target'"):
        pl.evaluation(BY_HAND.drop(columns="target"))
    with pytest.raises(InvalidInput, match="stands twice"):
        pl.evaluation(pd.concat([BY_HAND, BY_HAND]))
    with pytest.raises(InvalidInput, match="does not lie below its baseline"):
        pl.evaluation(table(("dust", "lower", 1.0, 10.0, 20.0, 15.0)))
    with pytest.raises(InvalidInput, match="no indicator has a value"):
        pl.evaluation(BY_HAND.assign(value=None))
    with pytest.raises(InvalidInput, match="transfer_cny"):
        pl.evaluation(BY_HAND, transfer_cny=-1.0)
