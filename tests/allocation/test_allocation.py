"""The grammar's promises: what each problem solves to, checked by enumerating every plan of small worlds."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import planner as pl
from planner.errors import Infeasible, InvalidInput

COLUMNS = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]


def frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])


def two_by_two() -> pd.DataFrame:
    """Four units of 10 mu: building brings 100 and needs 5 m³, green 40, a lake 10 and gives 8 m³ and 20 m³ of storage."""
    rows: list[tuple[object, ...]] = []
    for i in range(4):
        rows.append((f"u{i}", "construction", "construction", 10.0, 100.0 + i, 30.0, 0.0, 5.0, 0.0))
        rows.append((f"u{i}", "green", "green", 10.0, 40.0, 5.0, 0.0, 0.0, 0.0))
        rows.append((f"u{i}", "reservoir", "reservoir", 10.0, 10.0, 2.0, 8.0, 0.0, 20.0))
    return frame(rows)


def test_without_rules_every_unit_takes_its_best_option() -> None:
    result = pl.Problem(two_by_two()).solve()
    assert list(result.choice) == ["construction"] * 4
    assert result.objective == 4 * 70 + 0 + 1 + 2 + 3
    assert result.gap == 0.0
    assert result.status == "optimal"


def test_earth_and_storage_make_a_lake_and_the_best_ground_is_built() -> None:
    problem = pl.Problem(two_by_two()).subject_to(pl.Earthwork(max_import_m3=0), pl.Storage(min_m3=20))
    result = problem.solve(gap=0)
    # A lake digs 8 m³, a building needs 5: two lakes under two buildings bring 161, one lake, one building and two parks 151.
    assert list(result.choice) == ["reservoir", "reservoir", "construction", "construction"]
    assert result.objective == (103 - 30) + (102 - 30) + 8 + 8


def test_least_cost_and_most_land() -> None:
    problem = pl.Problem(two_by_two()).subject_to(pl.Quota("construction", min_mu=10), pl.Quota("green", min_mu=10))
    cheap = problem.solve(objective="cost", gap=0)
    assert (cheap.objective, cheap.sense) == (35.0, "min")
    assert problem.solve(objective="land", gap=0).objective == 40.0


def test_a_quota_is_never_missed_by_a_tolerance() -> None:
    rows = [(f"u{i}", t, t, 1 / 3, b, 0.0, 0.0, 0.0, 0.0) for i in range(30) for t, b in (("green", 1.0), ("arable", 2.0))]
    quota = 7.0 + 1e-7  # 21 thirds would miss it by less than a solver's tolerance
    result = pl.Problem(frame(rows)).subject_to(pl.Quota("green", min_mu=quota)).solve(gap=0)
    assert result.totals().loc["green", "area_mu"] >= quota
    assert result.totals().loc["green", "units"] == 22


def test_what_one_more_of_each_limit_is_worth() -> None:
    problem = pl.Problem(two_by_two()).subject_to(pl.Quota("green", min_mu=20))
    result = problem.solve()
    more = pl.Problem(two_by_two()).subject_to(pl.Quota("green", min_mu=30)).solve()
    assert result.shadow_prices.iloc[0] < 0
    assert result.binding[0].unit == "mu"
    assert more.objective <= result.objective + 10 * result.shadow_prices.iloc[0] + 10  # prices are of the relaxation


def test_a_quota_above_all_land_names_the_limit_and_the_amount() -> None:
    with pytest.raises(Infeasible) as failure:
        pl.Problem(two_by_two()).subject_to(pl.Quota("green", min_mu=45)).solve()
    assert failure.value.exit_code == 4
    assert tuple(map(str, failure.value.conflicts)) == ("green ≥ 45 mu",)
    assert tuple(map(str, failure.value.relaxations)) == ("lower green ≥ 45 mu by 5 mu",)


def test_conflicting_limits_are_named_without_the_innocent_ones() -> None:
    problem = pl.Problem(two_by_two()).subject_to(
        pl.Quota("construction", min_mu=30), pl.Earthwork(max_import_m3=0), pl.Budget(1e6), pl.Quota("green", max_mu=40)
    )
    with pytest.raises(Infeasible) as failure:
        problem.solve()
    assert tuple(map(str, failure.value.conflicts)) == ("construction ≥ 30 mu", "earthwork: import ≤ 0 m³, export unlimited")
    # Three buildings need 15 m³ and one lake gives 8: 7 m³ short; or build on 10 mu less.
    assert set(map(str, failure.value.relaxations)) == {
        "lower construction ≥ 30 mu by 10 mu",
        "raise imported fill ≤ 0 m³ by 7 m³",
    }


def enumerate_plans(options: pd.DataFrame) -> list[tuple[str, ...]]:
    """Every choice of one option per unit, "unrestored" among them."""
    units = sorted(set(options.index.get_level_values(0)))
    ways = [[*options.loc[u].index, "unrestored"] for u in units]
    return list(itertools.product(*ways))


def random_world(seed: int, units: int = 5) -> tuple[pd.DataFrame, dict[str, str], pd.DataFrame]:
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for i in range(units):
        area = float(rng.integers(1, 9))
        for t in ("construction", "green", "reservoir"):
            lake = t == "reservoir"
            rows.append(
                (
                    f"u{i}",
                    t,
                    t,
                    area,
                    float(rng.integers(0, 100)),
                    float(rng.integers(0, 40)),
                    float(rng.integers(0, 9)) if lake else 0.0,
                    0.0 if lake else float(rng.integers(0, 6)),
                    float(rng.integers(0, 30)) if lake else 0.0,
                )
            )
    deeper = {f"u{i}": f"u{rng.integers(0, i)}" for i in range(1, units) if rng.random() < 0.8}
    pairs = [
        (f"u{a}", f"u{b}", float(rng.integers(1, 20))) for a in range(units) for b in range(a + 1, units) if rng.random() < 0.5
    ]
    return frame(rows), deeper, pd.DataFrame(pairs, columns=["unit_a", "unit_b", "length_m"])


@pytest.mark.parametrize("seed", range(25))
def test_all_rules_together_against_every_plan(seed: int) -> None:
    options, deeper, borders = random_world(seed)
    zero = dict.fromkeys(COLUMNS[3:], 0.0) | {"target": "unrestored"}
    row = {(u, o): r for (u, o), r in options.to_dict("index").items()}

    def value(plan: tuple[str, ...]) -> float | None:
        chosen = {f"u{i}": row.get((f"u{i}", o), zero) for i, o in enumerate(plan)}
        target = {u: r["target"] for u, r in chosen.items()}
        total = {c: sum(r[c] for r in chosen.values()) for c in COLUMNS[3:]}
        built = sum(r["area_mu"] for r in chosen.values() if r["target"] == "construction")
        imported = max(total["fill_m3"] - 0.9 * total["cut_m3"], 0.0)
        exported = max(0.9 * total["cut_m3"] - total["fill_m3"], 0.0)
        wet_below = all(target[d] == "reservoir" for u, d in deeper.items() if target[u] == "reservoir")
        kept = (
            built >= 4
            and total["cost_cny"] + 2.0 * imported + 0.5 * exported <= 90
            and imported <= 5
            and exported <= 12
            and total["storage_m3"] >= 10
        )
        if not kept or not wet_below or target["u0"] == "green" or total["area_mu"] > 18:
            return None
        length = sum(b.length_m for b in borders.itertuples() if target[b.unit_a] != target[b.unit_b])
        return float(total["benefit_cny"] - total["cost_cny"] - 0.7 * length - 2.0 * imported - 0.5 * exported)

    values = [v for p in enumerate_plans(options) if (v := value(p)) is not None]
    problem = pl.Problem(options).subject_to(
        pl.Quota("construction", min_mu=4),
        pl.Budget(max_cny=90),
        pl.Earthwork(max_import_m3=5, max_export_m3=12, compaction=0.9, import_cny_per_m3=2.0, export_cny_per_m3=0.5),
        pl.Storage(min_m3=10),
        pl.WaterLevel(deeper=deeper),
        pl.Exclude("u0", "green"),
        pl.Limit("area_mu", max=18),
        pl.Compactness(borders, cny_per_m=0.7),
    )
    if not values:
        with pytest.raises(Infeasible):
            problem.solve()
        return
    result = problem.solve(gap=0)
    assert value(tuple(result.choice)) == pytest.approx(max(values), abs=1e-6)
    assert result.objective == pytest.approx(max(values), abs=1e-6)
    assert result.bound >= max(values) - 1e-9


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: pl.Quota("greens", min_mu=1), "did you mean 'green'"),
        (lambda: pl.Quota("green"), "give a minimum or a maximum"),
        (lambda: pl.Quota("green", min_mu=-1), "below zero"),
        (lambda: pl.Quota("green", min_mu=2, max_mu=1), "above the maximum"),
        (lambda: pl.Budget(max_cny=float("nan")), "not a finite number"),
        (lambda: pl.Problem(two_by_two()).subject_to(pl.Limit("habitat_ha", min=1)).solve(), "habitat_ha"),
        (lambda: pl.Problem(two_by_two()).subject_to(pl.Lock("u9", "green")).solve(), "'u9'"),
        (lambda: pl.Problem(two_by_two()).subject_to(pl.Lock("u1", "arable")).solve(), "no option arable"),
        (lambda: pl.Problem(two_by_two()).subject_to(pl.WaterLevel(deeper={"u0": "u1", "u1": "u0"})).solve(), "circle"),
        (lambda: pl.Problem(two_by_two().drop(columns="target")), "'target' is missing"),
        (lambda: pl.Problem(two_by_two().assign(cost_cny=np.nan)), "needs a number"),
        (lambda: pl.Problem(pd.concat([two_by_two()] * 2)), "more than once"),
    ],
)
def test_bad_input_says_what_and_where(make: object, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        make()  # type: ignore[operator]


def test_unrestored_can_be_left_out() -> None:
    options = two_by_two().assign(benefit_cny=-1.0)
    assert set(pl.Problem(options).solve().choice) == {"unrestored"}
    assert "unrestored" not in set(pl.Problem(options, unrestored=False).solve().choice)
