"""[[rule]] and [[buffer]]: every rule of the grammar through site.toml and --set, each against brute force on six units."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import fields
from itertools import product
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import planner.allocation.rules as grammar
from planner.cli.verbs import parse_sets
from planner.errors import Infeasible, InvalidInput
from planner.keys.rules import RULES
from planner.plan.allocate import problem_of, rules_of, with_unrestored
from planner.scenario import parse_scenario, replaced
from planner.tables import Partition

TARGETS = ("construction", "green", "reservoir")
UNITS = [f"u{k}" for k in range(6)]  # two rows of three squares of 100 m: u0 u1 u2 / u3 u4 u5
BESIDE = [("u0", "u1"), ("u1", "u2"), ("u3", "u4"), ("u4", "u5"), ("u0", "u3"), ("u1", "u4"), ("u2", "u5")]
HEAD = """
[layers]
polygons = "parcels.gpkg"
[works]
cny_per_m = 0.0
min_zone_mu = 0.0
[earthwork]
max_import_m3 = 1000.0
haul_cny_per_m3_km = 0.0
"""
Choice = dict[str, str]


class World:
    """Six units with an option per target, cut for water, fill for houses, storage, and whole figures."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        shapes = [shapely.box(100 * c, -100 * r, 100 * c + 100, 100 - 100 * r) for r in range(2) for c in range(3)]
        parcels = ["P1", "P1", "P2", "P1", "P2", "P2"]
        units = gpd.GeoDataFrame({"parcel_id": parcels}, geometry=shapes, index=pd.Index(UNITS, name="unit_id"), crs=4527)
        borders = pd.DataFrame(BESIDE, columns=["unit_a", "unit_b"]).assign(length_m=[100.0, 100, 100, 100, 60, 100, 40])
        self.parts = Partition(units, borders)
        self.facts = pd.DataFrame({"area_mu": rng.integers(3, 9, 6).astype(float), "area_m2": 1e4, "deeper": ""}, index=UNITS)
        rows = [self._row(u, t, rng) for u in UNITS for t in TARGETS]
        self.options = pd.DataFrame(rows).set_index(["unit_id", "option"])
        self.figure = {(r["unit_id"], r["target"]): r for r in rows}
        self.area = self.facts["area_mu"].to_dict()

    def _row(self, unit: str, target: str, rng: np.random.Generator) -> dict[str, Any]:
        area = float(self.facts.loc[unit, "area_mu"])
        return {
            "unit_id": unit, "option": f"{target}:level", "target": target, "treatment": "level", "area_mu": area,
            "benefit_cny": float(rng.integers(5, 60)), "cost_cny": float(rng.integers(1, 30)), "ready_year": 2026,
            "cut_m3": 40.0 * (target == "reservoir"), "fill_m3": 90.0 * (target == "construction"),
            "storage_m3": 7.0 * area * (target == "reservoir"), "habitat_ha": float(rng.integers(0, 9)),
        }  # fmt: skip

    def solved(self, text: str, places: dict[str, gpd.GeoDataFrame] | None = None, **sets: Any) -> float | None:
        """The best value by the planner, None where no plan is possible."""
        scenario = parse_scenario(tomllib.loads(HEAD + text))
        scenario = replaced(scenario, sets) if sets else scenario
        table = with_unrestored(self.options, self.facts, scenario)
        try:
            return (
                problem_of(table, rules_of(scenario, self.facts, self.parts), scenario, self.parts, places or {})
                .solve(gap=0.0)
                .objective
            )
        except Infeasible:
            return None

    def best(self, allowed: Callable[[Choice], bool], paid: Callable[[Choice], float] = lambda _: 0.0) -> float | None:
        """The best value over all 4 096 choices that are allowed."""
        values = [
            self.sum(c, "benefit_cny") - self.sum(c, "cost_cny") - paid(c)
            for choice in product((*TARGETS, "unrestored"), repeat=6)
            if allowed(c := dict(zip(UNITS, choice, strict=True))) and self.balanced(c)
        ]
        return max(values, default=None)

    def sum(self, choice: Choice, column: str, *targets: str) -> float:
        kept = [(u, t) for u, t in choice.items() if t != "unrestored" and (not targets or t in targets)]
        return sum(self.figure[u, t][column] for u, t in kept)

    def balanced(self, choice: Choice) -> bool:
        return self.sum(choice, "fill_m3") <= 0.95 * self.sum(choice, "cut_m3") + 1000.0


