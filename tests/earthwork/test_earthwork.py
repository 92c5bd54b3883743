"""Earthwork: levels against closed forms and bisection, the transport problem against an independent solver and by hand."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, linprog

from planner.core.terrain.hypsometry import Hypsometry
from planner.earthwork import (
    EXPORT,
    IMPORT,
    bed_level,
    cut_fill,
    dig_depth,
    grading_level,
    haul,
    mass_curve,
    platform_level,
    pooled,
)
from planner.errors import CRSMismatch, Infeasible, InvalidInput


def ground(*units: list[tuple[float, float]]) -> Hypsometry:
    """Hypsometry of units given as lists of (level m, area m²)."""
    start = np.concatenate(([0], np.cumsum([len(u) for u in units]))).astype(np.int64)
    cells = np.array([c for u in units for c in u], dtype=float).reshape(-1, 2)
    return Hypsometry.from_cells(start, cells[:, 0], cells[:, 1])


def site(rows: dict[str, tuple[float, float, float, float]]) -> gpd.GeoDataFrame:
    """Units as x, y, cut m³, fill m³."""
    xy = [(v[0], v[1]) for v in rows.values()]
    columns = {"cut_m3": [v[2] for v in rows.values()], "fill_m3": [v[3] for v in rows.values()]}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy), index=pd.Index(list(rows), name="unit_id"), crs="EPSG:4527")


cells = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.01, 900)), min_size=1, max_size=30)


def test_two_terraces_balance_at_the_middle() -> None:
    """100 m² at 30 m and 100 m² at 34 m meet at 32 m; with a yield of 0.5, 0.5·(34 − s) = s − 30 at 31⅓ m."""
    two = ground([(30.0, 100.0), (34.0, 100.0)])
    assert grading_level(two, compaction=1.0)[0] == pytest.approx(32.0, abs=1e-12)
    assert grading_level(two, compaction=0.5)[0] == pytest.approx(30 + 4 / 3, abs=1e-12)
    cut, fill = cut_fill(two, 32.0)
    assert (cut[0], fill[0]) == (200.0, 200.0)


def test_a_wedge_balances_where_the_parabolas_meet() -> None:
    """Even slope of height h: cut ∝ (h − s)², fill ∝ s²: s = h·√k / (1 + √k). Cells converge on it."""
    n, h, k = 20_000, 5.0, 0.81
    wedge = ground([((i + 0.5) * h / n, 1.0) for i in range(n)])
    assert grading_level(wedge, compaction=k)[0] == pytest.approx(h * 0.9 / 1.9, rel=1e-8)


@settings(deadline=None)
@given(units=st.lists(cells, min_size=1, max_size=4), k=st.floats(0.3, 1.4))
def test_the_grading_level_balances_and_agrees_with_a_root_finder(units: list[list[tuple[float, float]]], k: float) -> None:
    h = ground(*units)
    level = grading_level(h, compaction=k)
    cut, fill = cut_fill(h, level)
    assert np.allclose(cut * k, fill, rtol=1e-9, atol=1e-9 * h.total().max())
    for i, unit in enumerate(units):
        one = ground(unit)
        low, high = one.level[0], one.level[-1]
        if high > low:
            root = brentq(lambda s, g=one: float(k * g.volume_above(s)[0] - g.volume_below(s)[0]), low, high, xtol=1e-12)
            assert level[i] == pytest.approx(root, abs=1e-8)
        else:
            assert level[i] == pytest.approx(low, abs=1e-12)


@settings(deadline=None)
@given(units=st.lists(cells, min_size=1, max_size=4), share=st.floats(0, 3))
def test_bed_and_platform_levels_give_back_their_volumes(units: list[list[tuple[float, float]]], share: float) -> None:
    h = ground(*units)
    volume = share * h.total()
    assert np.allclose(h.volume_above(bed_level(h, cut_m3=volume)), volume, rtol=1e-9, atol=1e-7)
    assert np.allclose(h.volume_below(platform_level(h, fill_m3=volume)), volume, rtol=1e-9, atol=1e-7)


def test_nothing_asked_leaves_the_ground_and_no_ground_gives_no_level() -> None:
    h = ground([(30.0, 5.0), (32.0, 5.0)], [])
    assert bed_level(h, cut_m3=0.0)[0] == 32.0 and platform_level(h, fill_m3=0.0)[0] == 30.0
    assert bed_level(h, cut_m3=20.0)[0] == 29.0 and platform_level(h, fill_m3=20.0)[0] == 33.0
    for level in (bed_level(h, cut_m3=1.0), platform_level(h, fill_m3=1.0), grading_level(h, compaction=0.9)):
        assert np.isnan(level[1])


def test_a_frustum_of_spoil_needs_the_depth_of_its_inverse() -> None:
    """A level bed at 30 m, 10 000 m², stage 31.5 m: 9 500 m³ of fill at a yield of 0.95 is 1 m of bed."""
    lake = ground([(30.0, 6_000.0)], [(30.0, 4_000.0)])
    assert dig_depth(lake, stage_m=31.5, fill_m3=9_500.0, compaction=0.95) == pytest.approx(2.5, abs=1e-12)


def test_deep_ground_is_not_dug_before_the_bed_reaches_it() -> None:
    """28 m and 30 m, 100 m² each: the first 200 m³ come from the high half alone, the next 100 m³ from both."""
    lake = ground([(30.0, 100.0)], [(28.0, 100.0)])
    assert dig_depth(lake, stage_m=31.0, fill_m3=200.0, compaction=1.0) == pytest.approx(3.0)
    assert dig_depth(lake, stage_m=31.0, fill_m3=300.0, compaction=1.0) == pytest.approx(3.5)
    assert pooled(lake).total()[0] == 200.0


@settings(deadline=None)
@given(unit=cells, v=st.floats(0, 1e4), more=st.floats(0.1, 1e4))
def test_more_fill_never_wants_a_shallower_dig(unit: list[tuple[float, float]], v: float, more: float) -> None:
    lake = ground(unit)
    depth = [dig_depth(lake, stage_m=60.0, fill_m3=f, compaction=0.9) for f in (v, v + more)]
    assert depth[1] > depth[0]


def test_wrong_quantities_are_refused() -> None:
    h = ground([(30.0, 5.0)])
    with pytest.raises(InvalidInput, match="compaction"):
        grading_level(h, compaction=0.0)
    with pytest.raises(InvalidInput, match="cut_m3"):
        bed_level(h, cut_m3=-1.0)
    with pytest.raises(InvalidInput, match="no ground"):
        dig_depth(ground([]), stage_m=31.0, fill_m3=1.0, compaction=1.0)
    with pytest.raises(InvalidInput, match="u1: fill_m3"):
        haul(site({"u1": (0, 0, 0, np.nan)}), compaction=1.0, cny_per_m3_km=1.0)
    with pytest.raises(InvalidInput, match="cny_per_m3_km"):
        haul(site({"u1": (0, 0, 0, 1)}), compaction=1.0, cny_per_m3_km=np.inf)
    with pytest.raises(InvalidInput, match="max_import_m3"):
        haul(site({"u1": (0, 0, 0, 1)}), compaction=1.0, cny_per_m3_km=1.0, max_import_m3=-5.0)
    with pytest.raises(InvalidInput, match="swell"):
        haul(site({"u1": (0, 0, 0, 1)}), compaction=1.0, cny_per_m3_km=1.0, swell=-1.0)
    with pytest.raises(InvalidInput, match="stage_m = nan"):
        dig_depth(h, stage_m=np.nan, fill_m3=1.0, compaction=1.0)
    with pytest.raises(InvalidInput, match="no column fill_m3"):
        haul(site({"u1": (0, 0, 0, 1)}).drop(columns="fill_m3"), compaction=1.0, cny_per_m3_km=1.0)
    with pytest.raises(InvalidInput, match=r"cut_m3 adds up to 1e\+14 m³"):
        haul(site({"u1": (0, 0, 1e14, 0)}), compaction=1.0, cny_per_m3_km=1.0)
    with pytest.raises(InvalidInput, match="gate"):
        haul(site({"u1": (0, 0, 0, 1)}), compaction=1.0, cny_per_m3_km=1.0, max_import_m3=None, gate=(np.nan, 0.0))


@pytest.mark.parametrize(
    "tell", [lambda u: haul(u, compaction=1.0, cny_per_m3_km=1.0), lambda u: mass_curve(u, compaction=1.0)]
)
def test_units_without_a_place_are_refused(tell: Callable[[gpd.GeoDataFrame], object]) -> None:
    """An empty geometry has no centroid: the others' must not move up into its row."""
    units = site({"a": (0, 0, 100, 0), "b": (500, 0, 0, 0), "c": (1000, 0, 0, 100)})
    for nothing in (None, shapely.Polygon()):
        shapes = gpd.GeoSeries([units.geometry.iloc[0], nothing, units.geometry.iloc[2]], index=units.index, crs=units.crs)
        with pytest.raises(InvalidInput, match="b: the unit has no geometry"):
            tell(units.set_geometry(shapes))
    with pytest.raises(InvalidInput, match="a: more than one unit"):
        tell(units.set_axis(["a", "a", "c"]))
    with pytest.raises(CRSMismatch, match="need a projected CRS"):
        tell(units.set_crs(4490, allow_override=True))


