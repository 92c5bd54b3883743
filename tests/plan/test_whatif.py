"""What if: limits that cannot all be kept give the least they must, by priority; tables prove what they say."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import write_small_world

import planner as pl
from planner.allocation import Problem, Restocked
from planner.city.price import STEP, price_curve
from planner.cli.main import run
from planner.errors import Infeasible, InvalidInput
from planner.plan.compose import survey
from planner.plan.whatif import MONEY, _goal, _in_full, _settled, limits_of
from planner.scenario import replaced

CONFLICT = {"targets.construction.min_mu": 1500.0, "targets.reservoir.min_mu": 1500.0}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_world(tmp_path_factory.mktemp("whatif"))


@pytest.fixture(scope="module")
def site(world: Path):
    return pl.read_site(world)


def test_limits_that_hold_give_nothing(site) -> None:
    found = pl.whatif(site)
    assert (found.gave["gave"] == 0).all()
    assert (found.gave["set"] == found.gave["asked"]).all()
    assert found.plan.certificate.objective == pytest.approx(pl.make_plan(site).certificate.objective, rel=2e-3)


def test_the_first_named_gives_last(site) -> None:
    with pytest.raises(Infeasible):
        pl.make_plan(site, **CONFLICT)
    built = pl.whatif(site, priority=["targets.construction.min_mu", "targets.reservoir.min_mu"], **CONFLICT)
    lake = pl.whatif(site, priority=["targets.reservoir.min_mu", "targets.construction.min_mu"], **CONFLICT)
    assert list(built.gave.index[:2]) == ["targets.construction.min_mu", "targets.reservoir.min_mu"]
    for found in (built, lake):
        area = found.plan.units.groupby("target")["area_mu"].sum()
        for target in ("construction", "reservoir", "arable"):
            assert area.get(target, 0.0) >= found.gave.at[f"targets.{target}.min_mu", "set"] * (1 - 1e-9)
    gave = {name: found.gave["gave"] for name, found in (("built", built), ("lake", lake))}
    assert gave["built"]["targets.construction.min_mu"] <= gave["lake"]["targets.construction.min_mu"]
    assert gave["built"]["targets.reservoir.min_mu"] >= gave["lake"]["targets.reservoir.min_mu"]


def test_the_least_money_is_what_a_budget_counts() -> None:
    """Nine m³ wait, at 4 yuan, and go 1 km, at 2: 54 yuan in full, whatever both are worth today."""
    index = pd.MultiIndex.from_tuples([("a", "arable:fill"), ("b", "reservoir:dig")], names=["unit_id", "option"])
    options = pd.DataFrame({"target": ["arable", "reservoir"], "treatment": ["fill", "dig"], "area_mu": 1.0}, index=index)
    options = options.assign(benefit_cny=0.0, cost_cny=0.0, cut_m3=[0.0, 9.0], fill_m3=[9.0, 0.0])
    places = pd.DataFrame({"x_m": [0.0, 1000.0], "y_m": 0.0}, index=["a", "b"])
    earth = pl.Earthwork(places=places, haul_cny_per_m3_km=2.0, haul_worth=0.8)
    waits = Restocked(share={"a": 1.0}, name="2023", cny_per_m3=4.0, worth=0.5)
    problem = pl.Problem(options, unrestored=False).subject_to(_in_full(earth), _in_full(waits))
    goal = _goal(problem, MONEY, -1.0)
    assert -problem.solve(objective=goal).objective == 54
    assert -problem.subject_to(pl.Budget(54.0)).solve(objective=goal).objective == 54
    with pytest.raises(Infeasible):
        problem.subject_to(pl.Budget(53.99)).solve(objective=goal)


def test_what_money_is_possible_holds_no_sum_that_can_be_avoided(site) -> None:
    """A sum that hangs on a parcel may be nobody's; one that hangs on nothing is paid by every plan."""
    sums = {
        "none": [],
        "hangs": [{"name": "move", "cny": 1e6, "parcels": [str(site.parcels.index[0])]}],
        "always": [{"name": "plan", "cny": 1e6}],
    }
    possible = {}
    for name, items in sums.items():
        mine = replaced(site.scenario, {"budget.max_cny": 1.5e6, "economics.item": items})
        known = survey(replace(site, scenario=mine))
        (money,) = (soft for soft in limits_of(mine, known) if soft.key == "budget.max_cny")
        possible[name] = _settled(known, [money], lambda _: None)[1][money.key]
    assert possible["hangs"] == pytest.approx(possible["none"], abs=1.0)
    assert possible["always"] == pytest.approx(possible["none"] + 1e6, abs=1.0)