def patches(choice: Choice, target: str) -> list[set[str]]:
    left, found = {u for u, t in choice.items() if t == target}, []
    while left:
        patch, grown = set(), {left.pop()}
        while grown:
            patch |= grown
            grown = {b for pair in BESIDE for a, b in (pair, pair[::-1]) if a in patch and b in left}
            left -= grown
        found.append(patch)
    return found


def touching(choice: Choice, first: str, second: str, least: float = 0.0) -> bool:
    length = [100.0, 100, 100, 100, 60, 100, 40]
    return any({choice[a], choice[b]} == {first, second} for (a, b), m in zip(BESIDE, length, strict=True) if m >= least)


def beside(choice: Choice, unit: str) -> set[str]:
    return {choice[b] for pair in BESIDE for a, b in (pair, pair[::-1]) if a == unit}


CASES: dict[str, tuple[str, Callable[[World, Choice], bool]]] = {
    "Quota": ('target = "green"\nmin_mu = 20.0\nmax_mu = 25.0', lambda w, c: 20 <= w.sum(c, "area_mu", "green") <= 25),
    "Budget": ("max_cny = 40.0", lambda w, c: w.sum(c, "cost_cny") <= 40),
    "Storage": ("min_m3 = 150.0", lambda w, c: w.sum(c, "storage_m3") >= 150),
    "Limit": ('column = "habitat_ha"\nmin = 9.0\ntarget = "green"', lambda w, c: w.sum(c, "habitat_ha", "green") >= 9),
    "Share": (
        'target = "green"\nmin = 0.8\nof = ["green", "construction"]',
        lambda w, c: w.sum(c, "area_mu", "green") >= 0.8 * w.sum(c, "area_mu", "green", "construction") - 1e-9,
    ),
    "Adjacent": (
        'target = "reservoir"\nbeside = "green"',
        lambda w, c: all("green" in beside(c, u) for u, t in c.items() if t == "reservoir"),
    ),
    "Apart": (
        'first = "construction"\nsecond = "reservoir"\nmin_length_m = 50.0',
        lambda w, c: not touching(c, "construction", "reservoir", 50.0),
    ),
    "Connected": ('target = "construction"', lambda w, c: len(patches(c, "construction")) <= 1),
    "MinPatch": (
        'target = "construction"\nmin_mu = 12.0',
        lambda w, c: all(sum(w.area[u] for u in p) >= 12 for p in patches(c, "construction")),
    ),
    "Lock": ('parcel = "P1"\ntarget = "green"', lambda w, c: {c["u0"], c["u1"], c["u3"]} == {"green"}),
    "Exclude": ('unit = "u2"\ntarget = "construction"', lambda w, c: c["u2"] != "construction"),
    "WaterLevel": (
        'deeper = {u0 = "u1", u1 = "u2"}',
        lambda w, c: all(c[b] == "reservoir" for a, b in (("u0", "u1"), ("u1", "u2")) if c[a] == "reservoir"),
    ),
    "Earthwork": ("max_import_m3 = 0.0", lambda w, c: w.sum(c, "fill_m3") <= 0.95 * w.sum(c, "cut_m3") + 1e-9),
    "Keep": ('goal = "cost"\nlevel = 30.0', lambda w, c: w.sum(c, "cost_cny") <= 30),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CASES)
