"""Variants from sites: certified plans over a ladder of what a yuan weighs, then under the programme's prices, until the bound
over all plans of all sites meets the best schedule (Dantzig and Wolfe 1960; the bound is Lasdon's).

A site that is asked under prices proves how much any plan of it can be worth at them. With z the relaxation over the plans
known and r_i the most by which a plan of site i, known or not, can beat them, z + Σ max(r_i, 0) bounds every schedule of all
plans. What sites have proven at other prices bounds r_i as well (`envelope`): they are asked again only where that leaves room.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import NoPlanInTime
from planner.files import sha256_of
from planner.portfolio.checks import check
from planner.portfolio.cluster import Job, Late, Planners, planners
from planner.portfolio.envelope import Envelope, Proven
from planner.portfolio.infeasible import refuse
from planner.portfolio.keys import ProjectItem, Variant
from planner.portfolio.load import Loaded
from planner.portfolio.model import Model
from planner.portfolio.offers import Market, Offer, offers_of
from planner.portfolio.programme import MU, Programme
from planner.portfolio.rows import ask
from planner.portfolio.sites import Ask, Reply, SiteKey
from planner.portfolio.solve import Relaxed, Solution, objectives, priced, solve
from planner.timelimit import LEAST, UNLIMITED, TimeLimit
from planner.words import Message, say

Progress = Callable[[float, float, float], None]
Told = Callable[[Message], None]
Counted = Callable[[int, int], None]

ROUNDS = 40  # of prices at most
SAME = 1e-6  # plans nearer than this share of cost and benefit are one
CLOSE = 0.2  # share of the programme's gap that the plans not known may still be worth
AT_ONCE = 2  # sets of prices a site is asked under in one round
LEARNT = 0.05  # share of the gap that a round has to close for another to be worth it
FINE = 0.5  # share of what is still allowed, spread over the sites, below which a site is not asked
RESERVE = 0.4  # share of the time limit that is left for the schedule and its files when sites are asked no more


@dataclass(frozen=True, eq=False)
class District:
    """The sites of a programme: their keys, the hashes of their files, and what each has proven so far."""

    keys: Mapping[str, SiteKey]
    marks: Mapping[str, str]
    sites: Planners
    proven: dict[str, list[Proven]] = field(default_factory=dict)
    envelopes: dict[str, dict[tuple[tuple[str, ...], tuple[str, ...]], Envelope]] = field(default_factory=dict)

    def most(self, name: str, asked: Ask) -> float:
        """`Envelope.most` of a site by all it has proven."""
        mine, kind = self.envelopes.setdefault(name, {}), (asked.without, asked.needs)
        if kind not in mine:
            mine[kind] = Envelope(self.proven[name], *kind)
        return mine[kind].most(asked)

    def top(self, name: str, offers: tuple[Offer, ...]) -> float:
        """The most by which any plan of a site can beat its prices."""
        return max((self.most(name, o.ask) + o.add for o in offers), default=-np.inf)

    def asked(
        self,
        wanted: Iterable[tuple[str, tuple[Ask, ...]]],
        told: Counted,
        late: Late,
        heard: Callable[[str], None] = lambda name: None,
    ) -> dict[str, tuple[Reply, ...]]:
        """The replies by project id, and what they prove remembered; those there was no time for are missing, and those after
        them of the same site. wanted is read while sites are planned; heard is called with a site's id when its reply is there.
        """
        asked: list[tuple[str, tuple[Ask, ...]]] = []
        places: dict[str, list[int]] = {}
        got: dict[int, tuple[Reply, ...]] = {}
        replies: dict[str, tuple[Reply, ...]] = {}
        before = {name: tuple(proven) for name, proven in self.proven.items()}

        def jobs() -> Iterator[Job]:
            for name, asks in wanted:
                if asks:
                    places.setdefault(name, []).append(len(asked))
                    asked.append((name, asks))
                    yield Job(self.keys[name], asks, self.marks[name])

        def keep(place: int, mine: tuple[Reply, ...]) -> None:
            name, got[place] = asked[place][0], mine
            there = [*takewhile(got.__contains__, places[name])]  # whichever is answered first: in the order of asking
            if place in there:
                replies[name] = tuple(r for p in there for r in got[p])
                asks = (a for p in there for a in asked[p][1])
                self.proven[name] = [*before.get(name, ()), *((a, r.bound) for a, r in zip(asks, replies[name], strict=True))]
                self.envelopes.pop(name, None)
                heard(name)

        self.sites.replies(jobs(), told, late, keep)
        return replies


@dataclass(frozen=True, eq=False)
class Round:
    """One set of prices: what each site is offered, what it is asked, and the most by which a plan of it can beat its prices.

    Sites are planned while the prices of others are still worked out, here.
    """

    market: Market
    district: District
    least: float
    late: Late
    offers: dict[str, tuple[Offer, ...]] = field(default_factory=dict)
    wanted: dict[str, tuple[Ask, ...]] = field(default_factory=dict)
    tops: dict[str, float] = field(default_factory=dict)

    def asks(self) -> Iterator[tuple[str, tuple[Ask, ...]]]:
        """Every site that is asked, and under which prices; what the others are worth is noted."""
        for name, key in self.district.keys.items():
            self.offers[name] = offers_of(self.market, self.market.relaxed.model.made.index[name], key)
            if asks := () if self.late() else _wanted(name, self.offers[name], self.district, self.least):
                self.wanted[name] = asks
                yield name, asks
            self.heard(name)

    def heard(self, name: str) -> None:
        """Notes what a site is worth at most by all it has proven."""
        self.tops[name] = max(self.district.top(name, self.offers[name]), 0.0)


def planned(
    loaded: Loaded,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
    told: Told | None = None,
    counted: Counted | None = None,
    limit: TimeLimit = UNLIMITED,
) -> tuple[Programme, Solution, dict[str, Any]]:
    """The programme with the plans its sites gave, its schedule, and what is proven over all plans of all sites.

    told is called with a message for each step, counted with the sites answered and of how many. limit: of all of it; what
    is not planned by then is in the bound. Raises what planning and solving raise.
    """
    began = time.monotonic()
    say_it, count = told or (lambda message: None), counted or (lambda done, of: None)
    keys = {p.id: _key(loaded, p) for p in loaded.planned}
    bound, rounds, gap = np.inf, 0, np.inf
    late = passing(limit, RESERVE)
    with planners(workers, scheduler, cache, keys.values()) as sites:
        district = District(keys, _fingerprints(loaded, keys), sites)
        made = loaded.programme(_ladder(loaded, district, count, limit))
        check(made)
        weights = objectives(made)[0]
        say_it(say("portfolio.first_plans", sites=len(keys), plans=_plans(made, keys), seconds=time.monotonic() - began))
        for rounds in range(1, ROUNDS + 1):
            relaxed = _relaxed(made, weights)
            room = CLOSE * made.general.gap * abs(relaxed.value)
            one = Round(Market(relaxed), district, FINE * room / len(keys), late)
            replies = district.asked(one.asks(), count, late, one.heard)
            bound = min(bound, relaxed.value + sum(one.tops[n] for n in keys))
            before, made = _plans(made, keys), _grown(made, one, replies)
            last, gap = gap, (bound - relaxed.value) / max(abs(relaxed.value), 1e-9)
            figures = {"relaxation": relaxed.value, "bound": bound, "gap": gap, "seconds": time.monotonic() - began}
            say_it(say("portfolio.round", round=rounds, asked=len(replies), plans=_plans(made, keys) - before, **figures))
            if progress is not None:
                progress(bound, relaxed.value, gap)
            if not one.wanted or bound - relaxed.value <= room or last - gap < LEARNT * gap or late():
                break
    if not np.isfinite(bound):
        raise NoPlanInTime(say("portfolio.no_bound_in_time", seconds=limit.seconds))
    found = solve(in_time(made, limit), progress=progress)
    return made, found, _proof(made, found, bound, rounds, keys) | {"seconds": time.monotonic() - began}


def passing(limit: TimeLimit, share: float) -> Late:
    """Whether no more than a share of a time limit is left, asked again and again."""
    return lambda: limit.seconds is not None and limit.left <= share * limit.seconds


def in_time(made: Programme, limit: TimeLimit) -> Programme:
    """A programme whose schedule is sought no longer than a time limit leaves, less what writing takes."""
    seconds = limit.for_choice(made.general.time_limit_s)
    return replace(made, general=made.general.model_copy(update={"time_limit_s": seconds}))


def _plans(made: Programme, keys: Mapping[str, SiteKey]) -> int:
    return sum(len(p.variant) for p in made.projects if p.id in keys)


def _proof(made: Programme, found: Solution, bound: float, rounds: int, keys: Mapping[str, SiteKey]) -> dict[str, Any]:
    """What is proven over all plans of all sites; of several objectives the last one is proven over the plans made alone."""
    told = {"columns": _plans(made, keys), "sites": len(keys), "rounds": rounds, "bound_of_columns": found.bound}
    if len(objectives(made)) > 1:
        return {**told, "bound": None, "gap": None, "status": "gap"}
    proven = max(bound, found.objective)
    gap = max(proven - found.objective, 0.0) / max(abs(found.objective), 1e-9)
    return {**told, "bound": proven, "gap": gap, "status": "optimal" if gap <= made.general.gap else "gap"}


def _key(loaded: Loaded, project: ProjectItem) -> SiteKey:
    free, lump = loaded.file.earth is not None, project.lump_cny
    if project.site is not None:
        return SiteKey(project.id, str((loaded.folder / project.site).resolve()), None, free, lump)
    return SiteKey(project.id, str(loaded.folder.resolve()), loaded.file.portfolio.sites, free, lump)


def _fingerprints(loaded: Loaded, keys: Mapping[str, SiteKey]) -> dict[str, str]:
    """The hash of the files each site is planned from; a district's are hashed once."""
    layer, shared = loaded.file.portfolio.sites, ""
    if layer is not None and any(k.layer is not None for k in keys.values()):
        names = [layer.polygons, *(n for n in (layer.terrain, layer.settings) if n is not None)]
        if layer.settings is not None:  # it names further layers: all that lies in its folder counts
            shared = sha256_of((loaded.folder / layer.settings).parent)
        else:
            shared = "".join(sha256_of(loaded.folder / n) for n in names)
    return {name: shared if k.layer is not None else sha256_of(Path(k.folder)) for name, k in keys.items()}


