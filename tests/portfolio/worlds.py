"""Small programmes by hand and by chance, and two independent ways to solve them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

MU = ("construction_mu", "arable_mu", "green_mu", "reservoir_mu")


def document(projects: list[dict], funds: list[dict], **general: Any) -> dict:
    """A programme's document of two years at no discount, unless told otherwise."""
    more = {k: general.pop(k) for k in ("earth", "quota") if k in general}
    return {
        "portfolio": {"first_year": 2010, "years": 2, "discount_rate": 0.0, **general},
        "project": projects,
        "fund": funds,
        **more,
    }


def project(name: str, spend: list[float], gain: float, **more: Any) -> dict:
    """A project of one variant that brings its gain in the year after its last payment."""
    variant = {k: more.pop(k) for k in ("surplus_m3", *MU) if k in more}
    return {"id": name, "variant": [{"spend_cny": spend, "benefit_cny": [0.0] * len(spend) + [gain], **variant}], **more}


def by_chance(seed: int, *, earth: bool = False, shares: bool = True) -> dict:
    """A programme of a few projects with everything: variants, funds with shares and carry-over, order, exclusion, earth."""
    rng = np.random.default_rng(seed)
    count, years = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    projects = []
    for i in range(count):
        variants = []
        for v in range(int(rng.integers(1, 3))):
            spend = rng.integers(1, 20, int(rng.integers(1, 3))).astype(float).tolist()
            gain = float(sum(spend) * rng.uniform(0.9, 2.0))
            surplus = float(rng.integers(-20, 21)) if earth else 0.0
            variants.append(
                {
                    "name": f"v{v}",
                    "spend_cny": spend,
                    "benefit_cny": [0.0, 0.0, gain],
                    "surplus_m3": surplus,
                    "green_mu": float(rng.integers(0, 2) * 10),
                    "arable_mu": 5.0,
                }
            )
        xy = [float(c) for c in rng.uniform(0, 4000, 2)]
        projects.append({"id": f"P{i}", "variant": variants, "xy": xy})
    if rng.random() < 0.5:
        projects[1]["after"] = ["P0"]
    if rng.random() < 0.4:
        projects[2]["not_with"] = ["P0"]
    if rng.random() < 0.3:
        projects[2]["with"] = ["P1"]
    a = {
        "id": "a",
        "yearly_cny": {2010 + t: float(rng.integers(0, 25)) for t in range(years)},
        "carry_over": bool(rng.random() < 0.5),
    }
    b = {"id": "b", "yearly_cny": float(rng.integers(5, 20)), "total_cny": float(rng.integers(20, 40))}
    if shares:
        a["max_share"], b["min_share"] = float(rng.choice([0.5, 0.7, 1.0])), float(rng.choice([0.0, 0.1]))
        a["eligible"] = {"targets": ["green"]} if rng.random() < 0.3 else {}
    more = {"earth": {"max_km": 3.0, "cny_per_m3_km": 0.02, "bought_cny_per_m3": 0.1}} if earth else {}
    return document(projects, [a, b], years=years, discount_rate=0.05, gap=1e-7, **more)