def test_feet_are_carried_as_metres_and_the_outside_keeps_its_name() -> None:
    units = site({"a": (0, 0, 100, 0), "c": (1000, 0, 0, 100)}).set_crs(2263, allow_override=True)
    found = haul(units, compaction=1.0, cny_per_m3_km=1.0)
    assert found.table["distance_m"].tolist() == pytest.approx([1000 * 1200 / 3937])
    there = haul(
        site({"a": (0, 0, 0, 100)}).set_crs(2263, allow_override=True),
        compaction=1.0,
        cny_per_m3_km=1.0,
        max_import_m3=None,
        gate=(1000.0, 0.0),
    )
    assert there.table["distance_m"].tolist() == pytest.approx([1000 * 1200 / 3937])
    with pytest.raises(InvalidInput, match="stands for the outside"):
        haul(units.set_axis(["import", "c"]), compaction=1.0, cny_per_m3_km=1.0)


def test_a_haul_by_hand() -> None:
    """Two cuts of 100 m³, two fills of 95: each serves its near one, 300 m and 400 m away."""
    units = site({"a": (0, 0, 100, 0), "b": (2000, 0, 100, 0), "c": (300, 0, 0, 95), "d": (2000, 400, 0, 95)})
    result = haul(units, compaction=0.95, cny_per_m3_km=2.0)
    assert result.table.to_dict("list") == {
        "from_unit": ["a", "b"],
        "to_unit": ["c", "d"],
        "m3": [95.0, 95.0],
        "loose_m3": pytest.approx([125.0, 125.0]),
        "distance_m": [300.0, 400.0],
        "cost_cny": pytest.approx([57.0, 76.0]),
    }
    assert result.cost_cny == pytest.approx(133.0) and result.bound_cny == pytest.approx(133.0)
    assert result.mean_haul_m == pytest.approx(350.0) and result.moved_m3 == 190.0
    assert (result.import_m3, result.export_m3) == (0.0, 0.0)