def _ladder(loaded: Loaded, district: District, count: Counted, limit: TimeLimit) -> tuple[ProjectItem, ...]:
    """Every project with first plans: its full works, and less of them where a yuan weighs more, where there is time."""
    keys, span = district.keys, loaded.file.portfolio.works_years
    less = tuple(Ask(cost=weight) for weight in sorted(set(loaded.file.portfolio.ladder) - {1.0}))
    full: set[str] = set()

    def late() -> bool:
        return passing(limit, RESERVE if len(full) == len(keys) else LEAST)()

    wanted = [(n, asks) for asks in ((Ask(),), less) for n in keys]
    found = district.asked(wanted, count, late, full.add)
    if len(full) < len(keys):
        raise NoPlanInTime(say("portfolio.no_sites_in_time", seconds=limit.seconds, done=len(full), sites=len(keys)))
    return tuple(
        p if p.id not in keys else p.model_copy(update={"variant": _variants((), found[p.id], keys[p.id], span)})
        for p in loaded.file.project
    )


def _variants(known: tuple[Variant, ...], replies: tuple[Reply, ...], key: SiteKey, span: int) -> tuple[Variant, ...]:
    """The plans known and the new ones among the replies, works paid evenly over their years, benefits in the year after."""
    found = list(known)
    for reply in replies:
        if reply.benefit_cny <= 0:
            continue
        cost = reply.cost_cny + key.lump_cny
        if any(_same(v, cost, reply) for v in found):
            continue
        found.append(
            Variant(
                name=f"plan {len(found) + 1}",
                spend_cny=(cost / span,) * span,
                benefit_cny=(*(0.0,) * span, reply.benefit_cny),
                surplus_m3=reply.surplus_m3,
                **dict(zip(MU, reply.mu, strict=True)),
            )
        )
    return tuple(found)


