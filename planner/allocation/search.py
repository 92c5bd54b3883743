"""What every method of solving shares: how to solve, the best plan so far, what was found."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from planner.allocation.bound import Multipliers
from planner.allocation.model import Model, settle
from planner.allocation.table import Floats, Ints
from planner.timelimit import now

Progress = Callable[[float, float, float], None]  # (bound, best, gap)


class Method(StrEnum):
    """What a caller may ask for: the method the problem's shape asks for, branch and bound, or prices and a core."""

    CHOOSE = "choose"
    MILP = "milp"
    CORE = "core"


class Outcome(StrEnum):
    """How a method ended: with a plan, with a proof that there is none, or with neither."""

    FOUND = "found"
    INFEASIBLE = "infeasible"
    NOTHING = "nothing"


@dataclass(frozen=True, eq=False)
class Warm:
    """Prices at which an earlier search ended: of each border's terms, yuan (E, C), of earth at every unit, yuan/m³ (N,).

    leaning (S,): share of each row's price at which plans used its limit up.
    """

    border: Floats
    earth: Floats | None
    leaning: Floats | None = None


@dataclass(frozen=True)
class Settings:
    """How to solve: relative gap, when it began (`timelimit.now`) and how long it may take, seed, progress, method.

    stop: set by Ctrl-C; then no seconds are left. warm: where an earlier search ended; whether it fits is asked by its shapes.
    rounds: of separation by branch and bound, after which the best plan known is kept: the same however fast the machine.
    nodes: most of each search by branch and bound; where another method speaks after it, so that two runs part at one place.
    """

    gap: float
    began: float
    limit_s: float
    seed: int
    progress: Progress | None
    method: Method
    stop: threading.Event = field(default_factory=threading.Event)
    warm: Warm | None = None
    rounds: int | None = None
    nodes: int | None = None

    @property
    def seconds(self) -> float:
        """Since it began."""
        return now() - self.began

    @property
    def seconds_left(self) -> float:
        """Until the moment to stop, at least 0."""
        return 0.0 if self.stop.is_set() else max(self.limit_s - self.seconds, 0.0)

    def go_on(self) -> bool:
        """Whether any seconds are left."""
        return self.seconds_left > 0


def briefer(settings: Settings, share: float, nodes: int) -> Settings:
    """Settings for a search that another follows: so many nodes, and no more than a share of the time left."""
    return replace(
        settings,
        limit_s=min(settings.limit_s, settings.seconds + share * settings.seconds_left),
        nodes=min(nodes, settings.nodes or nodes),
    )


@dataclass(frozen=True, eq=False)
class Best:
    """The best plan so far and its objective."""

    value: float = -np.inf
    chosen: Ints | None = None


def best_of(model: Model, best: Best, chosen: Ints | None) -> Best:
    """The better of a plan and of a choice (N,), where that keeps the limits; the plan where they are equal."""
    if chosen is None:
        return best
    settled = settle(model, chosen)
    return Best(settled.objective, chosen) if settled.feasible and settled.objective > best.value else best


@dataclass(frozen=True, eq=False)
class Found:
    """What a method found: outcome, option of each unit, proven bound, multipliers.

    method: which method answered, in words. relaxation_empty: even shares of options keep the limits nowhere.
    """

    outcome: Outcome
    chosen: Ints | None
    bound: float
    multipliers: Multipliers
    method: str
    interrupted: bool = False
    relaxation_empty: bool = False
    notes: tuple[str, ...] = ()
    warm: Warm | None = None


def relative_gap(objective: float, bound: float) -> float:
    """|bound − objective| / |objective|, 0 where both are equal, infinite where there is no plan."""
    if not np.isfinite(objective):
        return math.inf
    difference = abs(bound - objective)
    return 0.0 if difference == 0 else difference / max(abs(objective), 1e-9)


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Within it the first Ctrl-C sets `stop` and a second one raises; outside the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)
