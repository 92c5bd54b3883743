"""The yearly performance evaluation: indicators against their targets, a score, a grade, and what it means for the transfer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.parameters import Parameters, defaults
from planner.words import say

COLUMNS = ("direction", "weight", "baseline", "target", "value")
_SECTION = "city.evaluation"


class Grade(StrEnum):
    """Grades of the evaluation, best first."""

    EXCELLENT = "excellent"
    GOOD = "good"
    PASS = "pass"  # noqa: S105  (a grade, no password)
    FAIL = "fail"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A year's evaluation.

    score: 0-100; grade. items: index indicator; the table's columns, `achievement` (0-1), `points` (of `full_points`),
    `lost_points`, `change` (achievement less the year before's, where that is known). missing: indicators without a value,
    which count neither way. reward_cny: yuan added to (below zero: taken from) the transfer, None where no transfer is given.
    """

    score: float
    grade: Grade
    items: pd.DataFrame
    missing: tuple[str, ...]
    reward_cny: float | None = None

    def lost(self) -> pd.DataFrame:
        """The indicators that lost points, most first."""
        return self.items[self.items["lost_points"] > 0].sort_values("lost_points", ascending=False, kind="stable")


def evaluation(
    table: pd.DataFrame,
    *,
    transfer_cny: float | None = None,
    parameters: Parameters | None = None,
) -> Evaluation:
    """Evaluates a year.

    table: index indicator; `direction` (`higher` or `lower` is better), `weight` (points, > 0), `baseline`, `target`,
    `value` in the indicator's own unit (value missing where not known), optionally `previous` (the year before's value).
    transfer_cny: the yearly transfer that reward and penalty are counted on.
    achievement = clip((value − baseline) / (target − baseline), 0, 1); score = 100 · Σ weight·achievement / Σ weight.
    Raises InvalidInput where a target does not lie on the better side of its baseline, a weight is not above 0, or no
    indicator has a value. Source: national practice of yearly before-and-after evaluation; grades at 90, 80 and 60.

    Examples
    --------
    >>> import pandas as pd
    >>> one = {"direction": "higher", "weight": 10.0, "baseline": 0.5, "target": 0.8, "value": 0.74}
    >>> one = pd.DataFrame(one, index=["treated"])
    >>> evaluation(one).score, str(evaluation(one).grade)
    (80.0, 'good')
    """
    p = defaults() if parameters is None else parameters
    items = _checked(table)
    achieved = _achievement(items, "value")
    known = achieved.notna()
    if not known.any():
        raise InvalidInput(say("city.no_value"))
    full = 100.0 * items["weight"] / float(items["weight"][known].sum())
    items = items.assign(achievement=achieved, full_points=full.where(known), points=(full * achieved).where(known))
    items["lost_points"] = (items["full_points"] - items["points"]).fillna(0.0)
    if "previous" in items:
        items["change"] = achieved - _achievement(items, "previous")
    score = round(float(items["points"].sum()), 9)
    grade = _grade(score, p)
    reward = None if transfer_cny is None else _amount(transfer_cny) * p.number(f"{_SECTION}.{grade}_reward")
    return Evaluation(score, grade, items, tuple(map(str, items.index[~known])), reward)


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if not len(table):
        raise InvalidInput(say("city.no_indicator"))
    lacking = [c for c in COLUMNS if c not in table.columns]
    if lacking:
        raise InvalidInput(say("city.no_evaluation_column", column=lacking[0], columns=list(COLUMNS)))
    if table.index.has_duplicates:
        raise InvalidInput(say("city.indicator_twice", id=str(table.index[table.index.duplicated()][0])))
    items = table.copy()
    for column in (*COLUMNS[1:], *(["previous"] if "previous" in table else [])):
        numbers = pd.to_numeric(items[column], errors="coerce").astype(float)
        wrong = items[column].notna() & ~np.isfinite(numbers)
        if wrong.any():
            where = wrong.idxmax()
            raise InvalidInput(say("city.no_number", column=column, id=str(where), value=str(items.at[where, column])))
        items[column] = numbers
    for name, row in items.iterrows():
        if row["direction"] not in ("higher", "lower"):
            raise InvalidInput(say("city.bad_direction", id=str(name), value=str(row["direction"])))
        if not row["weight"] > 0:
            raise InvalidInput(say("city.bad_points", id=str(name), value=float(row["weight"])))
        gain = row["target"] - row["baseline"] if row["direction"] == "higher" else row["baseline"] - row["target"]
        if not gain > 0:
            raise InvalidInput(
                say(
                    f"city.target_not_{row['direction']}",
                    id=str(name),
                    target=float(row["target"]),
                    baseline=float(row["baseline"]),
                )
            )
    return items


def _achievement(items: pd.DataFrame, column: str) -> pd.Series:
    share = (items[column] - items["baseline"]) / (items["target"] - items["baseline"])
    return share.clip(0.0, 1.0)


def _grade(score: float, p: Parameters) -> Grade:
    for grade in (Grade.EXCELLENT, Grade.GOOD, Grade.PASS):
        if score >= p.number(f"{_SECTION}.{grade}_score") - 1e-9:
            return grade
    return Grade.FAIL


def _amount(transfer_cny: float) -> float:
    if not (np.isfinite(transfer_cny) and transfer_cny >= 0):
        raise InvalidInput(say("city.bad_amount", name="transfer_cny", value=float(transfer_cny)))
    return float(transfer_cny)


def phase_out(transfer_cny: float, *, parameters: Parameters | None = None) -> list[float]:
    """What remains of a yearly transfer in each year of its phase-out, yuan. Source: 财预〔2012〕305号 (75, 50, 25 %)."""
    p = defaults() if parameters is None else parameters
    return [_amount(transfer_cny) * float(share) for share in p.value(f"{_SECTION}.phase_out_shares")]


def indicators(values: dict[str, float], *, parameters: Parameters | None = None) -> pd.DataFrame:
    """The shipped indicator list (an assumption) with the values a plan or a survey can fill, index indicator.

    values: by indicator; those not given stay missing. Raises InvalidInput for an unknown indicator.
    """
    p = defaults() if parameters is None else parameters
    head = f"{_SECTION}.indicator."
    names = list(dict.fromkeys(key[len(head) :].split(".")[0] for key in p if key.startswith(head)))
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise InvalidInput(say("city.unknown_indicator", name=unknown[0], known=names))
    rows = {name: p.section(head + name) for name in names}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("indicator")
    return frame.assign(value=pd.Series(values, dtype=float).reindex(names))
