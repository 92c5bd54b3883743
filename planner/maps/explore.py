"""The map as a widget in a notebook: units chosen by click or lasso, limits on sliders, locks, planning again, undo."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import anywidget
import numpy as np
import pandas as pd
import traitlets

from planner.errors import PlannerError
from planner.landuse import CHOICES
from planner.maps.adapt import view_of
from planner.maps.draw import draw_views
from planner.maps.folium_layer import text_of
from planner.maps.views import options_of, view_specs
from planner.plan.again import LEVEL, Attempt, again, first, proven
from planner.plan.compose import Survey, survey
from planner.words import pair, say

if TYPE_CHECKING:
    from planner.plan import Plan

ROOM: Final = 0.5  # by which share of a limit its slider goes down and up
STEPS: Final = 200  # of a slider
LEVEL_ROOM_M: Final = 1.5
SENT: Final = ("area_mu", "storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")


class Explorer(anywidget.AnyWidget):
    """A plan's map, alive.

    selected: unit ids chosen on the map; setting it chooses them. values: the limits the sliders stand at, by dotted key.
    locks: target by unit_id. attempt: the answer shown. seconds: what the last planning took.
    """

    _esm = text_of("web/widget.js")
    page = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(640).tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, plan: Plan, *, lang: str = "en", height: int = 640) -> None:
        self.plan = plan
        self.attempt: Attempt = first(plan)
        self._own = _values(plan)
        self.values: dict[str, float] = dict(self._own)
        self.locks: dict[str, str] = {}
        self.seconds = 0.0
        self.message: tuple[str, str] = ("", "")
        self._before: list[tuple[Attempt, dict[str, float], dict[str, str]]] = []
        self._turn = 0
        self._known: Survey | None = None
        view = view_of(plan)
        live = {"values": dict(self.values), "ranges": _ranges(plan, self.values)}
        drawn = draw_views(view, view_specs(view), lang=lang, more={"live": live, "options": options_of(view)})
        super().__init__(page=drawn.page(), height=height)
        self.on_msg(self._heard)

    @property
    def units(self) -> pd.DataFrame:
        """The units with what is chosen for them now: `target`, `treatment` and the amounts of the option."""
        rows = self.attempt.rows
        return rows[["target", "treatment", *(c for c in SENT if c in rows.columns)]]

    def again(self, locks: Mapping[str, str] | None = None, **values: float) -> Attempt:
        """Plans again, near the plan shown, under limits (dotted keys) and locks (target by unit_id) and shows what changed.

        Raises as `plan.again.again`: Infeasible names the limits to relax.
        """
        began = time.perf_counter()
        wanted = {**self.values, **values}
        held = dict(self.locks if locks is None else locks)
        if wanted.get(LEVEL) != self._own.get(LEVEL) and self._known is None:
            self._known = survey(self.plan.site)  # once for all levels that are tried
        sets = _sets(self.plan, wanted)
        found = again(self.plan, self.attempt, sets, held, known=self._known, tell=lambda word: self._speak(pair(word)))
        self.seconds = time.perf_counter() - began
        self._before.append((self.attempt, self.values, self.locks))
        self._show(found, wanted, held)
        return found

    def prove(self) -> Attempt:
        """The best plan under the limits and locks shown, searched for in full (a minute at most), and shows what changed."""
        began = time.perf_counter()
        found = proven(self.plan, self.attempt)
        self.seconds = time.perf_counter() - began
        self._before.append((self.attempt, self.values, self.locks))
        self._show(found, self.values, self.locks)
        return found

    def undo(self) -> None:
        """Goes back to the attempt before; nothing happens on the first."""
        if self._before:
            self._show(*self._before.pop())

    def _show(self, found: Attempt, values: dict[str, float], locks: dict[str, str]) -> None:
        changed = found.changed(self.attempt)
        self.attempt, self.values, self.locks = found, values, locks
        rows = found.rows.loc[changed]
        columns: dict[str, list[Any]] = {name: [str(v) for v in rows[name]] for name in ("target", "treatment")}
        for name in SENT:
            if name in rows.columns:
                columns[name] = [None if not np.isfinite(v) else float(v) for v in rows[name].to_numpy(float)]
        proof = self.plan.certificate if found.result is None else found.result
        self._tell(
            pair(say("explore.planned", units=len(changed), seconds=self.seconds, worth=proof.objective, gap=proof.gap)),
            units=changed,
            columns=columns,
            values=values,
            locks=locks,
        )

    def _tell(self, status: tuple[str, str], **more: Any) -> None:
        """An answer: a turn of its own."""
        self._turn += 1
        self._speak(status, **more)

    def _speak(self, status: tuple[str, str], **more: Any) -> None:
        self.message = status
        self.send({"kind": "plan", "units": [], "columns": {}, "status": list(status), "turn": self._turn, **more})

    def _heard(self, _: Any, message: Mapping[str, Any], __: Any) -> None:
        """What the page asks for; a limit that cannot be kept is told on the page."""
        kind = message.get("kind")
        if kind == "undo":
            self.undo()
        elif kind == "solve":
            known = self.values
            values = {k: float(v) for k, v in message.get("values", {}).items() if k in known}
            locks = {str(k): str(v) for k, v in message.get("locks", {}).items()}
            try:
                self.again(locks, **values)
            except PlannerError as error:
                self._tell(pair(error.message))

    @traitlets.observe("selected")
    def _chosen(self, change: Any) -> None:
        """Units chosen in Python are marked on the map."""
        if "selected" not in self._property_lock:  # it is not the page itself that said so
            self.send({"kind": "choose", "choose": list(change["new"])})


def _values(plan: Plan) -> dict[str, float]:
    """The limits a plan was made under that a slider can move: quotas, budget, level."""
    scenario = plan.site.scenario
    found = {
        f"targets.{t}.min_mu": float(getattr(scenario.targets, t).min_mu)
        for t in CHOICES
        if getattr(scenario.targets, t).min_mu
    }
    if scenario.budget.max_cny is not None:
        found["budget.max_cny"] = float(scenario.budget.max_cny)
    if len(plan.reservoirs):
        given = scenario.reservoir.level_m
        found[LEVEL] = float(given if given is not None else plan.reservoirs["level_m"].iloc[0])
    return found


def _ranges(plan: Plan, values: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """How far each slider goes, in the unit of its key; scale turns it into the unit shown."""
    ranges: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key == LEVEL:
            span = {"min": value - LEVEL_ROOM_M, "max": value + LEVEL_ROOM_M, "step": 0.05, "scale": 1.0, "digits": 2}
            ranges[key] = {"word": "level", **span}
            continue
        step = 10.0 ** np.floor(np.log10(max(value, 1.0) * 2 * ROOM / STEPS))
        span = {"min": value * (1 - ROOM), "max": value * (1 + ROOM), "step": float(step)}
        if key == "budget.max_cny":
            ranges[key] = {"word": "budget", **span, "scale": 1e6, "digits": 1}
        else:
            ranges[key] = {"target": key.split(".")[1], **span, "scale": 1.0, "digits": 0}
    return ranges


def _sets(plan: Plan, values: Mapping[str, float]) -> dict[str, Any]:
    """Only what differs from the plan's own scenario; a quota's upper end moves along where it was close above the lower."""
    own, sets = _values(plan), dict[str, Any]()
    for key, value in values.items():
        if key not in own or abs(value - own[key]) <= 1e-9 * max(1.0, abs(own[key])):
            continue
        sets[key] = value
        if key.startswith("targets."):
            target = key.split(".")[1]
            most = getattr(plan.site.scenario.targets, target).max_mu
            if most is not None:
                sets[f"targets.{target}.max_mu"] = max(float(most) - own[key], 0.0) + value
    return sets
