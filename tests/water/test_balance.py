"""Lakes through the months: closed forms, a fine-stepped reference, and mass that closes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.balance import Aquifer, Balance, Climate, Lake, balance, cascade, climate, dry_year, replenishment, settled
from planner.core.terrain.merge_tree import merge_tree
from planner.errors import InvalidInput
from planner.parameters import defaults
from planner.site import Grid

STILL = Climate("still", (0.0,) * 12, (0.0,) * 12)


def prism(name: str = "a", *, area: float = 1000.0, depth: float = 5.0, **options: object) -> Lake:
    """Vertical walls: the bed at 10 m."""
    level = np.array([10.0, 10.0 + depth])
    return Lake(name, level, np.array([area, area]), area * (level - 10.0), **options)


def wedge(name: str = "a", *, rows: int = 2, **options: object) -> Lake:
    """A lake whose area grows as its storage: A = S / 2 m (an exponential bowl), full at 100 000 m³."""
    storage = np.linspace(0, 1e5, rows)
    return Lake(name, 10.0 + storage / 2e4, storage / 2.0, storage, **options)


def cone(rows: int, **options: object) -> Lake:
    """Radius 50 m a metre of depth, 6 m deep."""
    h = np.linspace(0, 6, rows)
    return Lake("cone", 20.0 + h, np.pi * (50 * h) ** 2, np.pi * 2500 * h**3 / 3, **options)


def weather(rain: float = 0.0, evaporation: float = 0.0) -> Climate:
    return Climate("even", (rain,) * 12, (evaporation,) * 12)


def assert_closes(result: Balance) -> None:
    assert result.residual_share <= 1e-12
    for _, rows in result.table.groupby("lake"):
        start = np.concatenate(([result.start_m3[rows.lake.iloc[0]]], rows.storage_m3.to_numpy()[:-1]))
        gain = rows[["rain_m3", "runoff_m3", "inflow_m3", "upstream_m3"]].sum(axis=1)
        loss = rows[["evaporation_m3", "seepage_m3", "use_m3", "spill_m3"]].sum(axis=1)
        assert np.allclose(start + gain - loss, rows.storage_m3, rtol=1e-11, atol=1e-6)
    volumes = result.table[["rain_m3", "runoff_m3", "evaporation_m3", "use_m3", "deficit_m3", "spill_m3", "storage_m3"]]
    assert (volumes >= -1e-9).all().all()


def test_a_box_fills_in_volume_over_inflow() -> None:
    """5 000 m³ at 400 m³ a month: full after 12.5 months, then everything spills."""
    result = balance([prism(inflow_m3=400.0)], [STILL, STILL])
    assert result.fill_months["a"] == pytest.approx(12.5, abs=1e-12)
    assert result.table.spill_m3.iloc[11:14].tolist() == pytest.approx([0.0, 200.0, 400.0])
    assert result.table.level_m.iloc[[0, 11, 23]].tolist() == pytest.approx([10.4, 14.8, 15.0])
    assert_closes(result)


def test_a_level_falls_by_what_evaporates_whatever_the_shape() -> None:
    """dh/dt = −e for any lake: 6 m less 12 × 100 mm. The table's straight lines err by less as it gets finer."""
    errors = []
    for rows in (13, 121, 1201):
        result = balance([cone(rows, start_m=26.0)], weather(evaporation=100.0))
        assert_closes(result)
        errors.append(abs(result.table.level_m.iloc[-1] - 24.8))
    assert errors[0] < 0.02 and errors[1] < 1e-3 and errors[2] < 1e-4 and errors[2] < errors[1] < errors[0]


def test_an_exponential_bowl_follows_its_closed_form() -> None:
    """A = S/2, net loss 0.1 m a month, inflow q: S(t) = q/λ + (S₀ − q/λ)·e^(−λt) with λ = 0.05."""
    result = balance([wedge(start_m=14.0, inflow_m3=1000.0)], weather(rain=50.0, evaporation=150.0))
    t = np.arange(1, 13)
    exact = 20_000 + 60_000 * np.exp(-0.05 * t)
    assert result.table.storage_m3.to_numpy() == pytest.approx(exact, rel=1e-12)
    assert_closes(result)


