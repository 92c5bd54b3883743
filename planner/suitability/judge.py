"""Judge: limiting factor first, weighted score second, and the reason kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.landuse import CHOICES
from planner.placing import asked_facts
from planner.scenario import Scenario
from planner.suitability.ahp import checked_weights
from planner.suitability.ground import building_class
from planner.suitability.rules import Case, Finding, findings
from planner.tables import Judgement
from planner.words import say

Floats = NDArray[np.float64]
NEEDED = (
    "ground_m", "water_table_m", "water_depth_m", "water_share", "subsidence_m", "slope_deg", "residual_mm", "tilt_mm_m",
    "curvature_mm_m2", "strain_mm_m", "settled_year", "free_year", "missing_share", "forbids", "constraint", "waterlogging",
)  # fmt: skip

STANDS: Final = "stands"


def judge(facts: pd.DataFrame, scenario: Scenario) -> Judgement:
    """Which targets every unit may have, how well it suits each, and why.

    facts: index `unit_id`, columns of `columns.FACTS` (further ones that rules know are used where present: soil_m,
    depth_ratio, mining_depth_m, fractured_m, seepage_mm_d, pollution_index, roundness). A target is eligible where no hard
    rule is broken; its score is 0 where it is not. Land that stands and was accepted as a target (column `stands`, "" where
    none) is not ruled out as that by what is measured there, for it is no proposal; what is found is told all the same.

    Raises InvalidInput for a missing column or weights that contradict each other.

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.samples.aidans()
    >>> facts = pl.measure(site, pl.partition(site), pl.ground(site)).table
    >>> list(pl.judge(facts, site.scenario).eligible.columns)
    ['construction', 'arable', 'green', 'reservoir']
    """
    missing = [c for c in (*NEEDED, *asked_facts(scenario)) if c not in facts.columns]
    if missing:
        raise InvalidInput(say("suitability.facts_missing", missing=list(missing)))
    if not facts.index.is_unique:
        raise InvalidInput(say("suitability.facts_twice", unit=facts.index[facts.index.duplicated()][0]))
    found = [_accepted(facts, finding) for finding in findings(facts, scenario)]
    eligible = pd.DataFrame(True, index=facts.index, columns=list(CHOICES))
    for finding in found:
        eligible[finding.target] &= finding.passed | ~finding.hard
    case = Case(facts, scenario)
    score = pd.DataFrame({t: np.where(eligible[t], _score(case, t), 0.0) for t in CHOICES}, index=facts.index)
    return Judgement(eligible, score, _verdicts(facts.index, found), _decision(case, eligible))


def _accepted(facts: pd.DataFrame, finding: Finding) -> Finding:
    """A finding that rules no land out as what stands there."""
    if STANDS not in facts.columns:
        return finding
    return replace(finding, hard=finding.hard & (facts[STANDS] != finding.target).to_numpy(bool))


def _verdicts(index: pd.Index[Any], found: list[Finding]) -> pd.DataFrame:
    """One row per (unit, target, rule), units in their order, limiting rules first."""
    n, m = len(index), len(found)

    def told(values: list[str]) -> pd.Categorical:
        names = list(dict.fromkeys(values))
        return pd.Categorical.from_codes(np.tile([names.index(v) for v in values], n), categories=names)

    def rows(name: str) -> NDArray[Any]:
        return np.stack([getattr(f, name) for f in found], axis=1).ravel() if m else np.zeros(0)

    note, words = np.zeros((n, m), dtype=np.int64), [""]
    for k, finding in enumerate(found):
        if finding.note is not None and not finding.passed.all():
            which, texts = pd.factorize(np.where(finding.passed, "", finding.note))
            words += [t for t in texts if t not in words]
            note[:, k] = np.array([words.index(t) for t in texts])[which]
    return pd.DataFrame(
        {
            "unit_id": pd.Categorical.from_codes(np.repeat(np.arange(n), m), categories=index),
            "target": told([f.target for f in found]),
            "rule": told([f.key for f in found]),
            "passed": rows("passed").astype(bool),
            "hard": rows("hard").astype(bool),
            "value": rows("value").astype(float),
            "limit": rows("limit").astype(float),
            "unit": told([f.unit for f in found]),
            "source": told([f.source for f in found]),
            "note": pd.Categorical.from_codes(note.ravel(), categories=words),
        }
    )


def _score(case: Case, target: str) -> Floats:
    """Weighted mean of the criteria, each 0 at its worst and 1 at its best value, (n,)."""
    key = f"suitability.{target}"
    names = list(case.scenario.value(f"{key}.criteria"))
    given = list(case.scenario.value(f"{key}.weights"))
    if given:
        weights = np.asarray(given, dtype=float)
        if len(weights) != len(names) or (weights < 0).any() or not weights.sum() > 0:
            raise InvalidInput(say("suitability.weights", key=key, count=len(names), names=list(names)))
        weights = weights / weights.sum()
    else:
        weights = checked_weights(case.scenario.value(f"{key}.pairwise"), f"{key}.pairwise")
        if len(weights) != len(names):
            raise InvalidInput(say("suitability.pairwise", key=key, rows=len(weights), count=len(names), names=list(names)))
    total = np.zeros(len(case.facts))
    for name, weight in zip(names, weights, strict=True):
        worst, best = case.scenario.value(f"suitability.scale.{name}")
        value = (_criterion(case, target, name) - worst) / (best - worst)
        total += weight * np.clip(np.nan_to_num(value, nan=0.5), 0.0, 1.0)
    return total


def _criterion(case: Case, target: str, name: str) -> Floats:
    if name == "fill_m":
        return case.fill_m(target)
    if name == "depth_m":
        return case.depth_m()
    return np.abs(case.column(name))


def _decision(case: Case, eligible: pd.DataFrame) -> pd.Series[str]:
    """What the method published for Zhonghu gives without quotas, budget or earth.

    Waterlogged, today or once it has sunk to its end → reservoir; dry but unstable → green; dry and stable with too much
    residual subsidence, or barred from building → green for now; the rest → construction. Source: Sustainability 2022,
    14(18):11397.
    """
    facts = case.facts
    wet = (facts["waterlogging"] == "perennial").to_numpy() | (case.column("water_share") >= 0.5) | (case.final_room_m < 0.0)
    unstable = (building_class(facts, case.scenario) == "unsuitable").to_numpy()
    moving = case.column("residual_mm") > case.number("standards.settled.restricted_mm")
    barred = ~eligible["construction"].to_numpy()
    decided = np.select([wet, unstable | moving | barred], ["reservoir", "green"], default="construction")
    return pd.Series(decided, index=facts.index, name="decision")
