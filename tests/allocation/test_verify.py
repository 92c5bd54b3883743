"""The walk that stands between any method and the user, exact limits, and a solver that fails."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation import highs
from planner.allocation.model import assemble, settle
from planner.allocation.objective import objective
from planner.allocation.verify import misses
from planner.errors import Infeasible, InvalidInput, NoPlanInTime

COLUMNS = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]


def frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])


def line(n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units in a row, 5 mu each, green or reservoir."""
    rows = [(f"u{i}", t, t, 5.0, b, 1.0, 0.0, 0.0, 0.0) for i in range(n) for t, b in (("green", 9.0), ("reservoir", 2.0))]
    borders = pd.DataFrame([(f"u{i}", f"u{i + 1}", 1.0) for i in range(n - 1)], columns=["unit_a", "unit_b", "length_m"])
    return frame(rows), borders


BORDERS = line(4)[1]
RULES = [
    (al.Lock("u0", "reservoir"), "GGGG"),
    (al.Exclude("u0", "green"), "GRRR"),
    (al.Quota("green", max_mu=15), "GGGG"),
    (al.Quota("reservoir", min_mu=5.000000001), "RGGG"),
    (al.WaterLevel(deeper={"u1": "u0"}), "GRGG"),
    (al.Apart("green", "reservoir", BORDERS), "GRRR"),
    (al.Adjacent("green", "reservoir", BORDERS), "GGRR"),
    (al.MinPatch("reservoir", 10, BORDERS), "RGRR"),
    (al.Connected("green", BORDERS), "GRGG"),
    (al.Keep("compactness", 1.0), "GRGG"),
]


@pytest.mark.parametrize(("rule", "plan"), RULES, ids=lambda x: x if isinstance(x, str) else type(x).__name__)
def test_a_plan_that_breaks_a_rule_is_named(rule: Any, plan: str) -> None:
    options, borders = line(4)
    problem = al.Problem(options, unrestored=False).subject_to(al.Compactness(borders, 1.0), rule)
    chosen = np.array([2 * i + (letter == "R") for i, letter in enumerate(plan)])
    assert misses(problem.table, problem.rules, chosen, np.empty(0)) == (str(rule),)


@pytest.mark.parametrize("chosen", [[0, 2, 4, -1], [0, 2, 4, 5], [0, 2, 4, 99], [0, 2, 4]])
def test_a_choice_that_is_none_is_refused(chosen: list[int]) -> None:
    options, _ = line(4)
    table = al.Problem(options, unrestored=False).table
    assert misses(table, (), np.array(chosen), np.empty(0))


def test_a_lock_to_water_over_ground_that_cannot_be_water_is_infeasible_at_any_size() -> None:
    options, borders = line(900)
    options = options.drop(("u0", "reservoir"))
    rules = [
        al.WaterLevel(deeper={f"u{i}": f"u{i - 1}" for i in range(1, 60)}),
        al.Lock("u1", "reservoir"),
        al.Compactness(borders, 1.0),
    ]
    with pytest.raises(Infeasible) as caught:
        al.Problem(options, unrestored=False).subject_to(*rules).solve(gap=1e-3)
    assert len(caught.value.conflicts) == 2


def whole_mu() -> pd.DataFrame:
    kinds = (("green", 5.0), ("construction", 9.0))
    return frame([(f"u{i}", t, t, i + 1.0, b + i, 1.0, 0.0, 1.0, 0.0) for i in range(6) for t, b in kinds])


@pytest.mark.parametrize(
    "rules",
    [
        [al.Quota("green", min_mu=10.00000001, max_mu=10.00000001)],
        [al.Quota("green", min_mu=21.0), al.Quota("construction", min_mu=1e-9)],
    ],
)
def test_limits_finer_than_the_solvers_tolerance_are_told_apart(rules: list[Any]) -> None:
    with pytest.raises(Infeasible) as caught:
        al.Problem(whole_mu()).subject_to(*rules).solve(gap=0)
    assert len(caught.value.conflicts) == len(rules)


def test_a_litre_beside_a_lake_is_still_a_litre() -> None:
    ways = (("green", 5.0, 0.0, 1e-3), ("construction", 9.0, 0.0, 2e5), ("reservoir", 1.0, 3e5, 0.0))
    rows = [(f"u{i}", t, t, 5.0, b, 1.0, c, f + i * (f > 1), 0.0) for i in range(5) for t, b, c, f in ways]
    balance = al.Earthwork(max_import_m3=0, max_export_m3=0)
    result = al.Problem(frame(rows)).subject_to(balance).solve(gap=0)
    assert (result.choice == "unrestored").all()