def test_a_rule_of_a_site_file_against_brute_force(name: str, seed: int) -> None:
    world = World(seed)
    text, allowed = CASES[name]
    truth = world.best(lambda c: allowed(world, c))
    found = world.solved(f'[[rule]]\nrule = "{name}"\n{text}\n')
    assert found == (None if truth is None else pytest.approx(truth, abs=1e-6))


def test_the_rules_do_press() -> None:
    """Every rule costs something on some world: a rule that was lost on its way would pass every test above."""
    free = {seed: World(seed).solved("") for seed in range(4)}
    silent = {
        name
        for name, (text, _) in CASES.items()
        if all(World(s).solved(f'[[rule]]\nrule = "{name}"\n{text}\n') == free[s] for s in free)
    }
    assert not silent


@pytest.mark.parametrize("seed", range(3))
def test_a_price_on_borders(seed: int) -> None:
    world = World(seed)

    def paid(choice: Choice) -> float:
        length = [100.0, 100, 100, 100, 60, 100, 40]
        pairs = zip(BESIDE, length, strict=True)
        factor = {frozenset(("construction", "green")): 0.5}
        unlike = [(frozenset((choice[a], choice[b])), m) for (a, b), m in pairs if choice[a] != choice[b]]
        return sum(0.1 * m * factor.get(pair, 1.0) for pair, m in unlike)

    rule = '[[rule]]\nrule = "Compactness"\ncny_per_m = 0.1\nweights = [["construction", "green", 0.5]]\n'
    assert world.solved(rule) == pytest.approx(world.best(lambda _: True, paid))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [50.0, 150.0])
def test_a_belt_around_a_target(seed: int, width: float) -> None:
    world = World(seed)
    shapes = world.parts.units.geometry.to_dict()
    close = {u: [v for v in UNITS if v != u and shapes[u].distance(shapes[v]) <= width] for u in UNITS}

    def kept(choice: Choice) -> bool:
        near = {v for u, t in choice.items() if t == "reservoir" for v in close[u]}
        return all(choice[v] in ("green", "reservoir", "unrestored") for v in near)

    found = world.solved(f'[[buffer]]\naround = "reservoir"\ntarget = "green"\nwidth_m = {width}\n')
    assert found == pytest.approx(world.best(kept))


def homes(seed: int, count: int = 7) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(100 + seed)
    lived = [shapely.box(x, y, x + 30, y + 30) for x, y in rng.uniform((-100, 120), (400, 320), (count, 2))]
    return gpd.GeoDataFrame({"people": rng.integers(5, 60, count).astype(float)}, geometry=lived, crs=4527)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_people_served_against_brute_force(seed: int, share: float) -> None:
    """With a park today, a least patch of green and houses that want the same ground: homes are no land to any of them."""
    world, lived = World(seed), homes(seed)
    parks = gpd.GeoDataFrame(geometry=[shapely.Point(380, 300)], crs=4527)
    middle, shapes = lived.geometry.centroid, world.parts.units.geometry
    today = (middle.distance(parks.geometry[0]) <= 200.0).to_numpy()
    reach = {u: np.array([m.distance(shapes[u]) <= 200.0 for m in middle]) for u in UNITS}
    people = lived["people"].to_numpy()

    def allowed(choice: Choice) -> bool:
        reached = np.logical_or.reduce([today, *(reach[u] for u, t in choice.items() if t == "green")])
        served = people[reached].sum() >= share * people.sum() - 1e-9
        large = all(sum(world.area[u] for u in p) >= 8 for p in patches(choice, "green"))
        return served and large

    text = '[[rule]]\nrule = "Covered"\nhomes = "h.gpkg"\nparks = "p.gpkg"\npeople = "people"\nradius_m = 200.0\n'
    text += f"min_share = {share}\n"
    text += '[[rule]]\nrule = "MinPatch"\ntarget = "green"\nmin_mu = 8.0\n'
    truth = world.best(allowed)
    places = {"h.gpkg": lived, "p.gpkg": parks}
    if truth is None:
        with pytest.raises(InvalidInput, match="can be"):
            world.solved(text, places)
        return
    assert world.solved(text, places) == pytest.approx(truth)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.35, 0.5, 0.62])
