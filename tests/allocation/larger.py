"""Worlds of 6 to 60 units under any rules of the grammar, columns from 1e-6 to 1e12; stated a second time in `second.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd

import planner.allocation as al

COLUMNS: Final = ("area_mu", "benefit_cny", "cost_cny", "npv_cny", "cut_m3", "fill_m3", "storage_m3", "carbon_t")
MONEY: Final = ("benefit_cny", "cost_cny", "npv_cny")
VOLUMES: Final = ("cut_m3", "fill_m3")
TARGETS: Final = ("construction", "arable", "green", "reservoir")
WAYS: Final = ("t0", "t1", "t2")
SUMS: Final = ("quota", "quota", "limit", "budget", "storage", "share", "earth", "stock", "coverage", "keep", "budget_of_years")
LOCAL: Final = ("level", "compact", "compact", "apart", "adjacent", "belt", "patch", "connected", "lock", "exclude", "steps")
MORE: Final = ("restocked", "covered", "earth_of_zones", "earth_of_places", "charges")
AGAIN: Final = ("quota", "limit", "share", "storage", "budget", "keep", "stock", "restocked", "coverage", "level", "compact")
AGAIN_LOCAL: Final = ("apart", "adjacent", "belt", "patch", "connected", "lock", "exclude")
HEAVY: Final = {"connected", "patch", "earth_of_places", "charges", "steps", "earth_of_zones"}
MANY: Final = 0.06  # share of worlds of more units than the second library may prove
GOALS: Final = ("net", "net", "net", "cost", "land", "npv", "compactness", "carbon_t", "weights")
FEW_PLACES: Final = 8  # where earth goes from every unit to every other
FEW_UNITS: Final = (
    14  # where the second library's statement of a rule grows with the square of the units, or has to be searched
)


@dataclass(frozen=True, eq=False)
class Larger:
    """Options (without those that leave a unit as it is, where `unrestored` adds them), rules, lump sums, what is maximised."""

    options: pd.DataFrame
    rules: list[Any]
    goal: Any
    charges: tuple[al.Charge, ...]
    unrestored: bool
    gap: float
    method: str = "choose"
    start: pd.Series | None = None  # a choice to begin with, whatever it keeps


def exact(value: float) -> Fraction:
    """The decimal a number is written as."""
    return Fraction(repr(float(value)))


def larger(seed: int) -> Larger:
    """The world of a seed: one to six rules, limits drawn around the sums of a plan drawn at random."""
    return _Draw(np.random.default_rng(seed)).world()


class _Draw:
    """What is drawn for one world; every method draws one thing."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        kinds = rng.permutation([*dict.fromkeys(SUMS), *dict.fromkeys(LOCAL), *MORE])
        weight = [0.35 if k in MORE else 1.0 for k in kinds]
        keep = rng.random(len(kinds)) < np.array(weight) * rng.uniform(0.08, 0.3)
        once = [str(k) for k in kinds[keep]] or ["quota"]
        twice = [k for k in once if k in AGAIN + AGAIN_LOCAL and rng.random() < 0.25]
        self.kinds = (once[:6] + twice)[:7]
        self.n = self._how_many()
        self.ids = [f"u{i:02d}" for i in range(self.n)]
        self.natural = bool(rng.random() < 0.35) or "steps" in self.kinds
        self.size = self._sizes()
        self.homes = [f"h{i}" for i in range(int(self.rng.integers(2, 6)))] if "covered" in self.kinds else []
        self.options = self._options()
        self.targets = sorted(set(self.options["target"]))
        self.borders = self._borders()
        self.hidden = self._some_plan()
        self.charges: tuple[al.Charge, ...] = ()
        self.unrestored = bool(rng.random() < 0.85) or "charges" in self.kinds

    def _how_many(self) -> int:
        few, many = (math.log10(6), math.log10(60)), (math.log10(60), math.log10(400))
        if HEAVY & set(self.kinds):
            return int(self.rng.integers(6, 1 + (FEW_PLACES if "earth_of_places" in self.kinds else FEW_UNITS)))
        return int(10 ** self.rng.uniform(*(many if self.rng.random() < MANY else few)))

    def world(self) -> Larger:
        rules = [r for kind in self.kinds if (r := getattr(self, f"_{kind}")()) is not None]
        goal = str(self.rng.choice(["net", "npv"] if self.charges else GOALS))
        method = str(self.rng.choice(["choose"] * 6 + ["core", "milp"]))
        start = self._start() if self.rng.random() < 0.25 and not self.charges else None
        gap = float(self.rng.choice([0, 1e-6, 1e-4, 1e-2]))
        aim = self._weights() if goal == "weights" else goal
        return Larger(self.options, rules, aim, self.charges, self.unrestored, gap, method, start)

    def _weights(self) -> dict[str, float]:
        return {"net": 1.0, "compactness": 0.5, "carbon_t": self._nice(self._money_per("carbon_t"))}

    def _start(self) -> pd.Series:
        taken = self.hidden.reset_index()
        return pd.Series(taken["option"].to_numpy(), index=taken["unit_id"].astype(str))

    def _sizes(self) -> dict[str, float]:
        if self.natural:
            return (
                {"area_mu": 1.0, "carbon_t": 1.0, "storage_m3": 1e3} | dict.fromkeys(MONEY, 1e4) | dict.fromkeys(VOLUMES, 1e3)
            )
        size = {c: 10.0 ** int(self.rng.integers(-6, 13)) for c in COLUMNS}
        money = int(self.rng.integers(-6, 13))
        size |= {c: 10.0 ** min(max(money + int(self.rng.integers(-2, 3)), -6), 12) for c in MONEY}
        size["fill_m3"] = size["cut_m3"]
        return size

    def _number(self, column: str, style: int) -> float:
        size = self.size[column]
        if style == 0:
            return float(f"{self.rng.integers(0, 100)}e{round(math.log10(size))}")
        return float(f"{self.rng.uniform(0.01, 10) * size:.{3 if style == 1 else 6}g}")

    def _nice(self, value: float) -> float:
        return float(f"{value:.2g}")

    def _money_per(self, column: str) -> float:
        return self.size["cost_cny"] / self.size[column] * float(self.rng.uniform(0.1, 2))

    def _options(self) -> pd.DataFrame:
        style = {c: int(self.rng.integers(0, 3)) for c in COLUMNS}
        targets = [str(t) for t in self.rng.permutation(TARGETS)[: int(self.rng.integers(2, 5))]]
        rows: list[tuple[Any, ...]] = []
        for unit in self.ids:
            area = max(self._number("area_mu", style["area_mu"]), self.size["area_mu"])
            every = [(t, w) for t in targets for w in WAYS]
            for k in sorted(self.rng.permutation(len(every))[: int(self.rng.integers(2, 6))]):
                target, way = every[k]
                values = {c: self._number(c, style[c]) for c in COLUMNS} | {"area_mu": area}
                if self.natural:
                    depth = float(self.rng.integers(0, 5)) + float(self.rng.uniform(-0.3, 0.3))
                    values |= dict.fromkeys(VOLUMES, float(f"{max(depth, 0.0) * area * 2000 / 3:.6g}"))
                values |= {"fill_m3": 0.0} if target == "reservoir" else {"cut_m3": 0.0, "storage_m3": 0.0}
                values["carbon_t"] *= -1.0 if self.rng.random() < 0.3 else 1.0
                year = int(self.rng.integers(2026, 2030))
                rows.append((unit, f"{target}:{way}", target, way, year, *[values[c] for c in COLUMNS]))
        names = ["unit_id", "option", "target", "treatment", "ready_year", *COLUMNS]
        return pd.DataFrame(rows, columns=names).set_index(["unit_id", "option"])

    def _borders(self) -> pd.DataFrame:
        side = math.isqrt(self.n)
        beside = [(i, i + 1) for i in range(self.n - 1) if (i + 1) % side] + [(i, i + side) for i in range(self.n - side)]
        kept = [p for p in beside if self.rng.random() < 0.9] or [(0, 1)]
        rows = [(self.ids[a], self.ids[b], float(self.rng.integers(1, 20))) for a, b in kept]
        if self.rng.random() < 0.2:
            rows += [(b, a, m) for a, b, m in rows]
        return pd.DataFrame(rows, columns=["unit_a", "unit_b", "length_m"])

    def _some_plan(self) -> pd.DataFrame:
        taken = [int(self.rng.choice(np.flatnonzero(self.options.index.get_level_values(0) == u))) for u in self.ids]
        return self.options.iloc[[k for k in taken if self.rng.random() < 0.85] or taken[:1]]

    def _around(self, total: Fraction, *, least: bool, signed: bool = False) -> float:
        """A limit at the sum itself, on its easy side, or (seldom) on its hard one."""
        how = self.rng.random()
        if how < 0.3:
            return float(total)
        ease = 1 + (-1 if least == (total >= 0) else 1) * float(self.rng.uniform(0, 0.4))
        hard = 1 - (ease - 1) * float(self.rng.uniform(0, 0.3))
        value = float(f"{float(total) * (ease if how < 0.9 else hard):.{int(self.rng.integers(3, 13))}g}")
        return value if signed else max(value, 0.0)

    def _sum(self, column: str, keep: Callable[[pd.DataFrame], Any] | None = None) -> Fraction:
        mine = self.hidden if keep is None else self.hidden[keep(self.hidden)]
        return sum((exact(v) for v in mine[column]), Fraction(0))

    def _target(self) -> str:
        return str(self.rng.choice(self.targets))

    def _two(self) -> tuple[str, str]:
        first, second, *_ = self.rng.permutation(self.targets)
        return str(first), str(second)

    def _ends(self, low: str, high: str, total: Fraction, *, least: float = 0.5, signed: bool = False) -> dict[str, float]:
        """A least, a most, or (seldom) both; least: how often the first."""
        both, first = self.rng.random() < 0.2, self.rng.random() < least
        ends = {}
        if both or first:
            ends[low] = self._around(total, least=True, signed=signed)
        if both or not first:
            ends[high] = self._around(total, least=False, signed=signed)
        return ends if len(ends) < 2 or ends[low] <= ends[high] else {low: ends[high], high: ends[low]}

    def _quota(self) -> Any:
        if self.unrestored and self.rng.random() < 0.15:
            area = self.options["area_mu"].groupby(level=0).max()
            bare = area[~area.index.isin(self.hidden.index.get_level_values(0))]
            total = sum((exact(v) for v in bare), Fraction(0))
            return al.Quota("unrestored", **self._ends("min_mu", "max_mu", total))
        target = self._target()
        return al.Quota(target, **self._ends("min_mu", "max_mu", self._sum("area_mu", lambda f: f["target"] == target)))

    def _limit(self) -> Any:
        target = self._target() if self.rng.random() < 0.5 else None
        way = str(self.rng.choice(sorted(set(self.options["treatment"])))) if self.rng.random() < 0.3 else None
        column = str(self.rng.choice(["carbon_t", "carbon_t", "area_mu", "benefit_cny"]))
        total = self._sum(
            column,
            lambda f: (f["target"].eq(target) if target else True) & (f["treatment"].eq(way) if way else f["treatment"].ne("")),
        )
        return al.Limit(column, target=target, treatment=way, **self._ends("min", "max", total, signed=True))

    def _budget(self) -> Any:
        beside = self._nice(0.1 * self.size["cost_cny"]) if self.rng.random() < 0.2 else 0.0
        return al.Budget(self._around(self._sum("cost_cny"), least=False) + beside, beside_cny=beside)

    def _budget_of_years(self) -> Any:
        total = self._sum("cost_cny", lambda f: f["ready_year"].between(2027, 2028))
        return al.Budget(self._around(total, least=False), years=(2027, 2028))

    def _storage(self) -> Any:
        if "reservoir" not in self.targets:
            return None
        some = tuple(u for u in self.ids if self.rng.random() < 0.5) or (self.ids[0],)
        units = some if self.rng.random() < 0.5 else None
        total = self._sum("storage_m3", None if units is None else lambda f: f.index.get_level_values(0).isin(units))
        return al.Storage(units=units, **self._ends("min_m3", "max_m3", total, least=0.7))

    def _share(self) -> Any:
        target, least = self._target(), bool(self.rng.random() < 0.5)
        share = float(self.rng.choice([0.1, 0.25, 0.4, 0.333]))
        of = tuple(self.targets) if self.rng.random() < 0.4 else ("construction", "arable", "green")
        ends = {"min": share, "max": 2 * share} if self.rng.random() < 0.2 else {"min" if least else "max": share}
        return al.Share(target, of=of, **ends)

    def _lack(self, share: dict[str, float] | None = None, compaction: float = 1.0) -> Fraction:
        part = [exact((share or {}).get(u, 0.0)) if share is not None else 1 for u in self.hidden.index.get_level_values(0)]
        fill, cut = self.hidden["fill_m3"], self.hidden["cut_m3"]
        return sum(
            (p * (exact(f) - exact(compaction) * exact(c)) for p, f, c in zip(part, fill, cut, strict=True)), Fraction(0)
        )

    def _earth_ends(self, compaction: float) -> dict[str, float | None]:
        lack = self._lack(compaction=compaction)
        least = self.size["fill_m3"] if self.rng.random() < 0.5 else 0.0
        imported = None if self.rng.random() < 0.3 else self._around(max(lack, exact(least)), least=False)
        exported = None if self.rng.random() < 0.5 else self._around(max(-lack, exact(least)), least=False)
        return {"max_import_m3": imported, "max_export_m3": exported}

    def _earth_prices(self) -> dict[str, float]:
        return {
            f"{way}_cny_per_m3": self._nice(self._money_per("fill_m3")) if self.rng.random() < 0.6 else 0.0
            for way in ("import", "export")
        }

    def _earth(self) -> Any:
        if {"earth_of_zones", "earth_of_places"} & set(self.kinds):
            return None
        compaction = float(self.rng.choice([1.0, 0.9, 0.875]))
        return al.Earthwork(compaction=compaction, **self._earth_ends(compaction), **self._earth_prices())

    def _earth_of_zones(self) -> Any:
        zone = {u: f"z{int(self.rng.integers(0, 3))}" for u in [*self.ids, *self.homes]}
        names = sorted(set(zone.values()))
        haul = [(a, b, self._nice(0.3 * self._money_per("fill_m3"))) for a in names for b in names if a != b]
        frame = pd.DataFrame(haul, columns=["from", "to", "cny_per_m3"])
        if self.rng.random() < 0.4:
            most = [self._nice(self.size["fill_m3"] * self.rng.uniform(1, 20)) for _ in haul]
            frame["max_m3"] = [m if self.rng.random() < 0.8 else math.nan for m in most]
        compaction = float(self.rng.choice([1.0, 0.875]))
        ends = self._earth_ends(compaction)
        return al.Earthwork(compaction=compaction, **ends, **self._earth_prices(), zones=zone, haul=frame)

    def _earth_of_places(self) -> Any:
        if "earth_of_zones" in self.kinds or not 1 <= self.size["fill_m3"] <= 1e10:  # carried in cm³, of 64 bits
            return None
        x = 100.0 * self.rng.permutation(3 * self.n)[: self.n]
        places = pd.DataFrame({"x_m": x, "y_m": 0.0}, index=self.ids)
        price = self._nice(self._money_per("fill_m3"))
        worth, compaction = float(self.rng.choice([1.0, 0.5])), float(self.rng.choice([1.0, 0.875]))
        hauls = {"places": places, "haul_cny_per_m3_km": price, "haul_worth": worth, "compaction": compaction}
        return al.Earthwork(**self._earth_ends(compaction), **self._earth_prices(), **hauls)

    def _moved(self) -> dict[str, float]:
        return {u: float(self.rng.choice([0.5, 1.0])) for u in self.ids if self.rng.random() < 0.6}

    def _stock(self) -> Any:
        done, compaction = self._moved(), float(self.rng.choice([1.0, 0.875]))
        limit = self._around(max(self._lack(done, compaction), Fraction(0)), least=False)
        return al.Stockpile(done=done, name="2027", max_import_m3=limit, compaction=compaction)

    def _restocked(self) -> Any:
        price, worth = self._nice(0.3 * self._money_per("fill_m3")), float(self.rng.choice([1.0, 0.5]))
        compaction = float(self.rng.choice([1.0, 0.875]))
        return al.Restocked(share=self._moved(), name="2028", cny_per_m3=price, worth=worth, compaction=compaction)

    def _coverage(self) -> Any:
        inside = [float(self.rng.integers(1, 100)) * 100 for _ in self.ids]
        green = [m * float(self.rng.choice([0, 0.25])) for m in inside]
        ground = pd.DataFrame({"inside_m2": inside, "green_m2": green}, index=self.ids)
        share = float(self.rng.choice([0.13, 0.29, 0.37]))
        return al.Coverage(
            ground, built_up_m2=1.1 * sum(inside), outside_m2=0.07 * sum(inside), min=share, target=self._target()
        )

    def _keep(self) -> Any:
        goal = str(self.rng.choice(["cost", "cost", "net", "net", "npv", "land", "compactness", "carbon_t", "weights"]))
        if goal in ("cost", "compactness"):
            least = self._sum("cost_cny") if goal == "cost" else exact(self._nice(self.size["cost_cny"] * self.n))
            return al.Keep(goal, self._around(least, least=False))
        net = self._sum("benefit_cny") - self._sum("cost_cny")
        if goal == "weights":
            weights = self._weights()
            return al.Keep(
                weights, self._around(net + exact(weights["carbon_t"]) * self._sum("carbon_t"), least=True, signed=True)
            )
        land = self._sum("area_mu", lambda f: f["target"].isin(("construction", "arable", "green")))
        total = {"net": net, "land": land}.get(goal)
        total = self._sum("npv_cny" if goal == "npv" else goal) if total is None else total
        return al.Keep(goal, self._around(total, least=True, signed=True))

    def _level(self) -> Any:
        deeper = {self.ids[i]: self.ids[int(self.rng.integers(0, i))] for i in range(1, self.n) if self.rng.random() < 0.7}
        return al.WaterLevel(deeper=deeper, target=self._target()) if deeper else None

    def _compact(self) -> Any:
        by = str(self.rng.choice(["target", "treatment"]))
        words = sorted(set(self.options[by]))
        weights = {
            (a, b): float(self.rng.choice([0.0, 0.5, 2.0])) for a in words for b in words if a < b and self.rng.random() < 0.4
        }
        return al.Compactness(
            self.borders, self._nice(0.1 * self.size["cost_cny"] * self.rng.uniform(0, 1)), by, weights or None
        )

    def _steps(self) -> Any:
        return al.Steps(self.borders, self._nice(0.02 * self.size["cost_cny"]))

    def _apart(self) -> Any:
        return al.Apart(*self._two(), self.borders, min_length_m=float(self.rng.choice([0, 10])))

    def _adjacent(self) -> Any:
        return al.Adjacent(*self._two(), self.borders, min_length_m=float(self.rng.choice([0, 5])))

    def _belt(self) -> Any:
        return al.Belt(*self._two(), self.borders[["unit_a", "unit_b"]])

    def _way(self) -> Any:
        ways = sorted(set(self.options["treatment"]))
        return None if self.rng.random() < 0.7 else tuple(ways[:2])

    def _patch(self) -> Any:
        area = float(self.options["area_mu"].groupby(level=0).max().mean())
        return al.MinPatch(self._target(), float(f"{area * self.rng.uniform(1, 4):.4g}"), self.borders, self._way())

    def _connected(self) -> Any:
        return al.Connected(self._target(), self.borders, self._way())

    def _lock(self) -> Any:
        unit, option = self.options.index[int(self.rng.integers(len(self.options)))]
        if self.unrestored and self.rng.random() < 0.15:
            return al.Lock(str(unit), "unrestored")
        target, way = str(option).split(":")
        return al.Lock(str(unit), target, way if self.rng.random() < 0.5 else None)

    def _exclude(self) -> Any:
        unit, option = self.options.index[int(self.rng.integers(len(self.options)))]
        target, way = str(option).split(":")
        return al.Exclude(str(unit), target, way if self.rng.random() < 0.4 else None)

    def _covered(self) -> Any:
        homes = self.homes
        rows = pd.DataFrame(0.0, index=pd.MultiIndex.from_tuples([(h, "served:home") for h in homes]), columns=list(COLUMNS))
        rows.index.names = ["unit_id", "option"]
        rows = rows.assign(target="served", treatment="home", ready_year=2026)
        rows["carbon_t"] = [self._nice(self.size["carbon_t"] * self.rng.uniform(1, 9)) for _ in homes]
        self.options = pd.concat([self.options, rows[self.options.columns]])
        near = [(h, u) for h in homes for u in self.ids if self.rng.random() < 0.15] or [(homes[0], self.ids[0])]
        return al.Covered(pd.DataFrame(near, columns=["home", "unit"]), target=self._target(), served="served")

    def _charges(self) -> None:
        count = int(self.rng.integers(1, 4))
        money = self._nice(self.size["cost_cny"] * self.rng.uniform(1, 10))
        groups = [frozenset(u for u in self.ids if self.rng.random() < 0.4) or frozenset(self.ids[:1]) for _ in range(count)]
        self.charges = tuple(al.Charge(f"sum {k}", g, money, 0.5 * money) for k, g in enumerate(groups))