def test_knots_within_a_month_change_nothing() -> None:
    coarse = balance([wedge(start_m=11.0, inflow_m3=9000.0, use_m3=500.0)], weather(30.0, 80.0))
    fine = balance([wedge(rows=1001, start_m=11.0, inflow_m3=9000.0, use_m3=500.0)], weather(30.0, 80.0))
    numbers = [c for c in coarse.table if c != "lake"]
    assert np.allclose(coarse.table[numbers], fine.table[numbers], rtol=1e-9, atol=1e-6)
    assert coarse.fill_months["a"] == pytest.approx(fine.fill_months["a"], rel=1e-12)


def test_rising_time_of_a_bowl_is_its_logarithm() -> None:
    """Net gain 0.1 m a month from S = 50 000: S = 50 000·e^(0.05t) reaches 100 000 at ln 2 / 0.05 = 13.863 months."""
    result = balance([wedge(start_m=12.5)], [weather(rain=100.0)] * 2)
    assert result.fill_months["a"] == pytest.approx(np.log(2) / 0.05, rel=1e-12)


def test_use_stops_at_the_dead_level() -> None:
    """1 000 m³ above the dead level at 300 a month: met for 3⅓ months; losing 0.1 m a month too, for 2½, then losing on."""
    result = balance([prism(start_m=12.0, dead_m=11.0, use_m3=300.0)], STILL)
    assert result.table.use_m3.tolist()[:5] == pytest.approx([300.0, 300.0, 300.0, 100.0, 0.0])
    assert result.table.level_m.iloc[-1] == pytest.approx(11.0)
    assert result.summary().loc["a", "met"] == pytest.approx(1000 / 3600)
    lower = balance([prism(start_m=12.0, dead_m=11.0, use_m3=300.0)], weather(evaporation=100.0))
    assert lower.table.level_m.iloc[-1] == pytest.approx(11.0 - 9.5 * 0.1)
    assert_closes(lower)


def test_at_the_dead_level_use_gets_what_flows_in() -> None:
    result = balance([prism(start_m=11.0, dead_m=11.0, use_m3=300.0, inflow_m3=120.0)], STILL)
    assert result.table.use_m3.tolist() == pytest.approx([120.0] * 12)
    assert result.table.deficit_m3.tolist() == pytest.approx([180.0] * 12)
    assert (result.table.level_m == 11.0).all()


def test_an_empty_lake_loses_no_more_than_it_gets() -> None:
    result = balance([prism(inflow_m3=30.0, use_m3=10.0)], weather(rain=20.0, evaporation=200.0))
    assert (result.table.storage_m3 == 0.0).all()
    assert result.table.evaporation_m3.tolist() == pytest.approx([50.0] * 12)
    assert result.table.deficit_m3.tolist() == pytest.approx([10.0] * 12)
    assert_closes(result)


def test_what_spills_fills_the_next_in_the_chain() -> None:
    """a (1 000 m³) spills into b (1 000 m³) into c: 500 m³ a month fill a in 2, b in 4 months."""
    a, b, c = (prism(n, depth=1.0, spills_to=s) for n, s in (("a", "b"), ("b", "c"), ("c", None)))
    lakes = [c, Lake(**{**vars(a), "inflow_m3": 500.0}), b]
    result = balance(lakes, STILL)
    assert result.fill_months.to_dict() == pytest.approx({"c": 6.0, "a": 2.0, "b": 4.0})
    assert result.table.lake.drop_duplicates().tolist() == ["c", "a", "b"]
    assert result.table.spill_m3[result.table.lake == "c"].sum() == pytest.approx(3000.0)
    assert_closes(result)


def test_rain_on_the_dry_basin_starts_a_lake_that_has_no_area_yet() -> None:
    """Half the rain on 10 ha arrives; none falls twice: what the lake covers no longer runs off."""
    basin = {"basin_m2": 1e5, "runoff_share": 0.5}
    result = balance([wedge(**basin)], weather(rain=100.0))
    first = result.table.iloc[0]
    assert first.storage_m3 > 4900.0 and first.runoff_m3 < 5000.0
    assert_closes(result)
    whole = balance([wedge(basin_m2=1e5, runoff_share=1.0)], weather(rain=100.0))
    assert whole.table.storage_m3.iloc[:9].tolist() == pytest.approx([1e4 * k for k in range(1, 10)])