def _same(known: Variant, cost: float, reply: Reply) -> bool:
    near = (
        abs(sum(known.spend_cny) - cost) <= SAME * cost
        and abs(known.benefit_cny[-1] - reply.benefit_cny) <= SAME * reply.benefit_cny
    )
    size = max(sum(reply.mu), 1.0)
    return near and all(abs(getattr(known, n) - m) <= 1e-4 * size for n, m in zip(MU, reply.mu, strict=True))


def _relaxed(made: Programme, weights: Mapping[str, float]) -> Relaxed:
    """The relaxation over the plans known, without haul rows: theirs depend on which plans are known."""
    model = Model(made, weights)
    answer = ask(model.program, relaxed=True)
    if answer.point is None or answer.duals is None:
        refuse(made)
    assert answer.point is not None and answer.duals is not None
    return priced(model, answer.point, answer.duals)


def _wanted(name: str, offers: tuple[Offer, ...], district: District, least: float) -> tuple[Ask, ...]:
    """Under which prices a site is asked: where most is left to be proven, cheapest first where nothing is proven."""
    known = {a for a, _ in district.proven[name]}
    room = [(district.most(name, o.ask) + o.add, o.ask) for o in offers if o.ask not in known]
    open_ = sorted((-top, ask.cost, k) for k, (top, ask) in enumerate(room) if top > least)
    return tuple(room[k][1] for *_, k in open_[:AT_ONCE])


def _grown(made: Programme, asked: Round, replies: Mapping[str, tuple[Reply, ...]]) -> Programme:
    """The programme with the new plans that beat their prices."""
    projects = list(made.projects)
    for name, found in replies.items():
        adds = {o.ask: o.add for o in asked.offers[name]}
        better = tuple(r for a, r in zip(asked.wanted[name], found, strict=True) if r.worth + adds[a] > 0)
        i = made.index[name]
        grown = _variants(projects[i].variant, better, asked.district.keys[name], made.general.works_years)
        projects[i] = projects[i].model_copy(update={"variant": grown})
    return replace(made, projects=tuple(projects))
