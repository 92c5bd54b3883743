"""Yield per mu: at the benchmarks 100, ranks by hand, order and ties, missing values, refusals."""

import numpy as np
import pandas as pd
import pytest

import planner as pl
from planner.city import YieldSet, justified_tax_per_mu, low_yield
from planner.city.enterprises import named_set
from planner.errors import InvalidInput
from planner.read.city import flags

HUANGYAN = {"tax_per_mu": 24.097, "value_added_per_mu": 136.16, "value_added_per_energy": 2.694,
            "value_added_per_emission": 4929.81, "labour_productivity": 18.14, "rd_share": 0.0302}  # fmt: skip
ONE = YieldSet("one", {"tax_per_mu": 100.0}, {"tax_per_mu": 10.0})


def firms(*tax: float) -> pd.DataFrame:
    return pd.DataFrame({"tax_per_mu": tax}, index=[f"E{i + 1}" for i in range(len(tax))])


def test_at_the_benchmarks_the_score_is_100() -> None:
    found = pl.yield_per_mu(pd.DataFrame([HUANGYAN], index=["E"]), weights="huangyan-2022")
    assert found.loc["E", "score"] == 100.0
    assert found.loc["E", "class"] == "A"
    assert found.loc["E", "rank"] == 1


def test_twice_the_tax_is_thirty_points_more() -> None:
    found = pl.yield_per_mu(pd.DataFrame([{**HUANGYAN, "tax_per_mu": 2 * 24.097}], index=["E"]))
    assert found.loc["E", "score"] == 130.0
    capped = pl.yield_per_mu(pd.DataFrame([{**HUANGYAN, "tax_per_mu": 2 * 24.097}], index=["E"]), cap=1.5)
    assert capped.loc["E", "score"] == 115.0


def test_twenty_firms_by_hand() -> None:
    found = pl.yield_per_mu(firms(*range(20, 0, -1)), weights=ONE)
    assert found["rank"].tolist() == list(range(1, 21))
    assert found["class"].tolist() == ["A"] * 4 + ["B"] * 8 + ["C"] * 7 + ["D"]
    assert found["score"].tolist() == [10.0 * t for t in range(20, 0, -1)]
    assert low_yield(found).tolist() == ["E20"]
    assert low_yield(found, classes=("C", "D")).tolist()[:2] == ["E20", "E19"]


def test_equal_scores_share_rank_and_class() -> None:
    found = pl.yield_per_mu(firms(5, 9, 5, 5, 1), weights=ONE)
    assert found["rank"].tolist() == [2, 1, 2, 2, 5]
    assert found["class"].tolist() == ["B", "A", "B", "B", "C"]


def test_permuting_rows_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({c: rng.lognormal(0, 1, 137) * b for c, b in HUANGYAN.items()}, index=range(137))
    table.iloc[40:50] = table.iloc[60:70].to_numpy()
    one = pl.yield_per_mu(table)
    for seed in range(5):
        other = pl.yield_per_mu(table.sample(frac=1, random_state=seed))
        pd.testing.assert_frame_equal(other.loc[one.index], one)


def test_permuting_rows_changes_nothing_where_the_mean_is_the_benchmark() -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"tax_per_mu": rng.lognormal(3, 1, 60), "output_per_energy": rng.lognormal(1, 1, 60)})
    one = pl.yield_per_mu(table, weights="shizuishan")
    other = pl.yield_per_mu(table.iloc[::-1], weights="shizuishan")
    pd.testing.assert_frame_equal(other.loc[one.index], one)
    assert one["score"].mean() == pytest.approx(100.0)


def test_a_missing_value_is_listed_and_never_zero() -> None:
    table = pd.DataFrame([HUANGYAN, {**HUANGYAN, "rd_share": None, "tax_per_mu": np.nan}], index=["E1", "E2"])
    found = pl.yield_per_mu(table)
    assert np.isnan(found.loc["E2", "score"])
    assert found.loc["E2", "rank"] is pd.NA
    assert pd.isna(found.loc["E2", "class"])
    assert found.loc["E2", "missing"] == "tax_per_mu, rd_share"
    assert found.loc["E1", "class"] == "A"


def test_exempt_kinds_are_not_ranked() -> None:
    found = pl.yield_per_mu(firms(1, 2, 3), weights=ONE, exempt=pd.Series({"E3": True}))
    assert found["rank"].tolist()[:2] == [2, 1]
    assert found.loc["E3", "rank"] is pd.NA


def test_what_tax_justifies_a_mu() -> None:
    assert justified_tax_per_mu(60_942.0, years=10, rate=0.0) == pytest.approx(6_094.2)
    year = justified_tax_per_mu(60_942.0, years=20, rate=0.08)
    assert sum(year / 1.08**t for t in range(1, 21)) == pytest.approx(60_942.0)


@pytest.mark.parametrize(
    ("table", "weights", "words"),
    [
        (firms(), ONE, "no enterprise"),
        (firms(1, -2), ONE, "tax_per_mu of 'E2' is -2"),
        (firms(1, np.inf), ONE, "tax_per_mu of 'E2' is inf"),
        (firms(1).rename(columns={"tax_per_mu": "tax_mu"}), ONE, "did you mean 'tax_mu'"),
        (firms(1).assign(tax_per_mu="many"), ONE, "'many', no number"),
        (pd.concat([firms(1), firms(2)]), ONE, "'E1' stands twice"),
        (firms(1), "huangyan", "did you mean 'huangyan-2022'"),
        (firms(0, 0), YieldSet("mean", {"tax_per_mu": 1.0}, {"tax_per_mu": None}), "is 0 for every enterprise"),
    ],
)
def test_refusals(table: pd.DataFrame, weights: str | YieldSet, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as told:
        pl.yield_per_mu(table, weights=weights)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf])
def test_a_benchmark_or_weight_of_nothing_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match="benchmark of x"):
        YieldSet("mine", {"x": 1.0}, {"x": value})
    with pytest.raises(InvalidInput, match="weight of x"):
        YieldSet("mine", {"x": value}, {"x": 1.0})


def test_the_shipped_sets_are_as_published() -> None:
    shipped = named_set("huangyan-2022")
    assert dict(shipped.benchmarks) == pytest.approx(HUANGYAN)
    assert sum(shipped.weights.values()) == 100.0
    assert sum(named_set("shizuishan").weights.values()) == 100.0


def test_what_is_exempt_is_said_in_words_that_are_known() -> None:
    """Another word than yes passed for no: an exempt firm was ranked."""
    told = pd.Series(["1", 1.0, "是", "Y", True, "", None, np.nan, "0", "否", False], index=[f"E{k}" for k in range(11)])
    assert flags(told, "exempt").tolist() == [True] * 5 + [False] * 6
    with pytest.raises(InvalidInput, match="exempt of E0 is 'utility'"):
        flags(pd.Series(["utility"], index=["E0"]), "exempt")