@pytest.mark.parametrize("seed", range(40))
def test_columns_from_a_millionth_to_a_trillion_are_kept_exactly(seed: int) -> None:
    """Against all plans, added up in decimals: the same best value, or infeasible for both."""
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.integers(-6, 13)
    other = 10.0 ** rng.integers(-6, 13)
    ways = ("green", "construction", "reservoir")
    rows = [
        (f"u{i}", t, t, float(rng.integers(1, 9)), float(rng.integers(0, 50)), 0.0, float(rng.choice([size, other, 0.0])),
         float(rng.choice([size, other, 0.0])), 0.0)
        for i in range(4) for t in ways
    ]  # fmt: skip
    rules = [al.Earthwork(max_import_m3=0.0, max_export_m3=float(rng.choice([0.0, size]))), al.Quota("green", min_mu=3)]
    problem = al.Problem(frame(rows), unrestored=False).subject_to(*rules)
    table = problem.table
    best = None
    for plan in itertools.product(range(3), repeat=4):
        chosen = np.array([3 * i + k for i, k in enumerate(plan)])
        lack = sum(Fraction(repr(v)) for v in (table.values["fill_m3"] - table.values["cut_m3"])[chosen].tolist())
        green = table.mask("green")[chosen] @ table.values["area_mu"][chosen]
        if lack <= 0 and -lack <= Fraction(repr(rules[0].max_export_m3)) and green >= 3:
            best = max(best if best is not None else -np.inf, float(table.values["benefit_cny"][chosen].sum()))
    if best is None:
        with pytest.raises(Infeasible):
            problem.solve(gap=0)
    else:
        result = problem.solve(gap=0)
        assert result.objective == pytest.approx(best)
        assert result.bound >= best - 1e-9


def test_hauls_between_zones_balance_to_rounding() -> None:
    """A refined transport leaves nothing of the solver's tolerance, which is metres cubed on lakes."""
    rng = np.random.default_rng(3)
    zones = {f"u{i}": f"z{i % 6}" for i in range(60)}
    rows = [
        (f"u{i}", t, t, 5.0, float(rng.uniform(1, 9)) * 1e6, 1.0, c, f, 0.0)
        for i in range(60)
        for t, c, f in (("green", 0.0, rng.uniform(0, 3e6) / 3.0), ("reservoir", rng.uniform(0, 7e6) / 7.0, 0.0))
    ]
    ways = pd.DataFrame([(f"z{a}", f"z{b}", 0.1 + abs(a - b)) for a in range(6) for b in range(6) if a != b])
    haul = ways.set_axis(["from", "to", "cny_per_m3"], axis=1)
    rule = al.Earthwork(max_import_m3=5e6, max_export_m3=5e8, compaction=0.93, zones=zones, haul=haul)
    problem = al.Problem(frame(rows)).subject_to(rule, al.Quota("green", min_mu=100))
    result = problem.solve(gap=1e-3)
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    chosen = np.searchsorted(
        problem.table.unit * 100 + problem.table.option,
        np.arange(60) * 100 + pd.Index(problem.table.names).get_indexer(result.choice),
    )
    assert not misses(problem.table, problem.rules, chosen, settle(model, chosen).columns)


def test_a_price_that_dwarfs_its_quantity_hides_no_earth_between_zones() -> None:
    """A lake of 9e-6 m³ fills a field in the next zone; bought fill would cost 1.6e18 yuan/m³ of a budget of 4e13."""
    rows = [
        ("a", "dig", "reservoir", 1.0, 5.0, 1e12, 9e-6, 0.0),
        ("b", "fill", "construction", 1.0, 3.0, 1e12, 0.0, 8.4e-6),
        ("b", "high", "construction", 1.0, 4.0, 1e12, 0.0, 3.84e-5),
    ]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3"]
    haul = pd.DataFrame({"from": ["za", "zb"], "to": ["zb", "za"], "cny_per_m3": 3e17})
    earth = al.Earthwork(import_cny_per_m3=1.6e18, zones={"a": "za", "b": "zb"}, haul=haul)
    problem = al.Problem(pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])).subject_to(earth)
    for budget, worth in ((4e13, 8.0), (8e13, 9.0)):  # 2.5e12 for the way; 4.7e13 for what lacks
        found = problem.subject_to(al.Budget(budget)).solve(objective="benefit_cny", gap=0)
        assert (found.status, found.objective, found.bound) == ("optimal", worth, worth)