def test_a_lake_settles_to_the_groundwater() -> None:
    """A leaky box tends to the water table: the head halves as e^(−kt)."""
    result = balance([prism(start_m=14.0, groundwater_m=12.0, exchange_per_month=0.3)], STILL)
    assert result.table.level_m.to_numpy() == pytest.approx(12 + 2 * np.exp(-0.3 * np.arange(1, 13)), rel=1e-12)
    below = balance([prism(start_m=11.0, groundwater_m=12.0, exchange_per_month=0.3)], STILL)
    assert below.table.level_m.to_numpy() == pytest.approx(12 - np.exp(-0.3 * np.arange(1, 13)), rel=1e-12)
    assert (below.table.seepage_m3 < 0).all() and below.residual_share < 1e-12


def test_an_empty_hollow_below_the_water_table_fills_from_the_ground() -> None:
    """A bowl has no wet area at its bed; the ground that its first stage will wet lets the water in all the same."""
    bowl = bowl_lake("dug", groundwater_m=30.0, exchange_per_month=0.2)
    result = balance([bowl], [STILL] * 20)
    level = result.table.level_m.to_numpy()
    assert (np.diff(level) >= 0).all() and level[0] > 22.0 and level[-1] == pytest.approx(30.0, abs=1e-6)
    assert (result.table.seepage_m3 <= 0).all() and result.residual_share < 1e-12
    dry = balance([bowl_lake("above", groundwater_m=20.0, exchange_per_month=0.2)], [STILL] * 2)
    assert (dry.table.storage_m3 == 0).all() and (dry.table.seepage_m3 == 0).all()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"start_m": np.nan}, "must be finite"),
        ({"groundwater_m": np.inf}, "must be finite"),
        ({"exchange_per_month": -0.1}, "exchange_per_month = -0.1"),
        ({"basin_m2": np.inf}, "basin_m2 = inf"),
        ({"basin_m2": -1.0}, "basin_m2 = -1"),
    ],
)
def test_numbers_that_are_none_are_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        balance([prism(**wrong)], STILL)


def test_the_settled_year_forgets_how_it_began() -> None:
    year = Climate("seasons", tuple(np.linspace(0, 200, 12)), (100.0,) * 12)
    low, high = (settled([wedge(start_m=s, inflow_m3=500.0)], year) for s in (10.1, 15.0))
    assert low.table.level_m.to_numpy() == pytest.approx(high.table.level_m.to_numpy(), abs=1e-3)
    assert low.table.storage_m3.iloc[-1] == pytest.approx(low.start_m3["a"], rel=1e-4)


def bowl_lake(name: str, **options: object) -> Lake:
    """Zhonghu's size: 7.7 km² and 38.6 Mm³ at 31.5 m, 5 m of mean depth in a paraboloid of 10 m."""
    h = np.linspace(0, 10, 41)
    return Lake(name, 21.5 + h, 7.72e6 * h / 10, 7.72e6 * h**2 / 20, **options)


def test_a_lake_on_the_wet_plain_lives_on_its_rain_and_basin() -> None:
    """Huaibei: a lake with three times its area of land around stays within a metre of full, a dry year costs some of it."""
    parameters = defaults()
    land = {"basin_m2": 4 * 7.72e6, "runoff_share": parameters.number("climate.huaibei.runoff_share")}
    wet = settled([bowl_lake("zhonghu", start_m=31.5, **land)], climate(parameters, "huaibei"))
    row = wet.summary().loc["zhonghu"]
    assert row.lowest_m > 31.0 and row.spill_m3 > 0
    dry = balance([bowl_lake("zhonghu", start_m=31.5, **land)], [dry_year(parameters, "huaibei")] * 3)
    assert 28.5 < dry.summary().loc["zhonghu", "lowest_m"] < row.lowest_m
    assert_closes(dry)


