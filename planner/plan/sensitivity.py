"""What if: the plan over values of a key, and how often each unit keeps its target when inputs are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.economics import lump_paid, stocked, traded
from planner.errors import Infeasible, InvalidInput, NoPlanInTime
from planner.landuse import CHOICES, UNRESTORED
from planner.placing import asked_facts, value_column
from planner.plan.compose import CUT_OR_MEASURED, READ_WITH_FILES, Survey, choose, held_m3, survey, with_keys
from planner.read import read_site
from planner.scenario import Scenario, replaced
from planner.site import Site
from planner.words import say

SUMS = ("restored_mu", "water_mu", "storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")
REMEASURED = (*READ_WITH_FILES, *CUT_OR_MEASURED)  # keys whose change asks for a new survey


def _surveyed(site: Site | str | Path) -> Survey:
    return survey(site if isinstance(site, Site) else read_site(site))


def sweep(
    site: Site | str | Path, key: str, values: Iterable[Any], *, announce: Callable[[str], None] | None = None
) -> pd.DataFrame:
    """The plan for each value of a dotted key; the units are cut and measured once, and anew only by keys that they hang on.

    Returns a frame by value: objective, bound and gap (yuan), mu by target, sums of SUMS, `status`; where no plan exists the
    status says so and the figures are NaN. Raises InvalidInput for an unknown key or one that the site's files are read by.

    Examples
    --------
    >>> import planner as pl
    >>> table = pl.sweep(pl.samples.folder("aidans"), "solver.gap", [0.01])
    >>> table["status"].tolist()
    ['optimal']
    """
    refuse_rereading((key,))
    asked = list(values)
    rows = rows_of(_surveyed(site), [{key: value} for value in asked], announce)
    return pd.DataFrame.from_dict(dict(zip(asked, rows, strict=True)), orient="index").rename_axis(key)


def refuse_rereading(keys: Iterable[str]) -> None:
    """Raises InvalidInput for a key whose change would read the site's files anew."""
    for key in keys:
        if key.startswith(READ_WITH_FILES):
            raise InvalidInput(say("plan.sweep_remeasures", key=key))


def rows_of(
    known: Survey, cases: Iterable[Mapping[str, Any]], announce: Callable[[str], None] | None = None
) -> Iterator[dict[str, Any]]:
    """The figures of the plan for each case of changed keys: for what is known of the site, cut and measured anew where units
    hang on one of them, and not once more while these keys stay as they are."""
    under, anew = known, dict[str, Any]()
    for sets in cases:
        if announce is not None:
            announce(", ".join(f"{key} = {value}" for key, value in sets.items()))
        wanted = {key: value for key, value in sets.items() if remeasured(known.site, key)}
        if wanted != anew:
            under, anew = survey(with_keys(known.site, wanted)) if wanted else known, wanted
        yield row_of(under, sets)


def remeasured(site: Site, key: str) -> bool:
    """Whether a key's change asks for a new survey: always; or, of works and land prices, where protection that ends and values
    in place are measured by them."""
    if key.startswith("phase"):
        return site.constraints is not None
    valued = {f"targets.{t}.value_cny_per_mu" for t in CHOICES if value_column(t) in asked_facts(site.scenario)}
    return key.startswith(REMEASURED) or key in valued


def row_of(known: Survey, sets: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the plan for what is known of a site under changed keys; why, where there is none."""
    scenario = replaced(known.site.scenario, sets)
    try:
        answer = choose(known, scenario).answer
    except Infeasible as error:
        return {"status": "infeasible", "why": str(error)}
    except NoPlanInTime as error:
        return {"status": "no plan in time", "why": str(error)}
    proof, rows = answer.certificate, answer.chosen
    area = rows.groupby("target")["area_mu"].sum()
    moved = rows.assign(phase=known.facts.table["phase"])
    waited = sum(cny for cny, _, _ in stocked(moved, scenario))
    paid = answer.haul_cny + waited + traded(rows, scenario) + _lumps(known, scenario, rows["target"])
    return {
        "status": str(proof.status),
        "objective_cny": proof.objective,
        "bound_cny": proof.bound,
        "gap": proof.gap,
        **{f"{t}_mu": float(area.get(t, 0.0)) for t in (*CHOICES, UNRESTORED)},
        **{c: float(rows[c].sum()) for c in SUMS},
        "storage_m3": held_m3(replace(known, site=replace(known.site, scenario=scenario)), answer),
        "cost_cny": float(rows["cost_cny"].sum()) + paid,
        "haul_cny": answer.haul_cny,
    }


def _lumps(known: Survey, scenario: Scenario, target: pd.Series[str]) -> float:
    """The lump sums of a scenario that fall due under a choice of targets by unit_id, yuan."""
    units = pd.DataFrame({"parcel_id": known.parts.units["parcel_id"], "phase": known.facts.table["phase"], "target": target})
    return sum(item.cny for item in scenario.economics.item if lump_paid(item, units))


def confidence(
    site: Site | str | Path,
    spread: Mapping[str, float],
    *,
    draws: int = 20,
    seed: int = 0,
    announce: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """How often each unit keeps a target when numbers of the scenario are drawn anew.

    spread: dotted keys of parameters or limits and their relative standard deviation; each draw multiplies every key's value by
    its own exp(s·z − s²/2), z standard normal from `seed`. Returns a frame by unit_id: the share of draws in which each target
    was chosen, `target` (the plan's own), `confidence` (the share that agrees with it). Draws without a plan are left out and
    counted in `attrs["failed"]`.
    Raises InvalidInput where a key holds no number, a spread is negative, or no draw has a plan.

    Examples
    --------
    >>> import planner as pl
    >>> table = pl.confidence(pl.samples.folder("aidans"), {"earthwork.fill_cny_per_m3": 0.1}, draws=2)
    >>> bool(table["confidence"].between(0, 1).all())
    True
    """
    known = _surveyed(site)
    base = {key: _number(known, key) for key in spread}
    if draws < 1 or min(spread.values(), default=0.0) < 0:
        raise InvalidInput(say("plan.draws", draws=draws))
    own = choose(known, known.site.scenario).answer.chosen["target"]
    random = np.random.default_rng(seed)
    counts = pd.DataFrame(0.0, index=own.index, columns=[*CHOICES, UNRESTORED])
    failed = 0
    for k in range(draws):
        if announce is not None:
            announce(f"draw {k + 1} of {draws}")
        factors = {key: float(np.exp(s * random.standard_normal() - s * s / 2)) for key, s in spread.items()}
        sets = {key: base[key] * factor for key, factor in factors.items()}
        try:
            drawn = choose(known, replaced(known.site.scenario, sets)).answer.chosen["target"]
        except (Infeasible, NoPlanInTime):
            failed += 1
            continue
        counts += pd.get_dummies(drawn, dtype=float).reindex(index=counts.index, columns=counts.columns, fill_value=0.0)
    if failed == draws:
        raise InvalidInput(say("plan.no_draw", draws=draws))
    share = counts / (draws - failed)
    agreed = share.to_numpy()[np.arange(len(share)), share.columns.get_indexer(own)]
    result = share.assign(target=own, confidence=agreed)
    result.attrs["failed"] = failed
    return result


def _number(known: Survey, key: str) -> float:
    """A parameter's or a limit's value."""
    scenario = known.site.scenario
    if remeasured(known.site, key):
        raise InvalidInput(say("plan.draw_remeasures", key=key))
    if key in scenario.parameters:
        return scenario.number(key)
    node: Any = scenario
    for name in key.split("."):
        node = getattr(node, name, None)
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise InvalidInput(say("plan.draw_no_number", key=key))
    return float(node)
