"""When works are done and land is ready, and what a yuan of that year is worth today: decided here alone, asked by all.

A unit's works fall into the years of its parcel's phase ([[phase]] start to end; without phases the plan's year and the next).
It is ready in the latest of the year its works end, the year its ground counts as settled (for the targets that wait for it),
and, for water, the year its lake is full. Sums are discounted to the plan's year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.money import level_share
from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.scenario import Scenario
from planner.words import say

Floats = NDArray[np.float64]

WORKS_YEARS: Final = 1  # years after the plan's first that works without a phase go on: this year and the next


def phase_of(table: pd.DataFrame) -> pd.Series[Any]:
    """The phase of every row as a number, NaN where it has none."""
    if "phase" not in table.columns:
        return pd.Series(np.nan, index=table.index)
    return pd.to_numeric(table["phase"], errors="coerce").astype(float)


def check_phases(parcels: pd.DataFrame, scenario: Scenario) -> None:
    """Raises InvalidInput where a parcel or lump sum names a phase that [[phase]] does not have, or a sum no such parcel.

    Where there is no [[phase]] at all, what parcels say of phases is a label and no more.
    """
    known = [p.id for p in scenario.phase]
    for item in scenario.economics.item:
        if item.phase is not None and item.phase not in known:
            raise InvalidInput(say("schedule.item_phase", item=item.name, phase=item.phase, known=known))
        for name in item.parcels:
            if name not in parcels.index.astype(str):
                raise InvalidInput(
                    say("schedule.item_parcel", item=item.name, parcel=name, nearest=nearest(name, parcels.index))
                )
    if not known:
        return
    mine = phase_of(parcels)
    lost = mine[mine.notna() & ~mine.isin(known)]
    if len(lost):
        raise InvalidInput(say("schedule.no_phase", parcel=str(lost.index[0]), phase=int(lost.iloc[0]), known=known))


def works_years(table: pd.DataFrame, scenario: Scenario) -> tuple[Floats, Floats]:
    """First and last calendar year of the works on every row, (n,) each, by its column `phase` where it has one."""
    mine, year = phase_of(table).to_numpy(float), scenario.site.year
    first, last = np.full(len(mine), float(year)), np.full(len(mine), float(year + WORKS_YEARS))
    for phase in scenario.phase:
        here = mine == phase.id
        first[here], last[here] = phase.start, phase.end
    return first, last


def first_works_year(scenario: Scenario) -> int:
    """The first year in which there can be works: of the plan, or of the earliest phase before it."""
    return min([scenario.site.year, *(p.start for p in scenario.phase)])


def last_works_year(scenario: Scenario) -> int:
    """The last year of the phases; without phases the last year of works."""
    return max((p.end for p in scenario.phase), default=scenario.site.year + WORKS_YEARS)


def filling_years(rise_m: Floats, scenario: Scenario) -> Floats:
    """Whole years a lake takes to fill once it is dug, (n,).

    rise_m: how far its level stands above the groundwater, which fills what lies below, m. reservoir.filling_years, where the
    site gives it, holds for every lake; else the level rises by timing.filling_m_per_year.
    """
    given = scenario.reservoir.filling_years
    if given is not None:
        return np.full(rise_m.shape, float(np.ceil(given)))
    return np.asarray(np.ceil(np.maximum(rise_m, 0.0) / scenario.number("timing.filling_m_per_year") - 1e-9))


def ready_years(facts: pd.DataFrame, target: str, rise_m: Floats, scenario: Scenario) -> NDArray[np.int64]:
    """The year from which a unit is ready as a target, (n,): works ended, ground settled, lake full.

    facts: columns `settled_year` and, where the site has phases, `phase`. rise_m: as filling_years takes it, (n,).
    """
    _, last = works_years(facts, scenario)
    ready = last
    if target in scenario.value("timing.waits_for_settling") and "settled_year" in facts.columns:
        ready = np.fmax(ready, facts["settled_year"].to_numpy(float))
    if target == "reservoir":
        ready = ready + filling_years(rise_m, scenario)
    return np.asarray(np.ceil(ready), dtype=np.int64)


def restricted(facts: pd.DataFrame, ready: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where building land that is ready in a year, (n,), is built on while the ground still has more than a little to give.

    facts: column `free_year`; without it nothing is restricted. Such buildings are designed against deformation (GB 51044).
    """
    if "free_year" not in facts.columns:
        return np.zeros(len(facts), dtype=bool)
    return np.asarray(facts["free_year"].to_numpy(float) > ready)