class Plain:
    """A programme read anew from its document: choices, money by project and fund, earth by pair; nothing shared with ours."""

    def __init__(self, doc: dict):
        g = doc["portfolio"]
        self.doc, self.first, self.T, self.rate = doc, g["first_year"], g["years"], g["discount_rate"]
        self.ways = [
            (i, v, s)
            for i, p in enumerate(doc["project"])
            for v, w in enumerate(p["variant"])
            for s in range(self.T - len(w["spend_cny"]) + 1)
            if p.get("earliest", -1) <= self.first + s <= p.get("latest", 9999)
        ]

    def npv(self, way: tuple[int, int, int]) -> float:
        i, v, s = way
        w = self.doc["project"][i]["variant"][v]
        flow = {}
        for k, c in enumerate(w["spend_cny"]):
            flow[s + k] = flow.get(s + k, 0.0) - c
        for k, c in enumerate(w["benefit_cny"]):
            flow[s + k] = flow.get(s + k, 0.0) + c
        return sum(c / (1 + self.rate) ** k for k, c in flow.items())

    def ordered(self, ways: list[tuple[int, int, int]]) -> bool:
        """Whether a choice keeps order, exclusion and company."""
        names = {
            self.doc["project"][i]["id"]: (s, s + len(self.doc["project"][i]["variant"][v]["spend_cny"]) - 1)
            for i, v, s in ways
        }
        for p in self.doc["project"]:
            if p.get("must") and p["id"] not in names:
                return False
            if p["id"] in names:
                if any(o not in names or names[o][1] >= names[p["id"]][0] for o in p.get("after", [])):
                    return False
                if any(o in names for o in p.get("not_with", [])):
                    return False
            if any((o in names) != (p["id"] in names) for o in p.get("with", [])):
                return False
        return True

    def rest(self, ways: list[tuple[int, int, int]]) -> float | None:
        """The least cost of earth under a choice that can be paid; None where it cannot be: a linear program over m, e, b."""
        n, T, F = len(ways), self.T, len(self.doc["fund"])
        spend, need, dig = np.zeros((n, T)), np.zeros((n, T)), np.zeros((n, T))
        for a, (i, v, s) in enumerate(ways):
            w = self.doc["project"][i]["variant"][v]
            spend[a, s : s + len(w["spend_cny"])] = w["spend_cny"]
            need[a, s], dig[a, s] = max(-w["surplus_m3"], 0.0), max(w["surplus_m3"], 0.0)
        earth = self.doc.get("earth")
        pairs = [(a, b) for a in range(n) for b in range(n) if a != b and earth and self.km(ways, a, b) <= earth["max_km"]]
        m0, q0, e0 = 0, n * F * T, 2 * n * F * T  # works, earth, hauls
        b0 = e0 + len(pairs) * T
        width = b0 + n * T
        A_eq, b_eq, A_ub, b_ub = [], [], [], []

        def row(entries: list[tuple[int, float]]) -> np.ndarray:
            r = np.zeros(width)
            for c, x in entries:
                r[c] += x
            return r

        cost, upper = np.zeros(width), np.full(width, np.inf)
        for a, (i, v, _) in enumerate(ways):
            for f, fund in enumerate(self.doc["fund"]):
                wanted = fund.get("eligible", {}).get("targets", [])
                variants = self.doc["project"][i]["variant"]
                for block, may in ((m0, [variants[v]]), (q0, variants)):
                    if wanted and not any(w.get(f"{t}_mu", 0) > 0 for w in may for t in wanted):
                        upper[block + (a * F + f) * T : block + (a * F + f + 1) * T] = 0.0
                mine = [(m0 + (a * F + f) * T + t, 1.0) for t in range(T)]
                A_ub.append(row(mine)), b_ub.append(fund.get("max_share", 1.0) * spend[a].sum())
                if upper[m0 + (a * F + f) * T] > 0:
                    A_ub.append(-row(mine)), b_ub.append(-fund.get("min_share", 0.0) * spend[a].sum())
            for t in range(T):
                A_eq.append(row([(m0 + (a * F + f) * T + t, 1.0) for f in range(F)])), b_eq.append(spend[a, t])
                hauls = [(p, pair) for p, pair in enumerate(pairs) if pair[1] == a]
                price = [(e0 + p * T + t, -earth["cny_per_m3_km"] * self.km(ways, *pair)) for p, pair in hauls] if earth else []
                bought = [(b0 + a * T + t, -earth["bought_cny_per_m3"])] if earth else []
                A_eq.append(row([*((q0 + (a * F + f) * T + t, 1.0) for f in range(F)), *price, *bought])), b_eq.append(0.0)
                A_eq.append(row([*((e0 + p * T + t, 1.0) for p, _ in hauls), (b0 + a * T + t, 1.0)])), b_eq.append(need[a, t])
                (
                    A_ub.append(row([(e0 + p * T + t, 1.0) for p, pair in enumerate(pairs) if pair[0] == a])),
                    b_ub.append(dig[a, t]),
                )
                for c, x in (*price, *bought):
                    cost[c] = -x / (1 + self.rate) ** t
        for f, fund in enumerate(self.doc["fund"]):
            yearly = fund["yearly_cny"]
            given = [yearly.get(self.first + t, 0.0) if isinstance(yearly, dict) else yearly for t in range(T)]
            for t in range(T):
                since = range(t + 1) if fund.get("carry_over") else (t,)
                A_ub.append(row([(block + (a * F + f) * T + u, 1.0) for block in (m0, q0) for a in range(n) for u in since]))
                b_ub.append(sum(given[u] for u in since))
            A_ub.append(row([(block + (a * F + f) * T + t, 1.0) for block in (m0, q0) for a in range(n) for t in range(T)]))
            b_ub.append(fund.get("total_cny", 1e12))
        if not n:
            return 0.0
        bounds = list(zip(np.zeros(width), upper, strict=True))
        found = linprog(cost, A_ub=np.array(A_ub), b_ub=b_ub, A_eq=np.array(A_eq), b_eq=b_eq, bounds=bounds)
        return float(found.fun) if found.status == 0 else None

    def km(self, ways: list[tuple[int, int, int]], a: int, b: int) -> float:
        p, q = (self.doc["project"][ways[k][0]]["xy"] for k in (a, b))
        return float(np.hypot(p[0] - q[0], p[1] - q[1])) / 1000

    def best(self) -> float:
        """The best of all choices, each tried."""
        own = [[None, *(w for w in self.ways if w[0] == i)] for i in range(len(self.doc["project"]))]
        top = -np.inf
        for choice in itertools.product(*own):
            ways = [w for w in choice if w is not None]
            worth = sum(map(self.npv, ways))
            if worth > top and self.ordered(ways) and (rest := self.rest(ways)) is not None:
                top = max(top, worth - rest)
        return top