@pytest.mark.parametrize(("imported", "exported"), [(505_280.0, 1_222.23), (400_000.0, None), (None, None)])
def test_earth_that_costs_the_objective_nothing_does_not_go_round(imported: float | None, exported: float | None) -> None:
    """Where land is maximised hauls are free: sent round in circles, they left more of a balance open than it may be off by."""
    rows = [(f"u{i}", "g", "green", 5.0, 1.0, 1.0, 0.0, fill, 0.0) for i, fill in enumerate((347_543.55, 0.0, 3_484.7757))]
    ways = pd.DataFrame([(f"z{a}", f"z{b}", 2.0 + a) for a in range(3) for b in range(3) if a != b])
    zones, haul = {f"u{i}": f"z{i}" for i in range(3)}, ways.set_axis(["from", "to", "cny_per_m3"], axis=1)
    rule = al.Earthwork(max_import_m3=imported, max_export_m3=exported, zones=zones, haul=haul)
    problem = al.Problem(frame(rows), unrestored=False).subject_to(rule)
    settled = settle(assemble(problem.table, problem.parts(), objective(problem.table, "land")), np.arange(3))
    assert settled.feasible
    assert not misses(problem.table, problem.rules, np.arange(3), settled.columns)
    assert settled.columns.sum() == pytest.approx(347_543.55 + 3_484.7757)
    assert problem.solve(objective="land", gap=0, time_limit_s=20).status == "optimal"


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_an_error_in_the_solvers_thread_proves_nothing(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    options, borders = line(40)
    problem = al.Problem(options).subject_to(al.Compactness(borders, 3.0), al.Quota("reservoir", min_mu=33, max_mu=66))
    truth = problem.solve(gap=0).objective
    monkeypatch.setattr(highs._Watch, "improved", lambda self, event: self._fail(error), raising=True)

    def fail(self: Any, kind: type[BaseException]) -> None:
        with self._guarded():
            raise kind

    monkeypatch.setattr(highs._Watch, "_fail", fail, raising=False)
    try:
        result = problem.solve(gap=0, time_limit_s=30)
    except (NoPlanInTime, KeyboardInterrupt):
        return
    assert result.bound >= truth - 1e-9


def test_alternatives_go_on_until_none_is_left() -> None:
    rows = [(f"u{i}", t, t, 5.0, 100.0 + i, c, 0.0, 0.0, 0.0) for i in range(3) for t, c in (("green", 10.0), ("arable", 10.1))]
    problem = al.Problem(frame(rows), unrestored=False)
    found = al.alternatives(problem, problem.solve(gap=0), count=20, within=0.5, gap=0)
    assert len(found.results) == 8
    assert len({tuple(r.choice) for r in found.results}) == 8
    assert (found.table["least_differs_mu"] >= 5).all()


def test_alternatives_of_a_cost_plan_are_measured_in_cost() -> None:
    problem = al.Problem(whole_mu()).subject_to(al.Quota("green", min_mu=10))
    plan = problem.solve(objective="cost", gap=0)
    found = al.alternatives(problem, plan, count=3, within=0.6, gap=0)
    assert found.table["objective"].iloc[0] == pytest.approx(plan.objective)
    assert (found.table["loss"] <= 0.6 + 1e-9).all()


def test_only_the_guilty_are_named() -> None:
    options = frame([("u", t, t, 5.0, 9.0, 1.0, 0.0, 0.0, 0.0) for t in ("green", "arable", "construction")])
    for rules, guilty in (
        (
            [al.Lock("u", "green"), al.Exclude("u", "arable"), al.Exclude("u", "green")],
            {"unit u is green", "unit u is not green"},
        ),
        ([al.Lock("u", "construction"), al.Quota("construction", max_mu=0)], {"unit u is construction", "construction ≤ 0 mu"}),
    ):
        with pytest.raises(Infeasible) as caught:
            al.Problem(options).subject_to(*rules).solve()
        assert set(map(str, caught.value.conflicts)) == guilty


def test_a_treatment_nobody_knows_is_refused_and_other_targets_are_not() -> None:
    options, _ = line(3)
    with pytest.raises(InvalidInput, match="typo"):
        al.Problem(options).subject_to(al.Limit("area_mu", max=1, treatment="typo")).solve()
    zones = options.assign(target=options["target"].map({"green": "zone_a", "reservoir": "zone_b"}))
    result = al.Problem(zones, unrestored=False).subject_to(al.Quota("zone_b", min_mu=10)).solve(gap=0)
    assert (result.chosen["target"] == "zone_b").sum() == 2


def test_unrestored_ground_has_an_area() -> None:
    options, _ = line(4)
    result = al.Problem(options).subject_to(al.Quota("unrestored", min_mu=10)).solve(gap=0)
    assert (result.choice == "unrestored").sum() == 2


def test_units_without_options_stay_in_the_problem() -> None:
    options, _ = line(2)
    problem = al.Problem(options, units=["u0", "u1", "u9"]).subject_to(al.Quota("green", max_mu=5))
    assert problem.units == ("u0", "u1", "u9") and list(problem.solve(gap=0).choice.index) == ["u0", "u1", "u9"]