def test_the_nearest_pair_is_not_always_served() -> None:
    """Cut at 0 and 100, fill at 90 and 500: serving 90 from 100 first would cost 510 m; the best is 490 m."""
    units = site({"a": (0, 0, 1, 0), "b": (100, 0, 1, 0), "c": (90, 0, 0, 1), "d": (500, 0, 0, 1)})
    result = haul(units, compaction=1.0, cny_per_m3_km=1000.0)
    assert result.cost_cny == pytest.approx(490.0)


def test_a_unit_serves_itself_first() -> None:
    result = haul(site({"a": (0, 0, 100, 60), "b": (50, 0, 0, 40)}), compaction=1.0, cny_per_m3_km=1.0)
    assert result.table[["from_unit", "to_unit", "m3"]].values.tolist() == [["a", "a", 60.0], ["a", "b", 40.0]]
    assert result.moved_m3 == 40.0 and result.mean_haul_m == 50.0


def test_what_does_not_balance_comes_from_or_goes_outside() -> None:
    short = site({"a": (0, 0, 10, 0), "b": (10, 0, 0, 30), "c": (500, 0, 0, 5)})
    result = haul(short, compaction=1.0, cny_per_m3_km=1.0, max_import_m3=None)
    assert result.import_m3 == pytest.approx(25.0) and result.export_m3 == 0.0
    assert set(result.table.loc[result.table.from_unit == IMPORT, "to_unit"]) == {"b", "c"}
    long = haul(site({"a": (0, 0, 30, 0), "b": (10, 0, 0, 10)}), compaction=1.0, cny_per_m3_km=1.0)
    assert long.export_m3 == pytest.approx(20.0) and (long.table.to_unit == EXPORT).sum() == 1


