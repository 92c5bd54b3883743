"""A saved plan made again from its own site.toml, and what differs: inputs by hash, versions, figures, units."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from planner.plan.compose import make_plan
from planner.plan.noun import Plan
from planner.read.saved import read_saved

TIMES: Final = ("solver.seconds",)
TOLD_APART: Final = ("provenance.inputs", "provenance.versions", "provenance.decisions", "warnings", "warnings_zh")
COMPARED: Final = ("target", "treatment", "area_mu", "storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")


@dataclass(frozen=True, eq=False)
class Replay:
    """What making a saved plan again gave: the new plan, and differences in words (none: the same in all but times).

    inputs: files whose bytes changed. versions: packages that changed. figures: keys of summary.json. units: how many differ.
    """

    plan: Plan
    inputs: tuple[str, ...]
    versions: tuple[str, ...]
    figures: tuple[str, ...]
    units: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether figures and units are those of the saved plan."""
        return not self.figures and not self.units

    def text(self) -> str:
        """What differs, a line each, or that nothing does."""
        lines = [*self.inputs, *self.versions, *self.units, *self.figures]
        return "\n".join(lines) if lines else "the same plan: inputs, figures and units agree"

    def to_dict(self) -> dict[str, Any]:
        """The differences as one JSON document (schema planner.replay/1)."""
        return {
            "schema": "planner.replay/1",
            "same": self.same,
            "inputs": list(self.inputs),
            "versions": list(self.versions),
            "figures": list(self.figures),
            "units": list(self.units),
        }


def replay(folder: str | Path) -> Replay:
    """Makes a saved plan again from its provenance and says what differs.

    Raises InvalidInput where the folder holds no plan or an input is gone.
    """
    saved = read_saved(folder)
    plan = make_plan(Path(folder) / "site.toml")
    now = json.loads(json.dumps(plan.summary(), default=str))
    then = saved.summary
    return Replay(
        plan=plan,
        inputs=_inputs(then["provenance"]["inputs"], now["provenance"]["inputs"]),
        versions=_versions(then["provenance"]["versions"], now["provenance"]["versions"]),
        figures=_figures(then, now),
        units=_units(saved.units, plan.units),
    )


def _inputs(then: list[Mapping[str, str]], now: list[Mapping[str, str]]) -> tuple[str, ...]:
    """Inputs whose bytes are not what they were; site.toml itself was rewritten with the plan and is not among them."""

    def key(item: Mapping[str, str]) -> tuple[str, str]:
        return item.get("role", ""), Path(item["path"].replace("\\", "/")).name

    old = {key(i): i["sha256"] for i in then if i.get("role") != "site"}
    new = {key(i): i["sha256"] for i in now if i.get("role") != "site"}
    lines = [f"{role}: {name} has changed since" for (role, name), sha in old.items() if new.get((role, name), sha) != sha]
    lines += [f"{role}: {name} is no longer read" for role, name in old if (role, name) not in new]
    lines += [f"{role}: {name} is read now and was not then" for role, name in new if (role, name) not in old]
    return tuple(lines)


def _versions(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    names = sorted({*then, *now})
    return tuple(f"{n}: {then.get(n, 'none')} then, {now.get(n, 'none')} now" for n in names if then.get(n) != now.get(n))


def _figures(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    old, new = flat(then), flat(now)
    keys = [k for k in {**old, **new} if not k.startswith((*TIMES, *TOLD_APART))]
    return tuple(f"{k}: {old.get(k)} then, {new.get(k)} now" for k in keys if old.get(k) != new.get(k))


def flat(document: Any, prefix: str = "") -> dict[str, Any]:
    """A JSON document as its leaves by dotted key."""
    if isinstance(document, Mapping):
        pairs = [(f"{prefix}.{k}" if prefix else str(k), v) for k, v in document.items()]
    elif isinstance(document, list):
        pairs = [(f"{prefix}[{i}]", v) for i, v in enumerate(document)]
    else:
        return {prefix: document}
    return {k: v for key, child in pairs for k, v in flat(child, key).items()}


def _units(then: pd.DataFrame, now: pd.DataFrame) -> tuple[str, ...]:
    if not then.index.sort_values().equals(now.index.sort_values()):
        gone, come = then.index.difference(now.index), now.index.difference(then.index)
        return (f"units: {len(gone)} are gone, {len(come)} are new",)
    columns = [c for c in COMPARED if c in then.columns and c in now.columns]
    old, new = then.sort_index()[columns], now.sort_index()[columns]
    counts = {c: int(((old[c] != new[c]) & ~(old[c].isna() & new[c].isna())).sum()) for c in columns}
    return tuple(f"units: {c} differs in {n} of {len(old)}" for c, n in counts.items() if n)