def test_coverage_of_a_built_up_area_against_brute_force(seed: int, share: float) -> None:
    """A boundary that cuts units; green that overlaps itself, on units and beyond: counted by an overlay per choice."""
    world, rng = World(seed), np.random.default_rng(40 + seed)
    town = shapely.box(130, -80, 520, 180)
    lawns = [shapely.box(x, y, x + w, y + 60) for x, y, w in rng.uniform((80, -120, 30), (450, 150, 90), (7, 3))]
    lawns.append(shapely.box(300, -100, 420, 200))  # beyond the units
    shapes = world.parts.units.geometry.to_dict()
    green_today = shapely.union_all(lawns)

    def covered(choice: Choice) -> float:
        taken = shapely.union_all([shapes[u] for u, t in choice.items() if t not in ("green", "unrestored")])
        planted = [shapes[u] for u, t in choice.items() if t == "green"]
        green = shapely.union_all([shapely.difference(green_today, taken), *planted])
        return float(shapely.intersection(green, town).area / town.area)

    values = {c: covered(dict(zip(UNITS, c, strict=True))) for c in product((*TARGETS, "unrestored"), repeat=6)}
    text = f'[[rule]]\nrule = "Coverage"\nbuilt_up = "town.gpkg"\ngreen = "lawns.gpkg"\nmin_share = {share}\n'
    halves = [shapely.box(130, -80, 400, 180), shapely.box(300, -80, 520, 180)]  # the boundary in two that overlap
    places = {
        "town.gpkg": gpd.GeoDataFrame(geometry=halves, crs=4527),
        "lawns.gpkg": gpd.GeoDataFrame(geometry=lawns, crs=4527),
    }
    if share > max(values.values()):
        with pytest.raises(InvalidInput, match="at most"):
            world.solved(text, places)
        return
    truth = world.best(lambda c: values[tuple(c.values())] >= share - 1e-9)
    assert world.solved(text, places) == (None if truth is None else pytest.approx(truth))


def test_coverage_presses_and_needs_no_layer_of_green() -> None:
    places = {"town.gpkg": gpd.GeoDataFrame(geometry=[shapely.box(0, -100, 300, 100)], crs=4527)}
    rule = '[[rule]]\nrule = "Coverage"\nbuilt_up = "town.gpkg"\nmin_share = 0.5\n'
    worlds = [World(seed) for seed in range(4)]
    free = [world.solved("") for world in worlds]
    found = [world.solved(rule, places) for world in worlds]
    assert found == [pytest.approx(world.best(lambda c: list(c.values()).count("green") >= 3)) for world in worlds]
    assert found != free
    assert [world.solved(rule.replace("0.5", "0.0"), places) for world in worlds] == free


def test_from_the_command_line_as_from_the_file() -> None:
    world = World(0)
    text, _ = CASES["MinPatch"]
    file = world.solved(f'[[rule]]\nrule = "MinPatch"\n{text}\n')
    sets = parse_sets(['rule=[{rule = "MinPatch", target = "construction", min_mu = 12.0}]'])
    assert world.solved("", **sets) == file
    other = f'[[rule]]\nrule = "MinPatch"\n{text.replace("12.0", "3.0")}\n'
    assert world.solved(other, **{"rule.0.min_mu": 12.0}) == file