def test_a_lake_in_the_dry_basin_dies_unless_water_is_brought() -> None:
    """Shizuishan loses more than a metre a year net: no lake without replenishment, a level one with it."""
    parameters = defaults()
    year = climate(parameters, "shizuishan")
    alone = balance([bowl_lake("x", start_m=31.5)], [year] * 15)
    assert alone.table.level_m.iloc[11] < 30.6
    assert alone.table.storage_m3.iloc[-1] < 0.01 * alone.start_m3["x"]
    brought = replenishment(bowl_lake("x"), year, level_m=31.0)
    net_m = (sum(year.evaporation_mm) - sum(year.rain_mm)) / 1000
    assert brought.sum() == pytest.approx(net_m * 7.72e6 * 0.95, rel=1e-9)
    held = balance([bowl_lake("x", start_m=31.0, inflow_m3=brought)], [year] * 5)
    assert np.ptp(held.table.level_m) < 1e-6 and held.table.level_m.iloc[0] == pytest.approx(31.0)


def test_the_shipped_climates_are_what_they_say() -> None:
    huaibei, shizuishan = (climate(defaults(), n) for n in ("huaibei", "shizuishan"))
    assert sum(huaibei.rain_mm) == pytest.approx(832.0) and 900 <= sum(huaibei.evaporation_mm) <= 1050
    assert sum(shizuishan.evaporation_mm) > 6 * sum(shizuishan.rain_mm)
    assert sum(dry_year(defaults(), "huaibei").rain_mm) == pytest.approx(0.6 * 832)
    with pytest.raises(InvalidInput, match="huaibei"):
        climate(defaults(), "huaibai")


