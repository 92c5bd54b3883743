"""The time limit of a command: what it leaves to each stage, what it ends, and what it tells before."""

from __future__ import annotations

import time

import pytest

from planner import timelimit
from planner.errors import NoPlanInTime
from planner.timelimit import UNLIMITED, TimeLimit, now, time_limit
from planner.words import Message, render, say


def begun(ago_s: float, seconds: float) -> TimeLimit:
    return TimeLimit(seconds, begun=now() - ago_s)


def test_without_a_limit_nothing_is_bounded() -> None:
    assert UNLIMITED.left == float("inf")
    assert UNLIMITED.for_choice(60.0) == 60.0
    assert UNLIMITED.for_haul() is None
    assert UNLIMITED.for_each(3, 60.0) == 60.0
    with UNLIMITED.needed("read"), time_limit(None) as limit:
        assert limit is UNLIMITED


def test_the_choice_leaves_time_for_what_follows_and_has_some_however_late() -> None:
    assert begun(0, 100).for_choice(60.0) == 60.0
    assert begun(40, 100).for_choice(60.0) == pytest.approx(42.0, abs=0.5)
    assert begun(140, 100).for_choice(60.0) == pytest.approx(10.0)
    assert begun(140, 100).for_haul() == pytest.approx(10.0)


def test_what_a_plan_can_do_without_is_not_begun_late() -> None:
    assert begun(40, 100).for_each(3, 60.0) == pytest.approx(14.0, abs=0.2)
    assert begun(99, 100).for_each(3, 60.0) == 0.0


def test_a_stage_is_told_before_it_runs_over_and_ended_where_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Message] = []
    limit = TimeLimit(0.05, told.append)
    limit.expect(say("timelimit.needed", units=7500, cells=10**6, seconds=20.0, left=0.0), 20.0)
    assert "7,500" in render(told[0]) and "20 秒" in render(told[0], "zh")
    monkeypatch.setattr(timelimit, "GRACE_S", 0.0)
    with pytest.raises(NoPlanInTime, match="cutting planning units") as stopped, limit.needed("partition"):
        end = time.monotonic() + 20.0
        while time.monotonic() < end:
            pass
    assert "划分规划单元" in render(stopped.value.message, "zh")
    with pytest.raises(NoPlanInTime), limit.needed("measure"):
        raise AssertionError("a stage began after the limit")


def test_a_short_stage_is_not_ended_and_no_timer_is_left() -> None:
    import signal

    before = signal.getsignal(signal.SIGALRM)
    with TimeLimit(1.0).needed("judge"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_compiling_is_heard() -> None:
    from numba.core import event

    with time_limit(5.0) as limit:
        before = limit.spent
        with event.trigger_event("numba:compile"):
            time.sleep(0.3)
        assert limit.spent - before < 0.25


def test_the_clock_of_a_search_stands_still_too() -> None:
    from numba.core import event

    from planner.allocation.search import Method, Settings

    settings = Settings(1e-3, now(), 60.0, 0, None, Method.CHOOSE)
    before = settings.seconds
    with event.trigger_event("numba:compile"), event.trigger_event("numba:compile"):  # one function compiles another
        time.sleep(0.3)
        assert settings.seconds - before < 0.25
    time.sleep(0.1)
    assert 0.1 <= settings.seconds - before < 0.35