def test_limits_that_cannot_hold_name_what_is_missing() -> None:
    short = site({"a": (0, 0, 10, 0), "b": (10, 0, 0, 1030)})
    with pytest.raises(Infeasible, match="1,020 m³ of import needed, at most 0") as caught:
        haul(short, compaction=1.0, cny_per_m3_km=1.0)
    assert tuple(map(str, caught.value.relaxations)) == ("max_import_m3 by 1,020 m³",)
    with pytest.raises(Infeasible, match="export"):
        haul(site({"a": (0, 0, 1000, 0)}), compaction=1.0, cny_per_m3_km=1.0, max_export_m3=10.0)


def test_priced_earth_is_bought_only_where_the_way_is_dearer() -> None:
    """1 yuan/m³/km: 10 km cost 10; buying at 3 and carting away at 4 costs 7 and wins, at 6 and 5 it does not."""
    units = site({"a": (0, 0, 100, 0), "b": (10_000, 0, 0, 100)})
    common = {"compaction": 1.0, "cny_per_m3_km": 1.0, "max_import_m3": 40.0}
    bought = haul(units, import_cny_per_m3=3.0, export_cny_per_m3=4.0, **common)
    assert (bought.import_m3, bought.export_m3) == (40.0, 40.0)
    assert bought.cost_cny == pytest.approx(40 * 7 + 60 * 10)
    hauled = haul(units, import_cny_per_m3=6.0, export_cny_per_m3=5.0, **common)
    assert (hauled.import_m3, hauled.export_m3, hauled.cost_cny) == (0.0, 0.0, pytest.approx(1000.0))


def test_a_gate_makes_earth_from_outside_travel() -> None:
    units = site({"a": (0, 0, 0, 10), "b": (1000, 0, 0, 10)})
    result = haul(units, compaction=1.0, cny_per_m3_km=1.0, max_import_m3=None, gate=(-1000.0, 0.0))
    assert result.table.distance_m.tolist() == [1000.0, 2000.0]
    assert result.cost_cny == pytest.approx(30.0)
    assert result.mean_haul_m == 1500.0  # it was 0: none of it comes from another unit


def test_nothing_to_do_is_an_empty_table() -> None:
    result = haul(site({"a": (0, 0, 0, 0)}), compaction=0.95, cny_per_m3_km=1.0)
    assert result.table.empty and "loose_m3" in result.table and result.cost_cny == 0.0 and result.mean_haul_m == 0.0