@pytest.mark.parametrize(
    ("lakes", "says"),
    [
        ([prism("a", spills_to="b"), prism("b", spills_to="a")], "a → b spill in a ring"),
        ([prism("a", spills_to="z")], "'z' is no lake"),
        ([prism("a"), prism("a")], "same name"),
        ([prism("a", full_m=20.0)], "must lie on the storage table"),
        ([prism("a", full_m=10.0)], "no water fits"),
        ([prism("a", inflow_m3=[1.0, 2.0])], "a number or twelve"),
        ([prism("a", use_m3=-1.0)], "none negative"),
        ([prism("a", runoff_share=0.5)], "basin_m2"),
        ([Lake("a", np.array([1.0, 2.0]), np.ones(2), np.array([3.0, 4.0]))], "starts at storage 0"),
        ([Lake("a", np.array([1.0]), np.ones(1), np.zeros(1))], "two rows"),
        ([], "at least one lake"),
    ],
)
def test_what_fits_no_lake_is_refused(lakes: list[Lake], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        balance(lakes, STILL)


def test_a_climate_of_eleven_months_is_refused() -> None:
    with pytest.raises(InvalidInput, match="rain_mm"):
        Climate("short", (1.0,) * 11, (1.0,) * 12)


def test_a_table_from_reservoirs_is_taken_as_it_is() -> None:
    table = pd.DataFrame({"level_m": [9.0, 10.0, 12.0], "area_m2": [0.0, 0.0, 50.0], "storage_m3": [0.0, 0.0, 60.0]})
    lake = Lake.from_table("r", table, start_m=11.0)
    assert lake.storage_at([9.0, 10.0, 11.0, 12.0]).tolist() == [0.0, 0.0, 30.0, 60.0]
    assert lake.level_at([0.0, 30.0]).tolist() == [10.0, 11.0]


def stepped(lake: Lake, year: Climate, steps: int) -> np.ndarray:
    """An independent reference: explicit small steps with every rule written out."""
    level, storage, area = lake.knots
    held = float(lake.storage_at(lake.start_m))
    dead, full = float(lake.storage_at(lake.dead_m)), storage[-1]
    ends = []
    for m in range(12):
        for _ in range(steps):
            wet = np.interp(held, storage, area)
            head = np.interp(held, storage, area * (level - lake.groundwater_m))
            change = lake.inflow_m3 / steps - lake.exchange_per_month * head / steps
            depth = year.rain_mm[m] - year.evaporation_mm[m] - lake.seepage_mm
            dry = lake.runoff_share * year.rain_mm[m] * (lake.basin_m2 - wet)
            change += (depth * wet + dry) / 1000 / steps
            want = lake.use_m3 / steps
            held = held + change
            held = min(max(held - min(want, max(held - dead, 0.0)), 0.0), full)
        ends.append(held)
    return np.array(ends)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_any_lake_agrees_with_small_steps_and_closes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    level = 10 + np.concatenate(([0.0], np.cumsum(rng.uniform(0.1, 1.5, 6))))
    area = np.cumsum(rng.uniform(0, 20_000, 7))
    storage = np.concatenate(([0.0], np.cumsum(np.diff(level) * (area[1:] + area[:-1]) / 2)))
    lake = Lake(
        "a",
        level,
        area,
        storage,
        full_m=rng.uniform(level[4], level[6]),
        dead_m=rng.uniform(level[0], level[2]),
        start_m=rng.uniform(level[0], level[4]),
        inflow_m3=rng.uniform(0, 20_000),
        use_m3=rng.uniform(0, 20_000),
        basin_m2=3e5,
        runoff_share=rng.uniform(0, 1),
        seepage_mm=rng.uniform(0, 60),
        groundwater_m=rng.uniform(9, 15),
        exchange_per_month=rng.uniform(0, 0.2),
    )
    year = Climate("random", tuple(rng.uniform(0, 200, 12)), tuple(rng.uniform(0, 200, 12)))
    result = balance([lake], year)
    assert_closes(result)
    reference = stepped(lake, year, 400)
    assert np.allclose(result.table.storage_m3, reference, atol=4e-3 * storage[-1])
    ends = result.table.storage_m3.to_numpy()
    assert ends.min() >= 0 and ends.max() <= lake.knots[1][-1]


def valley(*bed: float) -> Grid:
    """A trench with the given bed, 1 m cells, between walls of 9 m."""
    ground = np.full((3, len(bed)), 9.0)
    ground[1] = bed
    return Grid(ground, 0.0, 3.0, 1.0, 1.0)


def test_three_pools_in_a_trench_by_hand() -> None:
    """Pools of 8, 5 and 9 m³: the first two meet at 5 m and hold 14 m³ more up to 7 m, where the third joins; 22 m³ over all.

    At the saddles each spills into the other; all hold 58 m³ when the trench is full.
    """
    lakes = cascade(valley(9, 3, 1, 3, 5, 4, 2, 4, 7, 6, 0, 6, 9), min_volume_m3=0.0, min_depth_m=0.0)
    by_bed = {float(lake.level_m[0]): lake for lake in lakes}
    first, second, third, two, three = (by_bed[bed] for bed in (1.0, 2.0, 0.0, 5.0, 7.0))
    assert (first.spills_to, second.spills_to) == (second.name, first.name)
    assert first.joins == second.joins == two.name and two.joins == third.joins == three.name
    assert (third.spills_to, two.spills_to, three.spills_to, three.joins) == (second.name, third.name, None, None)
    held = [float(lake.storage_m3[-1]) for lake in (first, second, third, two, three)]
    assert held == [8.0, 5.0, 9.0, 14.0, 22.0]
    assert two.area_m2[0] == 6.0 and three.area_m2[0] == 10.0
    assert sum(lake.basin_m2 for lake in lakes) == 39.0
    full = balance(
        cascade(valley(9, 3, 1, 3, 5, 4, 2, 4, 7, 6, 0, 6, 9), min_volume_m3=0, min_depth_m=0, runoff_share=1.0),
        weather(1000.0),
    )
    assert full.table.groupby("lake")["storage_m3"].last().sum() == pytest.approx(58.0)
    leaves = full.table[full.table["lake"] == three.name]["spill_m3"].sum()
    assert leaves == pytest.approx(12 * 39.0 - 58.0)
    assert_closes(full)


def test_land_at_the_edge_drains_off_where_it_may() -> None:
    """A slope of 5 cells falls to the west edge, a bowl lies behind its crest: only the bowl's side is the lake's."""
    ground = np.array([[1.0, 2.0, 3.0, 4.0, 9.0, 4.0, 2.0, 4.0, 9.5]] * 3)
    ground[[0, 2], 5:8] = 9.5
    grid = Grid(ground, 0.0, 3.0, 1.0, 1.0)
    gates = np.zeros(ground.shape, dtype=bool)
    gates[:, 0] = True
    (lake,) = cascade(grid, min_volume_m3=0.0, min_depth_m=0.0, outlets=gates)
    assert lake.basin_m2 < 3 * 9 - 3 * 4
    assert cascade(grid, min_volume_m3=0.0, min_depth_m=0.0)[0].basin_m2 == 27.0


def two_bowls(**options: object) -> list[Lake]:
    """Boxes of 1 000 m² that meet at 12 m, one 2 m and one 4 m deep, behind a rim at 15 m."""
    a = Lake("a", np.array([10.0, 12.0]), np.full(2, 1000.0), np.array([0.0, 2000.0]), spills_to="b", joins="ab", **options)
    b = Lake("b", np.array([8.0, 12.0]), np.full(2, 1000.0), np.array([0.0, 4000.0]), spills_to="a", joins="ab")
    ab = Lake("ab", np.array([12.0, 15.0]), np.full(2, 2000.0), np.array([0.0, 6000.0]))
    return [a, b, ab]


def test_water_over_a_saddle_stays_on_the_site() -> None:
    """1 000 m³ a month into a: full after 2 months, b after 6, both rise as one and spill after 12."""
    result = balance(two_bowls(inflow_m3=1000.0), [STILL] * 2)
    assert result.fill_months.to_dict() == pytest.approx({"a": 2.0, "b": 6.0, "ab": 12.0})
    by = result.table.set_index(["lake", "year", "month"])
    assert by.loc[("b", 1, 4), "storage_m3"] == pytest.approx(2000.0)
    assert by.loc[("ab", 1, 9), "level_m"] == pytest.approx(13.5)
    assert by.loc[("a", 1, 9), "level_m"] == pytest.approx(13.5)  # what has joined stands at the common level
    assert by.loc["ab"]["spill_m3"].sum() == pytest.approx(12_000.0)
    assert_closes(result)


def test_lakes_that_met_fall_apart_when_they_empty_and_support_each_other() -> None:
    """Full at 13 m, 250 mm lost a month: their metre is gone in 10 months; a's inflow of 300 m³ then keeps a and feeds b."""
    lakes = two_bowls(inflow_m3=300.0)
    lakes = [replace(lakes[0], start_m=12.0), replace(lakes[1], start_m=12.0), replace(lakes[2], start_m=13.0)]
    result = balance(lakes, weather(evaporation=250.0))
    by = result.table.set_index(["lake", "month"])
    common = 2000.0 / (2000 * 0.25 - 300.0)  # months
    assert by.loc[("ab", 9), "storage_m3"] == pytest.approx(2000.0 - 9 * 200.0)
    assert common == 10.0
    assert by.loc[("a", 12), "level_m"] == pytest.approx(12.0)  # 300 in, 250 lost: full, 50 over the saddle
    assert by.loc[("b", 12), "level_m"] == pytest.approx(12.0 - 2 * 0.2)  # 250 lost, 50 from a
    assert by.loc[("a", 12), "spill_m3"] == pytest.approx(50.0)
    assert_closes(result)


def test_joined_lakes_take_rain_and_runoff_once() -> None:
    """Two bowls and their basins under even rain: what fell is held or has spilled, whatever joined when."""
    lakes = [replace(lake, runoff_share=0.4, basin_m2=9000.0 if lake.name != "ab" else 0.0) for lake in two_bowls()]
    result = balance(lakes, [weather(rain=90.0)] * 3)
    assert_closes(result)
    fell = result.table[["rain_m3", "runoff_m3"]].to_numpy().sum()
    wet = result.table["rain_m3"].sum() / 0.09
    assert fell == pytest.approx(36 * 0.4 * 0.09 * 18_000 + 0.6 * 0.09 * wet, rel=1e-9)
    held = result.table.groupby("lake")["storage_m3"].last().sum()
    left = result.table.loc[result.table["lake"] == "ab", "spill_m3"].sum()
    assert fell == pytest.approx(held + left, rel=1e-9)


def test_use_is_met_from_a_joined_lake_too() -> None:
    lakes = two_bowls(use_m3=100.0)
    lakes = [replace(lakes[0], start_m=12.0), replace(lakes[1], start_m=12.0), replace(lakes[2], start_m=12.25)]
    result = balance(lakes, STILL)
    assert result.table["deficit_m3"].sum() == pytest.approx(0.0, abs=1e-9)
    assert result.table["use_m3"].sum() == pytest.approx(1200.0)
    assert result.table.set_index(["lake", "month"]).loc[("a", 12), "storage_m3"] == pytest.approx(2000.0 - 700.0)
    assert_closes(result)


def stepped_pair(lakes: list[Lake], year: Climate, steps: int) -> np.ndarray:
    """Two bowls by hand in small explicit steps: levels equalise over the saddle."""
    a, b, ab = lakes
    s = np.array([0.0, 0.0, 0.0])
    caps = [float(lake.storage_m3[-1]) for lake in lakes]
    ends = []
    for m in range(12):
        for _ in range(steps):
            net = (year.rain_mm[m] - year.evaporation_mm[m]) / 1000 / steps
            if s[2] > 0:
                area = np.interp(s[2], ab.storage_m3, ab.area_m2)
                s[2] += net * area + (a.inflow_m3 + b.inflow_m3) / steps
                if s[2] < 0:
                    s[0] += s[2] / 2
                    s[1] += s[2] / 2
                    s[2] = 0.0
            else:
                for k, lake in ((0, a), (1, b)):
                    s[k] = max(s[k] + net * np.interp(s[k], lake.storage_m3, lake.area_m2) + lake.inflow_m3 / steps, 0.0)
                for k, other in ((0, 1), (1, 0)):
                    over = max(s[k] - caps[k], 0.0)
                    s[k] -= over
                    s[other] += over
                both = max(s[0] - caps[0], 0.0) + max(s[1] - caps[1], 0.0)
                s[:2] = np.minimum(s[:2], caps[:2])
                s[2] += both
            s[2] = min(s[2], caps[2])
        ends.append(s.copy())
    return np.array(ends)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_any_pair_of_bowls_agrees_with_small_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def bowl(name: str, bed: float, top: float, low: float, high: float, **more: object) -> Lake:
        level = np.linspace(bed, top, 6)
        area = np.linspace(low, high, 6)
        storage = np.concatenate(([0.0], np.cumsum(np.diff(level) * (area[1:] + area[:-1]) / 2)))
        return Lake(name, level, area, storage, **more)

    high = rng.uniform(4000, 20_000, 2)
    lakes = [
        bowl("a", 12 - rng.uniform(1, 4), 12, 500, high[0], inflow_m3=rng.uniform(0, 9000), spills_to="b", joins="ab"),
        bowl("b", 12 - rng.uniform(1, 4), 12, 500, high[1], inflow_m3=rng.uniform(0, 4000), spills_to="a", joins="ab"),
        bowl("ab", 12, 14, high.sum(), 1.4 * high.sum()),
    ]
    year = Climate("random", tuple(rng.uniform(0, 300, 12)), tuple(rng.uniform(0, 300, 12)))
    result = balance(lakes, year)
    assert_closes(result)
    got = result.table.pivot_table(index="month", columns="lake", values="storage_m3", sort=True)[["a", "b", "ab"]].to_numpy()
    reference = stepped_pair(lakes, year, 800)
    assert np.allclose(got, reference, atol=6e-3 * sum(float(lake.storage_m3[-1]) for lake in lakes))


def test_groundwater_that_answers_takes_what_the_lake_loses() -> None:
    """A box of 1 000 m² above a store of 10 000 m² × 0.1: heads meet where the water of both is shared out, S·h conserved."""
    store = Aquifer(10.0, 1e4, 0.1)
    result = balance([prism(start_m=14.0, exchange_per_month=0.3, aquifer=store)], [STILL] * 4)
    level, ground = result.table["level_m"].to_numpy(), result.aquifers["level_m"].to_numpy()
    months = np.arange(1, 49)
    assert level - ground == pytest.approx(4.0 * np.exp(-0.6 * months), abs=2e-3)  # both stores of 1 000 m³ a metre
    assert level + ground == pytest.approx(np.full(48, 24.0), abs=1e-9)
    assert result.residual_share <= 1e-12


def test_recharge_and_the_region_keep_the_ground_wet() -> None:
    store = Aquifer(12.0, 1e5, 0.05, region_m=13.0, regional_per_month=0.2, recharge_share=0.1)
    result = balance([prism(exchange_per_month=0.0, aquifer=store)], [weather(rain=50.0)] * 5)
    steady = 13.0 + 0.1 * 0.05 / 0.05 / 0.2  # dh = recharge / yield + rate·(region − h)
    assert result.aquifers["level_m"].iloc[-1] == pytest.approx(steady, abs=1e-4)
    gained = result.aquifers[["recharge_m3", "lakes_m3", "regional_m3"]].to_numpy().sum()
    assert gained == pytest.approx(1e5 * 0.05 * (result.aquifers["level_m"].iloc[-1] - 12.0), rel=1e-12)


def test_two_lakes_share_one_store() -> None:
    store = Aquifer(11.0, 5e3, 0.2)
    lakes = [prism(name, start_m=start, exchange_per_month=0.2, aquifer=store) for name, start in (("a", 14.0), ("b", 10.5))]
    result = balance(lakes, [STILL] * 10)
    ends = result.table.groupby("lake")["level_m"].last()
    meet = (4000.0 + 500.0 + 1000.0) / 3000.0 + 10.0  # 4 000 and 500 m³ in the boxes, 1 m in the ground, 1 000 m³ a metre each
    assert ends.to_numpy() == pytest.approx([meet, meet], abs=1e-3)
    assert result.aquifers["aquifer"].nunique() == 1
    with pytest.raises(InvalidInput, match="specific yield"):
        Aquifer(11.0, 5e3, 0.0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ab": {"area_m2": np.full(2, 3000.0)}}, "areas together"),
        ({"ab": {"inflow_m3": 5.0}}, "of its own"),
        ({"ab": {"start_m": 13.0}}, "of its own"),
        ({"a": {"joins": "z"}}, "is no lake"),
        ({"a": {"spills_to": "ab"}}, "joins others"),
    ],
)
def test_lakes_that_do_not_join_are_refused(change: dict[str, dict[str, object]], says: str) -> None:
    lakes = [replace(lake, **change.get(lake.name, {})) for lake in two_bowls()]
    with pytest.raises(InvalidInput, match=says):
        balance(lakes, STILL)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), steps=st.booleans())