def test_the_file_knows_every_argument_of_every_rule() -> None:
    """What a rule takes in Python it takes in a file; tables (borders, zones, pairs) come from the site."""
    from_site = {"boundaries", "near", "zones", "haul", "served"}
    from_site |= {"beside_cny", "spread"}  # lump sums, from [[economics.item]]
    named = {"Lock": {"parcel"}, "Exclude": {"parcel"}, "Covered": {"homes", "people", "parks", "radius_m"}}
    named["Covered"] |= {"min_people", "min_mu", "min_share"}
    named["Coverage"] = {"built_up", "green", "min_share"}
    from_site |= {"ground", "built_up_m2", "outside_m2"}
    from_site |= {
        "places",
        "haul_cny_per_m3_km",
        "haul_worth",
        "worth",
    }  # where units lie, and [earthwork] with the price of a haul; what a yuan of its years is worth
    known = {
        **{n: getattr(grammar, n) for n in grammar.__all__ if n not in ("Belt", "Restocked", "Steps", "Stockpile")}
    }  # [[buffer]], phases
    assert set(RULES) == {*known, "Keep"}
    for name, rule in known.items():
        wanted = {f.name for f in fields(rule)} - from_site - ({"min"} if name == "Coverage" else set())
        assert set(RULES[name].model_fields) - named.get(name, set()) == wanted, name


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('rule = "MinPach"\ntarget = "green"', "unknown rule 'MinPach'; did you mean 'MinPatch'"),
        ('rule = "MinPatch"\ntarget = "grean"\nmin_mu = 3.0', "unknown target 'grean'; did you mean 'green'"),
        ('rule = "MinPatch"\ntarget = "green"\nmin_ha = 3.0', "unknown key 'min_ha'; did you mean 'min_mu'"),
        ('rule = "MinPatch"\ntarget = "green"', "MinPatch: min_mu is missing"),
        ('rule = "MinPatch"\ntarget = "green"\nmin_mu = -1.0', "min_mu = -1"),
        ('rule = "MinPatch"\ntarget = "green"\nmin_mu = 1.0\ntreatment = "wetlands"', "did you mean 'wetland'"),
        ('rule = "Share"\ntarget = "green"', "give min or max"),
        ('rule = "Share"\ntarget = "green"\nmin = 40.0', "min = 40"),
        ('rule = "Quota"\ntarget = "green"\nmin_mu = 4.0\nmax_mu = 3.0', "above max_mu"),
        ('rule = "Lock"\ntarget = "green"', "unit or a parcel"),
        ('rule = "Lock"\nunit = "u9"\ntarget = "green"', "no unit 'u9'"),
        ('rule = "Exclude"\nparcel = "P3"\ntarget = "green"', "no parcel 'P3'"),
        ('rule = "Storage"\nmin_m3 = 1.0\nunits = ["u7"]', "no unit 'u7'"),
        ('rule = "Limit"\ncolumn = "habitat"\nmin = 1.0', "'habitat'"),
        ('rule = "Compactness"\ncny_per_m = 1.0\nby = "colour"', "'target' or 'treatment'"),
        ('rule = "Covered"\nhomes = "h.gpkg"', "one of min_people"),
        ('rule = "Covered"\nhomes = "h.gpkg"\nmin_people = 4.0', "needs people"),
        ('rule = "Covered"\nhomes = "h.gpkg"\nmin_mu = 4.0', "not at hand"),
        ('rule = "Coverage"\nmin_share = 0.4', "Coverage: built_up is missing"),
        ('rule = "Coverage"\nbuilt_up = "town.gpkg"', "Coverage: min_share is missing"),
        ('rule = "Coverage"\nbuilt_up = "town.gpkg"\nmin_share = 43', "min_share = 43"),
        ('rule = "Coverage"\nbuilt_up = "town.gpkg"\nmin_share = nan', "min_share"),
        ('rule = "Coverage"\nbuild_up = "town.gpkg"\nmin_share = 0.4', "did you mean 'built_up'"),
        ('rule = "Coverage"\nbuilt_up = "town.gpkg"\nmin_share = 0.4', "not at hand"),
        ('target = "green"', "rule.0.rule is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_clear_line(rule: str, words: str) -> None:
    with pytest.raises(InvalidInput) as told:
        World(0).solved(f"[[rule]]\n{rule}\n")
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_an_index_that_is_none_names_the_count() -> None:
    with pytest.raises(InvalidInput, match="list of 1"):
        World(0).solved('[[rule]]\nrule = "Budget"\nmax_cny = 1.0\n', **{"rule.3.max_cny": 1.0})