def random_site(seed: int, n: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 8, (n, 2)) * 100.0 if seed % 2 else rng.uniform(0, 800, (n, 2))
    digs = rng.random(n) < 0.5
    cut, fill = np.where(digs, rng.integers(0, 6, n) * 10.0, 0.0), np.where(digs, 0.0, rng.integers(0, 6, n) * 10.0)
    return site({f"u{i:03d}": (*grid[i], cut[i], fill[i]) for i in range(n)})


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(1, 40))
def test_the_haul_is_the_linear_programs_optimum(seed: int, n: int) -> None:
    """Against HiGHS on all pairs, on degenerate worlds (equal volumes, lattice distances) as well as general ones."""
    units = random_site(seed, n)
    k = 0.8
    result = haul(units, compaction=k, cny_per_m3_km=1000.0, max_import_m3=None)
    cut, fill = k * units.cut_m3.to_numpy(), units.fill_m3.to_numpy()
    table = result.table
    brought = table.groupby("to_unit").m3.sum().reindex(units.index, fill_value=0.0).to_numpy()
    given_ = table.groupby("from_unit").m3.sum().reindex(units.index, fill_value=0.0).to_numpy()
    assert np.allclose(brought, fill, atol=1e-5) and np.allclose(given_, cut, atol=1e-5)
    assert result.bound_cny == pytest.approx(result.cost_cny, rel=1e-9, abs=1e-9)
    s, d = np.flatnonzero(cut), np.flatnonzero(fill)
    if len(s) and len(d):
        xy = shapely.get_coordinates(units.geometry.to_numpy())
        cost = np.hypot(*(xy[s][:, None] - xy[d][None]).transpose(2, 0, 1))
        rows = sp.vstack([sp.kron(sp.eye(len(s)), np.ones((1, len(d)))), sp.kron(np.ones((1, len(s))), sp.eye(len(d)))]).tocsr()
        total = min(cut.sum(), fill.sum())
        reference = linprog(
            cost.ravel(), A_ub=rows, b_ub=np.r_[cut[s], fill[d]], A_eq=np.ones((1, cost.size)), b_eq=[total], method="highs"
        )
        assert result.cost_cny == pytest.approx(reference.fun, rel=1e-7, abs=1e-4)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_on_a_line_the_least_haul_is_the_area_of_the_mass_curve(seed: int) -> None:
    """The classical mass-haul diagram: Σ m³·m = ∫|cumulative| dx where cut and fill balance."""
    rng = np.random.default_rng(seed)
    n = 12
    x = np.sort(rng.uniform(0, 3000, n))
    net = rng.integers(-50, 50, n).astype(float)
    net[-1] -= net.sum()
    units = site({f"u{i:02d}": (x[i], 5.0, max(net[i], 0.0), max(-net[i], 0.0)) for i in range(n)})
    curve = mass_curve(units, compaction=1.0, bearing_deg=90.0)
    area = float(np.sum(np.abs(curve.cumulative_m3.to_numpy()[:-1]) * np.diff(curve.distance_m)))
    result = haul(units, compaction=1.0, cny_per_m3_km=1000.0)
    assert result.cost_cny == pytest.approx(area, rel=1e-9, abs=1e-6)
    assert curve.cumulative_m3.iloc[-1] == pytest.approx(0.0, abs=1e-9)


def test_the_mass_curve_runs_from_cut_to_fill_where_no_bearing_is_given() -> None:
    units = site({"far": (0, 900, 0, 95), "near": (0, 0, 100, 0), "mid": (0, 400, 0, 0)})
    curve = mass_curve(units, compaction=0.95)
    assert curve.unit_id.tolist() == ["near", "mid", "far"]
    assert curve.distance_m.tolist() == pytest.approx([0.0, 400.0, 900.0])
    assert curve.cumulative_m3.tolist() == pytest.approx([95.0, 95.0, 0.0])


def test_earth_is_worth_more_where_it_is_far_from_spoil() -> None:
    units = site({"a": (0, 0, 100, 0), "b": (1000, 0, 0, 30), "c": (3000, 0, 0, 30)})
    value = haul(units, compaction=1.0, cny_per_m3_km=2.0).value_cny_per_m3
    assert value.to_dict() == pytest.approx({"a": 0.0, "b": 2.0, "c": 6.0})
    more = units.assign(fill_m3=[0.0, 30.0, 31.0])
    gain = haul(more, compaction=1.0, cny_per_m3_km=2.0).cost_cny - haul(units, compaction=1.0, cny_per_m3_km=2.0).cost_cny
    assert gain == pytest.approx(value["c"])