def test_a_cascade_holds_what_the_hollows_hold(seed: int, steps: bool) -> None:
    """Σ full storages = Σ volumes of the outermost hollows, on rough and on stepped ground; no spill runs in a ring."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(0, 6, (11, 13)).astype(float) if steps else rng.uniform(0, 5, (11, 13))
    if seed % 3 == 0:
        ground[tuple(rng.integers(0, 11, 2))] = np.nan
    tree = merge_tree(ground, neighbours=4)
    lakes = cascade(Grid(ground, 0.0, 110.0, 10.0, 10.0), min_volume_m3=0.0, min_depth_m=0.0, runoff_share=1.0)
    held = sum(float(lake.storage_m3[-1]) for lake in lakes)
    assert held == pytest.approx(100.0 * tree.volume[tree.top].sum(), rel=1e-9, abs=1e-6)
    if lakes:
        result = balance(lakes, [weather(rain=900.0)] * 3)
        assert result.residual_share < 1e-12
        assert result.fill_months.notna().all()


def test_a_join_below_a_hollow_that_does_not_matter_is_still_a_join() -> None:
    """Two pools meet at 5 m; a dimple of 0.2 m joins at 7 m and does not matter: their lake rises past it to 9 m."""
    trench = valley(9, 3, 1, 3, 5, 4, 2, 4, 7, 6.8, 7, 9)
    lakes = {lake.name: lake for lake in cascade(trench, min_volume_m3=1.0, min_depth_m=0.5)}
    assert set(lakes) == {"H1", "H2", "H1+H2"}
    assert lakes["H1"].joins == lakes["H2"].joins == "H1+H2"
    assert float(lakes["H1+H2"].level_m[-1]) == 9.0
    result = balance(list(lakes.values()), weather(rain=100.0))
    assert_closes(result)


def test_small_hollows_belong_to_the_one_they_spill_to() -> None:
    lakes = cascade(valley(9, 3, 1, 3, 5, 4, 2, 4, 7, 6, 0, 6, 9), min_volume_m3=6.0, min_depth_m=0.0)
    assert sorted(float(lake.level_m[0]) for lake in lakes) == [0.0, 1.0, 7.0]
    assert cascade(valley(9, 3, 9), min_volume_m3=1e9, min_depth_m=0.0) == []
    with pytest.raises(InvalidInput, match="no known cell"):
        cascade(valley(9, 3, 9).like(np.nan), min_volume_m3=0.0, min_depth_m=0.0)