def test_the_plan_begins_at_the_choice_that_keeps_what_was_settled(site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little time is left for it, there is a plan."""
    taken: list[Any] = []

    def in_no_time(self: Problem, **how: Any) -> Any:
        if how.get("start") is not None:
            taken.append(how["start"])
            how["time_limit_s"] = 1e-3
        return solved(self, **how)

    solved = Problem.solve
    monkeypatch.setattr(Problem, "solve", in_no_time)
    found = pl.whatif(site, **CONFLICT)
    assert len(taken) == 1
    area = found.plan.units.groupby("target")["area_mu"].sum()
    for key in CONFLICT:
        assert area[key.split(".")[1]] >= found.gave.at[key, "set"] * (1 - 1e-9)


def test_the_first_gives_no_more_than_is_proven_it_must(site) -> None:
    """Asked for more building land than there is: it is set to what can be had, and a hair more has no plan."""
    found = pl.whatif(site, priority=["targets.construction.min_mu"], **{"targets.construction.min_mu": 1e5})
    row = found.gave.loc["targets.construction.min_mu"]
    assert row["set"] <= row["possible"] <= row["set"] * 1.01
    alone = {
        "targets.arable.min_mu": None,
        "targets.reservoir.min_mu": None,
        "targets.construction.min_mu": row["possible"] * 1.01,
    }
    with pytest.raises(Infeasible):
        pl.make_plan(site, **alone)


def test_a_limit_that_the_site_does_not_have(site) -> None:
    with pytest.raises(InvalidInput, match=r"'budget.max' is no limit of this site"):
        pl.whatif(site, priority=["budget.max"])


def test_a_table_over_two_keys(site) -> None:
    table = pl.vary(site, {"targets.construction.min_mu": [200.0, 300.0], "targets.green.value_cny_per_mu": [1e5, 2e5]})
    assert table.index.names == ["targets.construction.min_mu", "targets.green.value_cny_per_mu"]
    assert len(table) == 4
    assert table["change_cny"].iloc[0] == 0
    dearer = table.xs(300.0, level=0)
    assert dearer["bound_cny"].loc[2e5] >= dearer["objective_cny"].loc[1e5]  # more is paid for the same plans
    with pytest.raises(InvalidInput, match="asks for 0 plans"):
        pl.vary(site, {"budget.max_cny": []})
    with pytest.raises(InvalidInput, match="files are read by"):
        pl.vary(site, {"water.amplitude_m": [0.5]})


def test_the_verb(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = [part for key, value in CONFLICT.items() for part in ("--set", f"{key}={value}")]
    assert run(["whatif", str(world), *sets, "--priority", "targets.reservoir.min_mu", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "planner.whatif/1"
    assert told["limits"][0]["key"] == "targets.reservoir.min_mu"
    assert run(["whatif", str(world), "--vary", "targets.construction.min_mu=200,300", "--json"]) == 0
    assert [row["targets.construction.min_mu"] for row in json.loads(capsys.readouterr().out)["vary"]] == [200, 300]
    assert run(["whatif", str(world), "--vary", "budget.max_cny"]) == 2
    assert run(["whatif", str(world), "--keep", "parcel"]) == 2


def test_the_price_of_keeping_a_parcel_green(world: Path, site, capsys: pytest.CaptureFixture[str]) -> None:
    parcel = str(site.parcels.index[0])
    quotas = [f"targets.{t}.min_mu=0" for t in ("construction", "arable", "reservoir")]
    sets = [part for quota in quotas for part in ("--set", quota)]
    assert run(["whatif", str(world), *sets, "--keep", f"parcel={parcel},target=green", "--json"]) in (0, 4)
    told = json.loads(capsys.readouterr().out)
    if "keep" in told:
        assert told["keep"]["low_cny"] <= told["keep"]["best_cny"] <= told["keep"]["high_cny"]


def test_what_each_further_mu_costs(site) -> None:
    """Every step against the plans made one by one; the price is proven only where both gaps leave no zero."""
    curve = price_curve(site, [300.0, 100.0, 300.0, 5000.0], people=2_000)
    assert list(curve.index) == [100.0, 300.0, 5000.0]
    one, two = (pl.make_plan(site, **{"targets.green.min_mu": least}).certificate for least in (100.0, 300.0))
    assert curve["objective_cny"].iloc[:2].tolist() == pytest.approx([one.objective, two.objective])
    step = curve.loc[300.0]
    assert step["best_cny"] == pytest.approx(one.objective - two.objective)
    assert step["low_cny"] == pytest.approx(one.objective - two.bound)
    assert step["high_cny"] == pytest.approx(one.bound - two.objective)
    assert step["proven"] is True
    assert step["cny_per_mu"] == pytest.approx(step["best_cny"] / 200.0)
    assert step["cny_per_head"] == pytest.approx(step["best_cny"] / 2_000)
    assert curve["status"].iloc[2] == "infeasible"
    assert curve.iloc[2][list(STEP)].isna().all()
    assert curve.iloc[0][list(STEP)].isna().all()


def test_a_step_inside_the_gap_has_no_price(site) -> None:
    curve = price_curve(site, [100.0, 100.001], **{"solver.gap": 0.01})
    step = curve.iloc[1]
    assert step["low_cny"] <= 0 <= step["high_cny"]
    assert step["proven"] is False
    assert step["cny_per_mu"] is None
    assert step["cny_per_head"] is None


def test_the_curve_from_the_command_line(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_ = ["whatif", str(world), "--curve", "green=100,300,5000", "--people", "2000"]
    assert run([*run_, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["curve"]
    assert [row["min_mu"] for row in rows] == [100.0, 300.0, 5000.0]
    assert rows[1]["cny_per_head"] == pytest.approx(rows[1]["best_cny"] / 2000)
    assert rows[2]["best_cny"] is None
    for lang, word in (("en", "not possible"), ("zh", "不可行")):
        assert run([*run_, "--lang", lang]) == 0
        told = capsys.readouterr().out
        assert word in told
        assert f"{rows[1]['cny_per_mu']:,.0f}" in told
        assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["--curve", "green"], 2, "write it as green=15000,16000"),
        (["--curve", "=5,6"], 2, "write it as green=15000,16000"),
        (["--curve", "green=5,x"], 2, "write it as green=15000,16000"),
        (["--curve", "green=5,5"], 3, "two or more different areas; 1 given"),
        (["--curve", "grean=5,6"], 3, "did you mean 'green'"),
        (["--curve", "green=5,-6"], 3, "'-6.0' is no number of mu"),
        (["--curve", "green=nan,6"], 3, "'nan' is no number of mu"),
        (["--curve", "green=5,6", "--people", "0"], 3, "people"),
        (["--people", "5"], 2, "--people goes with --curve"),
    ],
)
def test_a_curve_that_cannot_be_is_one_line(
    world: Path, given: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["whatif", str(world), *given]) == code
    told = capsys.readouterr().err.strip()
    assert words in told
    assert "\n" not in told
