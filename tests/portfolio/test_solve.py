"""Schedules against Lorie and Savage, every choice tried, a second model; and each rule by a world of its own."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from worlds import Plain, by_chance, document, project, second_opinion

import planner as pl
from planner.errors import Infeasible, InvalidInput
from planner.portfolio import chapter
from planner.report import as_html

SAVAGE = tomllib.loads((Path(__file__).parents[1] / "authorities/finance/lorie_savage.toml").read_text(encoding="utf-8"))


def test_lorie_and_savage_to_the_printed_digit() -> None:
    rows = zip(SAVAGE["npv"], SAVAGE["first"], SAVAGE["second"], strict=True)
    projects = [
        {"id": str(k + 1), "variant": [{"spend_cny": [float(a), float(b)], "benefit_cny": [0.0, float(n + a + b)]}]}
        for k, (n, a, b) in enumerate(rows)
    ]
    limits = {2010: float(SAVAGE["limits"][0]), 2011: float(SAVAGE["limits"][1])}
    found = pl.portfolio(document(projects, [{"id": "all", "yearly_cny": limits}]))
    printed = SAVAGE["printed"]
    s = found.summary()
    assert f"{s['solver']['objective']:.0f}" == printed["optimum"]
    assert sorted(int(p["id"]) for p in s["selected"]) == printed["chosen"]
    assert f"{s['solver']['relaxation']:.4f}" == printed["relaxation"]
    assert [f"{row['shadow_price']:.6f}" for row in s["funds"]] == printed["prices"]
    assert s["solver"]["status"] == "optimal" and s["totals"]["npv_cny"] == pytest.approx(70)


@pytest.mark.parametrize("seed", range(12))
def test_every_choice_tried_finds_nothing_better(seed: int) -> None:
    doc = by_chance(seed, earth=seed % 2 == 0)
    found = pl.portfolio(doc)
    assert found.solution.objective == pytest.approx(Plain(doc).best(), rel=1e-6, abs=1e-6)
    assert found.solution.bound >= found.solution.objective - 1e-6
    s = found.summary()
    assert sum(row["npv_cny"] for row in s["selected"]) == pytest.approx(s["totals"]["npv_cny"], rel=1e-9, abs=1e-9)


def test_every_yuan_is_in_a_project_by_hand() -> None:
    """B wants 30 m³ at once: 20 come from A, 10 km away (4 yuan), 10 are bought (10 yuan); C buys 5. Fund a charges 5 %."""
    places = {"A": [0.0, 0.0], "B": [10_000.0, 0.0], "C": [0.0, 10_000.0]}
    ways = {
        "A": {"spend_cny": [20.0, 10.0], "benefit_cny": [0.0, 0.0, 60.0], "surplus_m3": 20.0},
        "B": {"spend_cny": [25.0, 5.0], "benefit_cny": [0.0, 0.0, 80.0], "surplus_m3": -30.0},
        "C": {"spend_cny": [10.0], "benefit_cny": [0.0, 40.0], "surplus_m3": -5.0},
    }
    found = pl.portfolio(
        {
            "portfolio": {"name": "t", "first_year": 2026, "years": 4, "discount_rate": 0.06},
            "fund": [
                {"id": "a", "yearly_cny": 30.0, "carry_over": True, "charge": 0.05},
                {"id": "b", "yearly_cny": 40.0, "max_share": 0.5},
            ],
            "earth": {"max_km": 50, "cny_per_m3_km": 0.02, "bought_cny_per_m3": 1.0},
            "project": [{"id": n, "xy": places[n], "must": True, "variant": [way]} for n, way in ways.items()],
        }
    )
    s = found.summary()
    assert found.projects["cost_cny"].to_dict() == pytest.approx({"A": 30.0, "B": 44.0, "C": 15.0})
    by_year = [sum(row["spent_cny"] for row in s["funds"] if row["year"] == year) for year in (2026, 2027)]
    assert by_year == pytest.approx([20 + 25 + 4 + 10, 10 + 5 + 10 + 5])
    charges = 0.05 * sum(row["spent_cny"] / 1.06 ** (row["year"] - 2026) for row in s["funds"] if row["id"] == "a")
    worth = (60 + 80 + 40) / 1.06**2 - by_year[0] - by_year[1] / 1.06 - charges
    assert s["totals"]["npv_cny"] == pytest.approx(worth)
    assert found.projects["npv_cny"].sum() == pytest.approx(worth)


@pytest.mark.parametrize("seed", range(100, 108))
def test_a_second_model_agrees(seed: int) -> None:
    rng = np.random.default_rng(seed)
    projects = [
        {
            "id": f"P{i}",
            "variant": [
                {
                    "name": f"v{v}",
                    "spend_cny": rng.integers(1, 30, 2).astype(float).tolist(),
                    "benefit_cny": [0, 0, float(rng.integers(40, 120))],
                }
                for v in range(2)
            ],
            "must": i == 3,
        }
        for i in range(10)
    ]
    funds = [
        {"id": "a", "yearly_cny": {2010: 30.0, 2011: 40.0, 2012: 10.0}, "carry_over": True, "max_share": 0.6},
        {"id": "b", "yearly_cny": 25.0, "min_share": 0.2},
        {"id": "c", "yearly_cny": 9.0, "total_cny": 20.0},
    ]
    doc = document(projects, funds, years=4, gap=1e-7, discount_rate=0.08)
    assert pl.portfolio(doc).solution.objective == pytest.approx(second_opinion(doc), rel=1e-6)


def spread(found: pl.Portfolio) -> dict[str, int]:
    return {p["id"]: p["start"] for p in found.summary()["selected"]}


FUND = [{"id": "f", "yearly_cny": 10.0}]


def test_money_that_is_kept_pays_later() -> None:
    doc = document([project("A", [0.0, 15.0], 40.0)], FUND)
    assert spread(pl.portfolio(doc)) == {}
    doc["fund"] = [{"id": "f", "yearly_cny": 10.0, "carry_over": True}]
    found = pl.portfolio(doc)
    assert spread(found) == {"A": 2010}
    assert found.funds["left_cny"].tolist() == pytest.approx([10.0, 5.0])


def test_after_waits_for_the_end_and_company_and_exclusion_hold() -> None:
    a, b = project("A", [5.0], 1.0), project("B", [5.0], 30.0, after=["A"])
    assert spread(pl.portfolio(document([a, b], FUND))) == {"A": 2010, "B": 2011}
    with_it = project("B", [5.0], 30.0, **{"with": ["A"]})
    assert spread(pl.portfolio(document([a, with_it], FUND))) == {"A": 2010, "B": 2010}
    apart = project("A", [5.0], 20.0, not_with=["B"])
    assert set(spread(pl.portfolio(document([apart, project("B", [5.0], 30.0)], FUND)))) == {"B"}


def test_must_earliest_latest_and_settled_years() -> None:
    loser = project("A", [5.0], 1.0, must=True, earliest=2011)
    assert spread(pl.portfolio(document([loser], FUND))) == {"A": 2011}
    late = project("B", [5.0], 30.0, latest=2010)
    assert spread(pl.portfolio(document([late, project("C", [6.0], 60.0, latest=2010)], FUND))) == {"C": 2010}
    fixed = project("A", [5.0], 1.0, settled={"variant": "full", "start": 2010})
    found = pl.portfolio(document([fixed, project("B", [5.0], 30.0)], FUND, settled_until=2010))
    assert spread(found) == {"A": 2010, "B": 2011}


def test_shares_match_and_eligibility() -> None:
    doc = document([project("A", [10.0], 40.0, green_mu=1.0), project("B", [10.0], 35.0)], [])
    doc["fund"] = [
        {"id": "state", "yearly_cny": 100.0, "max_share": 0.6, "match": {"own": 0.5}, "eligible": {"targets": ["green"]}},
        {"id": "own", "yearly_cny": 4.9},
    ]
    found = pl.portfolio(doc)
    assert set(spread(found)) == {"A"}  # own alone never has what B costs
    paid = found.schedule.groupby("fund")["cny"].sum()
    assert paid["state"] <= 6.0 + 1e-6 and paid["own"] >= 0.5 * paid["state"] - 1e-6 and paid.sum() == pytest.approx(10.0)


def test_spoil_of_the_same_year_and_place_saves_buying() -> None:
    giver = project("A", [4.0], 6.0, surplus_m3=100.0, xy=[0.0, 0.0])
    taker = project("B", [4.0], 6.0, surplus_m3=-80.0, xy=[2000.0, 0.0])
    far = project("C", [4.0], 4.1, surplus_m3=-80.0, xy=[9000.0, 0.0])
    earth = {"max_km": 5.0, "cny_per_m3_km": 0.001, "bought_cny_per_m3": 0.02}
    found = pl.portfolio(document([giver, taker, far], FUND, earth=earth))
    rows = found.summary()["earth"]
    assert [(r["from"], r["to"], round(r["m3"], 6), r["km"]) for r in rows] == [("A", "B", 80.0, 2.0)]
    assert spread(found)["A"] == spread(found)["B"] and "C" not in spread(found)
    assert found.solution.objective == pytest.approx(4.0 - 80 * 2 * 0.001)
    assert found.summary()["totals"]["cost_cny"] == pytest.approx(8.0 + 0.16)


def test_earth_of_a_later_year_falls_into_the_programme() -> None:
    """Fill of the second year, 100 m³ at 0.02 yuan: begun in the last year it would be wanted after the end, for nothing."""
    funds = [{"id": "a", "yearly_cny": 10.0}]
    earth = {"max_km": 5.0, "cny_per_m3_km": 0.001, "bought_cny_per_m3": 0.02}
    asked = {"surplus_m3": [0.0, -100.0, 0.0], "xy": [0.0, 0.0]}
    found = pl.portfolio(document([project("A", [1.0], 9.0, **asked)], funds, earth=earth))
    table = found.projects
    assert (table.loc["A", "start"], table.loc["A", "finish"]) == (2010, 2011)
    assert found.summary()["totals"]["bought_m3"] == pytest.approx(100.0)
    assert found.summary()["totals"]["cost_cny"] == pytest.approx(1.0 + 2.0)
    late = project("A", [1.0], 9.0, **asked, must=True, earliest=2011)
    with pytest.raises(InvalidInput, match="A"):
        pl.portfolio(document([late], funds, earth=earth))
    assert pl.portfolio(document([late], funds)).projects.loc["A", "start"] == 2011  # without [earth] none is moved


def test_objectives_weighted_in_turn_and_quotas() -> None:
    rich, wide = project("A", [9.0], 30.0, green_mu=1.0), project("B", [9.0], 20.0, green_mu=50.0, latest=2010)
    one_year = {**rich, "latest": 2010}
    assert set(spread(pl.portfolio(document([one_year, wide], FUND)))) == {"A"}
    assert set(spread(pl.portfolio(document([one_year, wide], FUND, objective="restored_mu")))) == {"B"}
    assert set(spread(pl.portfolio(document([one_year, wide], FUND, objective={"npv": 1.0, "green_mu": 1.0})))) == {"B"}
    same = project("C", [9.0], 40.0, green_mu=50.0, latest=2010)
    assert set(spread(pl.portfolio(document([wide, same], FUND, objective=["green_mu", "npv"])))) == {"C"}
    assert set(spread(pl.portfolio(document([one_year, wide], FUND, quota=[{"measure": "green_mu", "min": 10.0}])))) == {"B"}


def test_charges_of_a_fund_count_and_the_cheap_one_pays_first() -> None:
    funds = [{"id": "bond", "yearly_cny": 10.0, "charge": 0.5}, {"id": "grant", "yearly_cny": 6.0}]
    found = pl.portfolio(document([project("A", [10.0], 20.0)], funds))
    assert found.schedule.groupby("fund")["cny"].sum().to_dict() == pytest.approx({"bond": 4.0, "grant": 6.0})
    assert found.solution.objective == pytest.approx(10.0 - 2.0)


def test_what_is_left_out_tells_what_it_lacks() -> None:
    found = pl.portfolio(document([project("A", [10.0], 30.0), project("B", [10.0], 29.0), project("C", [10.0], 12.0)], FUND))
    left = found.summary()["rejected"]
    assert [r["id"] for r in left] == ["C"] and left[0]["loss_cny"] >= 0
    forced = document([project("A", [10.0], 30.0), project("B", [10.0], 29.0), project("C", [10.0], 12.0, must=True)], FUND)
    assert found.solution.objective - pl.portfolio(forced).solution.objective >= left[0]["loss_cny"] - 1e-6


def test_a_loss_of_mu_is_not_told_in_yuan() -> None:
    """Money for one and a half of three: a yuan brings what it does in C, 8 mu, and B would lose 80 − 60; by npv 8 − 7 yuan."""
    of_mu, gains = {"A": 100.0, "B": 60.0, "C": 80.0}, {"A": 20.0, "B": 17.0, "C": 18.0}
    projects = [project(k, [10.0], gains[k], green_mu=of_mu[k]) for k in of_mu]
    funds = [{"id": "a", "total_cny": 15.0}]
    for objective, loss, cny in (("green_mu", 20.0, None), ("npv", 1.0, 1.0), ({"npv": 2.0}, 2.0, 1.0)):
        found = pl.portfolio(document(projects, funds, objective=objective))
        left = {row["id"]: row for row in found.summary()["rejected"]}
        assert left["B"]["loss"] == pytest.approx(loss)
        assert left["B"]["loss_cny"] == (None if cny is None else pytest.approx(cny))
        page = as_html(chapter.document(found))
        assert ("20 more of: Green" in page) == (cny is None)
        assert ("more benefit or less cost<" in page) == (cny is not None)


def test_too_little_money_names_fund_year_and_sum() -> None:
    doc = document([project("A", [12.0], 30.0, must=True, latest=2010)], FUND)
    with pytest.raises(Infeasible) as caught:
        pl.portfolio(doc)
    assert [str(r) for r in caught.value.relaxations] == ["fund f, 2010: 2.00 yuan more"]
    assert caught.value.exit_code == 4


def test_musts_that_exclude_each_other_are_named() -> None:
    doc = document([project("A", [1.0], 3.0, must=True), project("B", [1.0], 3.0, must=True, not_with=["A"])], FUND)
    with pytest.raises(Infeasible, match="cannot all be"):
        pl.portfolio(doc)


def test_the_frontier_rises_with_money() -> None:
    found = pl.portfolio(document([project("A", [10.0], 30.0), project("B", [10.0], 25.0), project("C", [10.0], 12.0)], FUND))
    curve = found.frontier((0.5, 1.0, 2.0), gap=1e-6)
    assert curve["objective"].tolist() == pytest.approx([0.0, 35.0, 37.0])
    assert (curve["bound"] >= curve["objective"] - 1e-6).all()