def test_a_table_does_not_depend_on_the_order_of_the_units() -> None:
    units = random_site(8, 40)
    a, b = (haul(u, compaction=0.9, cny_per_m3_km=1.0, max_import_m3=None) for u in (units, units.iloc[::-1]))
    assert a.cost_cny == b.cost_cny
    pd.testing.assert_frame_equal(a.table, b.table)


def lake_site(n: int) -> gpd.GeoDataFrame:
    """A lake in the middle of a square of n units, everything else to be filled, a twentieth of the spoil left over."""
    rng = np.random.default_rng(n)
    xy = rng.uniform(0, 60 * np.sqrt(n), (n, 2))
    inner = np.hypot(*(xy - 30 * np.sqrt(n)).T) < 15 * np.sqrt(n)
    cut, fill = np.where(inner, rng.uniform(100, 900, n), 0.0), np.where(inner, 0.0, rng.uniform(0, 100, n))
    fill *= 0.95 * cut.sum() / fill.sum()
    return site({f"u{i:04d}": (*xy[i], cut[i], fill[i]) for i in range(n)})


def test_the_values_are_a_certificate_that_anyone_can_check() -> None:
    """No pair may pay more than the way costs, and Σ value·fill − Σ value·cut is the cost: weak duality, written out."""
    units = lake_site(700)
    result = haul(units, compaction=1.0, cny_per_m3_km=1000.0)
    value = result.value_cny_per_m3
    digs, fills = units[units.cut_m3 > 0], units[units.fill_m3 > 0]
    a, b = (shapely.get_coordinates(u.geometry.to_numpy()) for u in (digs, fills))
    way = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    assert (value[fills.index].to_numpy()[None] - value[digs.index].to_numpy()[:, None] <= way + 1e-6).all()
    bound = (value[fills.index] * fills.fill_m3).sum() - (value[digs.index] * digs.cut_m3).sum()
    assert bound == pytest.approx(result.cost_cny, rel=1e-9)
    assert result.export_m3 == pytest.approx(units.cut_m3.sum() - units.fill_m3.sum(), abs=1e-3)


@pytest.mark.parametrize("gap", [0.3, 0.02, 1e-4])
def test_a_gap_is_kept_and_the_bound_stays_below_the_optimum(gap: float) -> None:
    units = lake_site(1500)
    exact = haul(units, compaction=1.0, cny_per_m3_km=1.0)
    near = haul(units, compaction=1.0, cny_per_m3_km=1.0, gap=gap)
    assert near.bound_cny <= exact.cost_cny * (1 + 1e-12) <= near.cost_cny * (1 + 1e-9)
    assert near.cost_cny - near.bound_cny <= gap * near.cost_cny
    carried = near.table.groupby("to_unit").m3.sum().reindex(units.index, fill_value=0.0)
    assert np.allclose(carried, units.fill_m3, atol=1e-5)
    assert exact.cost_cny == pytest.approx(exact.bound_cny, rel=1e-12)


def test_free_haul_is_free() -> None:
    result = haul(lake_site(60), compaction=1.0, cny_per_m3_km=0.0)
    assert result.cost_cny == 0.0 and result.bound_cny == 0.0 and result.table.m3.sum() > 0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 30.0])
def test_a_haul_cut_short_carries_all_the_same_earth_and_tells_its_bound(seconds: float) -> None:
    rng = np.random.default_rng(3)
    rows = {
        f"u{k:03d}": (*rng.uniform(0, 3_000, 2), *(rng.uniform(0, 900, 2) * ((1, 0) if k % 3 else (0, 1)))) for k in range(400)
    }
    units = site(rows)
    given = {"compaction": 0.9, "cny_per_m3_km": 1.5, "max_import_m3": None}
    best, quick = haul(units, **given), haul(units, seconds=seconds, **given)
    assert quick.table["m3"].sum() == pytest.approx(best.table["m3"].sum())
    assert quick.bound_cny <= best.cost_cny * (1 + 1e-9) <= quick.cost_cny * (1 + 1e-6)
    if seconds == 30.0:
        assert quick.cost_cny == pytest.approx(best.cost_cny)
