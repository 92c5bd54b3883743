"""The time a whole command may take: what can be cut short is, what a plan needs is told before, what was left out after."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from planner.errors import NoPlanInTime
from planner.words import Message, say

GRACE_S: Final = 30.0  # s by which what every plan needs may run over: a busy machine shall not leave one without a plan
LEAST: Final = 0.1  # share of the limit that the choice and the haul have whatever came before: a plan is not thrown away
KEPT: Final = 0.3  # share of what is left that the choice leaves for water, earth, money and files (0.2–0.35 of the samples)
MEASURING_S: Final = 2e-4  # s to cut and measure a planning unit, and a cell of the terrain; to write a unit (the samples')
CELLS_S: Final = 4e-6
WRITING_S: Final = 1e-3
FREE: Final = 0.25  # share of what is left that a stage may be expected to take without a word


def _silent(message: Message) -> None:
    """Tells nobody."""


@cache
def _compiler() -> Any:
    """What hears how long kernels are compiled in this process, from the first time it is asked for."""
    from numba.core import event

    class Clock(event.Listener):
        """Adds up how long the compiler was at work; one function compiles others."""

        def __init__(self) -> None:
            self.done, self.depth, self.since = 0.0, 0, 0.0

        def on_start(self, event: Any) -> None:
            if self.depth == 0:
                self.since = time.monotonic()
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                self.done += time.monotonic() - self.since

        @property
        def seconds(self) -> float:
            return self.done + (time.monotonic() - self.since if self.depth > 0 else 0.0)

    clock = Clock()
    event.register("numba:compile", clock)  # type: ignore[no-untyped-call]
    return clock


def now() -> float:
    """The time, s, of a clock that stands still while kernels are compiled: a time limit is the user's, not the compiler's.

    A first run compiles for minutes; were they counted, it would end with another plan than every run after it.
    """
    return time.monotonic() - float(_compiler().seconds)


@dataclass(frozen=True)
class TimeLimit:
    """Seconds for a whole command, from when it was made, and whom to tell before a stage that cannot be cut short.

    Where `seconds` is None there is no limit: nothing is cut short, nothing is told. begun: by `now`, which stands still while
    kernels are compiled.
    """

    seconds: float | None = None
    tell: Callable[[Message], None] = _silent
    begun: float = field(default_factory=now)

    @property
    def left(self) -> float:
        """Seconds left, below 0 where the limit has passed, inf without one."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - self.spent

    @property
    def spent(self) -> float:
        """Seconds since it was made, less those of compiling."""
        return now() - self.begun

    def for_choice(self, own: float) -> float:
        """Seconds for the choice: its own limit, or what is left of the whole less what comes after."""
        return own if self.seconds is None else min(own, max((1 - KEPT) * self.left, LEAST * self.seconds))

    def for_haul(self) -> float | None:
        """Seconds for the haul; None without a limit."""
        return None if self.seconds is None else max(0.5 * self.left, LEAST * self.seconds)

    def for_each(self, count: int, own: float) -> float:
        """Seconds for each of `count` searches that a plan can do without; 0 where none of them is worth beginning."""
        if self.seconds is None:
            return own
        share = (1 - KEPT) * self.left / count
        return min(own, share) if share > 0.5 * LEAST * self.seconds else 0.0

    def expect(self, message: Message, seconds: float) -> None:
        """Tells of a stage that cannot be cut short before it begins, where it takes a good part of what is left."""
        if self.seconds is not None and seconds > FREE * self.left:
            self.tell(message)

    @contextlib.contextmanager
    def needed(self, stage: str) -> Iterator[None]:
        """A stage that every plan needs: it may run over the limit, by GRACE_S at most, and then ends with no plan.

        stage: as the command line calls it. Outside the main thread, and where the system has no timer, it is ended once it
        is through.
        """
        if self.seconds is None:
            yield
            return
        late = self.left + GRACE_S
        if late <= 0:
            raise self._over(stage)

        def ring(number: int, frame: Any) -> None:
            if self.left + GRACE_S <= 0:  # else kernels were compiled meanwhile
                raise self._over(stage)

        timer = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if timer:
            before = signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, late, 1.0)  # again each second: a library may swallow what it does not know
        try:
            yield
        finally:
            if timer:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
                signal.signal(signal.SIGALRM, before)
        if self.left + GRACE_S <= 0:
            raise self._over(stage)

    def _over(self, stage: str) -> NoPlanInTime:
        return NoPlanInTime(say("timelimit.over", seconds=self.seconds, spent=self.spent, stage=stage))


UNLIMITED: Final = TimeLimit(begun=0.0)


@contextlib.contextmanager
def time_limit(seconds: float | None, tell: Callable[[Message], None] = _silent) -> Iterator[TimeLimit]:
    """A time limit that begins now; none where seconds is None."""
    yield UNLIMITED if seconds is None else TimeLimit(seconds, tell)