def worth_today(year: Any, scenario: Scenario, rate: float | None = None) -> Floats:
    """What a yuan of a calendar year is worth in the plan's year: (1 + rate)^(plan's year − year); shape of `year`.

    rate: `economics.discount_rate` unless given.
    """
    rate = scenario.number("economics.discount_rate") if rate is None else rate
    return np.asarray((1.0 + rate) ** (scenario.site.year - np.asarray(year, dtype=np.float64)))


def worth_of_works(first: Floats, last: Floats, scenario: Scenario) -> Floats:
    """What a yuan paid in equal parts over first..last is worth in the plan's year, (n,)."""
    found = np.empty(first.shape)
    for a, b in {(float(a), float(b)) for a, b in zip(first, last, strict=True)}:
        found[(first == a) & (last == b)] = worth_of_years(a, b, scenario)
    return found


def worth_of_years(first: float, last: float, scenario: Scenario) -> float:
    """What a yuan paid in equal parts over first..last is worth in the plan's year."""
    return float(worth_today(np.arange(float(first), float(last) + 1), scenario).mean())


def with_present_value(options: pd.DataFrame, facts: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Options with `npv_cny`: the benefit in the year the unit is ready, the cost over the years of its works, both today.

    options: index (unit_id, option), columns cost_cny, benefit_cny, ready_year. facts: by unit_id.
    """
    place = facts.index.get_indexer(options.index.get_level_values(0))
    first, last = works_years(facts, scenario)
    cost = options["cost_cny"].to_numpy(float) * worth_of_works(first, last, scenario)[place]
    benefit = options["benefit_cny"].to_numpy(float) * worth_today(options["ready_year"].to_numpy(float), scenario)
    return options.assign(npv_cny=benefit - cost)


def earth_steps(facts: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The moments at which earth must have been dug before it is placed: index unit, a column a moment, share moved by then.

    Phases in the order in which they end: each takes earth from itself and those before it only. Where a phase that ends later
    runs ahead of one that ends sooner, the year's end is a moment too. The last moment, all of it, is the balance as a whole
    and not among them. A phase's works move earth evenly over its years.
    """
    first, last = works_years(facts, scenario)
    spans = sorted({(float(b), float(a)) for a, b in zip(first, last, strict=True)})
    steps: dict[str, Floats] = {}
    begun = np.zeros(len(facts))
    for end, start in spans[:-1]:
        begun = begun + ((first == start) & (last == end))
        steps[_moment(int(end), steps)] = begun.copy()
    ends, starts = (np.array([span[i] for span in spans]) for i in (0, 1))
    for year in sorted({*(ends - 0.0), *(starts - 1.0)}):
        if (np.diff(level_share(starts, ends, year)) > 1e-12).any():
            steps[_moment(int(year), steps)] = level_share(first, last, year)
    return pd.DataFrame(steps, index=facts.index)


@dataclass(frozen=True, eq=False)
class Span:
    """Years, first to last, in which the same land is worked on, and the share (n,) of every unit's earth moved in them."""

    first: int
    last: int
    share: Floats

    @property
    def name(self) -> str:
        """Its years."""
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"


def earth_spans(facts: pd.DataFrame, scenario: Scenario) -> list[Span]:
    """The spans of years of works, in their order: a phase's works move earth evenly over its years."""
    first, last = works_years(facts, scenario)
    spans: list[tuple[list[int], Any]] = []
    for year in range(int(first.min()), int(last.max()) + 1) if len(first) else ():
        busy = (first <= year) & (year <= last)
        if spans and (busy == spans[-1][1]).all():
            spans[-1][0].append(year)
        else:
            spans.append(([year], busy))
    return [Span(years[0], years[-1], busy * len(years) / (last - first + 1.0)) for years, busy in spans if busy.any()]


def restocked_m3(units: pd.DataFrame, scenario: Scenario) -> list[tuple[Span, float]]:
    """Per span after the first what it places beyond what it digs, compacted m³: it waited in the stockpile.

    units: columns `cut_m3`, `fill_m3`, nullable `phase`. What is brought in for a later span counts as if it had waited.
    """
    lack = units["fill_m3"].to_numpy(float) - scenario.number("earthwork.compaction") * units["cut_m3"].to_numpy(float)
    return [(span, max(float(span.share @ lack), 0.0)) for span in earth_spans(units, scenario)[1:]]


def _moment(year: int, known: Mapping[str, Any]) -> str:
    """A moment's name: the year, with letters behind it where several fall into one."""
    same = sum(name.startswith(str(year)) for name in known)
    return str(year) + (chr(ord("a") + same) if same else "")