def second_opinion(doc: dict) -> float:
    """The optimum of a programme without earth, eligibility or order by another model: yearly cumulative money per project in
    scipy's MILP, written from the contract's words alone."""
    plain = Plain(doc)
    n, F, T = len(doc["project"]), len(doc["fund"]), plain.T
    X = len(plain.ways)
    width = X + n * F * T
    rows, lo, hi = [], [], []

    def add(entries: list[tuple[int, float]], low: float, high: float) -> None:
        r = np.zeros(width)
        for c, x in entries:
            r[c] += x
        rows.append(r), lo.append(low), hi.append(high)

    def money(i: int, f: int, t: int) -> int:
        return X + (i * F + f) * T + t

    for i, p in enumerate(doc["project"]):
        add([(x, 1.0) for x, w in enumerate(plain.ways) if w[0] == i], 1.0 if p.get("must") else 0.0, 1.0)
        for t in range(T):
            spent = [
                (x, -p["variant"][v]["spend_cny"][t - s])
                for x, (k, v, s) in enumerate(plain.ways)
                if k == i and 0 <= t - s < len(p["variant"][v]["spend_cny"])
            ]
            add([*((money(i, f, t), 1.0) for f in range(F)), *spent], 0.0, 0.0)
        for f, fund in enumerate(doc["fund"]):
            whole = [(x, sum(p["variant"][v]["spend_cny"])) for x, (k, v, _) in enumerate(plain.ways) if k == i]
            paid = [(money(i, f, t), 1.0) for t in range(T)]
            add([*paid, *((x, -fund.get("max_share", 1.0) * c) for x, c in whole)], -np.inf, 0.0)
            add([*paid, *((x, -fund.get("min_share", 0.0) * c) for x, c in whole)], 0.0, np.inf)
    for f, fund in enumerate(doc["fund"]):
        yearly = fund["yearly_cny"]
        given = [yearly.get(plain.first + t, 0.0) if isinstance(yearly, dict) else yearly for t in range(T)]
        for t in range(T):
            since = range(t + 1) if fund.get("carry_over") else (t,)
            add([(money(i, f, u), 1.0) for i in range(n) for u in since], -np.inf, sum(given[u] for u in since))
        add([(money(i, f, t), 1.0) for i in range(n) for t in range(T)], -np.inf, fund.get("total_cny", np.inf))
    gain = np.r_[[plain.npv(w) for w in plain.ways], np.zeros(n * F * T)]
    whole = np.arange(width) < X
    found = milp(
        -gain,
        integrality=whole,
        bounds=Bounds(0, np.where(whole, 1, np.inf)),
        constraints=LinearConstraint(np.array(rows), lo, hi),
        options={"mip_rel_gap": 0.0},
    )
    return -float(found.fun)
