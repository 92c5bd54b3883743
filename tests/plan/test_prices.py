"""Three ledgers and exchange prices: by hand on made-up plans, and against planning anew with the quotas moved."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import planner as pl
from planner.plan.prices import exchange, three_ledgers, within_gap
from planner.scenario import parse_scenario


def made(binding: list[dict], *, open_cny: float = 0.0) -> SimpleNamespace:
    units = pd.DataFrame(
        {"target": ["construction", "arable", "green"], "area_mu": [100.0, 50.0, 30.0], "benefit_cny": [8e7, 6e6, 4.5e6]},
        index=["a", "b", "c"],
    ).assign(parcel_id=["a", "b", "c"])
    ways = [(unit, target, 0.0) for unit in "abc" for target in ("construction", "arable", "green")]
    land_use = pd.DataFrame(
        {
            "unit_id": ["a", "a", "b", "b", "c"],
            "landuse": ["cropland", "village", "cropland", "pond", ""],
            "area_mu": [20.0, 80.0, 10.0, 40.0, 30.0],
        }
    )
    ledgers = {"sold_share": 0.5, "net_share": 0.5, "quota_cny_per_mu": 1e5}
    scenario = parse_scenario({"layers": {"polygons": "a"}, "ledgers": ledgers})
    proof = SimpleNamespace(binding=binding, bound=1e9 + open_cny, objective=1e9)
    options = pd.DataFrame(ways, columns=["unit_id", "target", "loss_cny"]).set_index(["unit_id", "target"], drop=False)
    return SimpleNamespace(
        units=units, options=options, land_use=land_use, site=SimpleNamespace(scenario=scenario), certificate=proof
    )


def test_the_three_ledgers_by_hand() -> None:
    found = three_ledgers(made([]))
    assert found == {
        "fiscal_cny": 100.0 * 8e5 * 0.5 * 0.5,  # half is sold, half of that is left
        "quota_cny": (40.0 - 20.0) * 1e5,  # 40 mu of pond made arable, 20 mu of cropland built over
        "potential_cny": 8e7 + 6e6 + 4.5e6,
    }


def test_exchange_is_the_difference_of_prices_whatever_they_have_in_common() -> None:
    rows = [
        {"kind": "quota", "target": "construction", "shadow_price": 6e5},
        {"kind": "quota", "target": "green", "shadow_price": 7e5},
        {"kind": "budget", "target": "", "shadow_price": 0.3},
        {"kind": "quota", "target": "green", "treatment": "wetland", "shadow_price": 9.0},
    ]
    found = {(r["from"], r["to"]): r for r in exchange(made(rows, open_cny=2e7))}
    assert len(found) == 6  # arable land, of which no quota binds, has the price 0
    assert found["arable", "construction"]["cny_per_mu"] == 6e5
    assert found["green", "construction"]["cny_per_mu"] == -1e5
    assert not found["green", "construction"]["proven"]  # 150 mu of it are 15 M yuan, less than the 20 M that are open
    common = [row | {"shadow_price": row["shadow_price"] - 5e5} for row in rows[:2]]
    same = {(r["from"], r["to"]): r for r in exchange(made(common))}
    assert same["green", "construction"]["cny_per_mu"] == -1e5
    assert same["green", "construction"]["proven"]


def test_a_use_without_a_quota_is_no_better_than_the_land_that_could_be_it() -> None:
    """a: green 20 yuan, arable 70, lake 10; b: arable 90, green 10, lake 5; c: a lake of 100 or nothing. 10 mu each, 10 green
    asked for: a is green, at 5 yuan a mu. Of a mu green made arable brings (70 − 20) / 10, made lake (10 − 20) / 10, and arable
    land, b, made green (10 − 90) / 10."""
    worth = {("a", "green"): 20, ("a", "arable"): 70, ("a", "reservoir"): 10, ("b", "arable"): 90, ("b", "green"): 10}
    worth |= {("b", "reservoir"): 5, ("c", "reservoir"): 100, ("c", "arable"): 0, ("c", "green"): 0}
    taken = {"a": "green", "b": "arable", "c": "reservoir"}
    priced = {(u, t): v + 50 * (t == "green") for (u, t), v in worth.items()}  # 5 yuan a mu of the quota
    rows = [(u, t, float(priced[u, taken[u]] - v)) for (u, t), v in priced.items()]
    plan = made([{"kind": "quota", "target": "green", "shadow_price": -5.0}])
    plan.units = plan.units.assign(target=list(taken.values()), area_mu=10.0)
    plan.options = pd.DataFrame(rows, columns=["unit_id", "target", "loss_cny"]).set_index(["unit_id", "target"], drop=False)
    found = {(r["from"], r["to"]): r["cny_per_mu"] for r in exchange(plan)}
    assert found["green", "arable"] == pytest.approx(5.0)
    assert found["green", "reservoir"] == pytest.approx(-1.0)  # 5 it was told
    assert found["arable", "green"] == pytest.approx(-8.0)  # -5 it was told
    plan.site.scenario = parse_scenario({"layers": {"polygons": "a"}, "lock": [{"unit": "a", "target": "green"}]})
    locked = {(r["from"], r["to"]): r["cny_per_mu"] for r in exchange(plan)}
    assert ("green", "arable") not in locked  # no other green land


def test_a_difference_inside_the_gap_is_warned_of() -> None:
    def proof(value: float, bound: float) -> dict:
        return {"solver": {"objective": value, "bound": bound}}

    assert within_gap([proof(100.0, 101.0), proof(90.0, 91.0)]) is None
    assert "proves nothing" in str(within_gap([proof(100.0, 106.0), proof(90.0, 95.0)]))
    assert within_gap([proof(100.0, 106.0), proof(100.0, 106.0)]) is None  # the same plan
    assert within_gap([proof(100.0, 103.0), proof(50.0, 51.0), proof(98.0, 99.0)]) is not None  # the first and the last


def test_sixty_mu_exchanged_brings_about_what_the_prices_say(small_world: Path) -> None:
    tight = {"targets.construction.max_mu": 800.0, "targets.arable.min_mu": 300.0, "solver.gap": 1e-4}
    plan = pl.make_plan(small_world, **tight)
    price = {(r["from"], r["to"]): r["cny_per_mu"] for r in plan.summary()["solver"]["exchange"]}
    moved = pl.make_plan(small_world, **(tight | {"targets.construction.max_mu": 860.0, "targets.arable.min_mu": 240.0}))
    brought = moved.certificate.objective - plan.certificate.objective
    assert brought == pytest.approx(60.0 * price["arable", "construction"], rel=0.2)
    assert plan.summary()["economics"]["ledgers"]["potential_cny"] == pytest.approx(plan.units["benefit_cny"].sum())
