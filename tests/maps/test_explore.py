"""The live map without a browser: planning again, proving, undoing, and what the page is told of it."""

from __future__ import annotations

from typing import Any

import pytest

import planner as pl
from planner.maps.explore import Explorer


@pytest.fixture
def live(small_world: Any) -> tuple[Explorer, list[dict[str, Any]]]:
    """A live map, and what it sends to its page."""
    explorer = Explorer(pl.make_plan(small_world))
    sent: list[dict[str, Any]] = []
    explorer.send = sent.append  # type: ignore[method-assign,assignment]
    return explorer, sent


def test_a_search_in_full_is_never_worse_than_a_plan_nearby_and_is_undone(live: tuple[Explorer, list[dict[str, Any]]]) -> None:
    explorer, sent = live
    held = {str(explorer.plan.units.index[explorer.plan.units["target"] == "construction"][0]): "green"}
    near = explorer.again(held)
    proven = explorer.prove()
    assert near.result is not None and proven.result is not None
    assert proven.result.gap <= explorer.plan.site.scenario.solver.gap + 1e-12
    assert proven.result.objective >= near.result.objective - 1e-6 * abs(near.result.objective)
    assert near.result.bound >= proven.result.objective * (1 - 1e-9)  # a bound nearby holds for every plan
    assert (proven.rows.loc[list(held), "target"] == "green").all()
    assert [m["kind"] for m in sent] == ["plan", "plan"] and sent[1]["units"] == proven.changed(near)
    assert explorer.seconds > 0 and sent[1]["locks"] == held
    explorer.undo()
    assert explorer.attempt is near and sent[-1]["units"] == near.changed(proven)
    explorer.undo()
    assert explorer.attempt.result is None and explorer.locks == {}
    explorer.undo()  # nothing is before the first
    assert len(sent) == 4


def test_what_the_page_asks_for_is_done_and_what_cannot_be_is_told(live: tuple[Explorer, list[dict[str, Any]]]) -> None:
    explorer, sent = live
    explorer._heard(None, {"kind": "solve", "values": {"targets.construction.min_mu": 1e9, "nowhere": 1.0}, "locks": {}}, [])
    assert explorer.attempt.result is None and sent[-1]["units"] == []
    assert all(sent[-1]["status"]) and sent[-1]["status"][0] != sent[-1]["status"][1]
    explorer._heard(None, {"kind": "solve", "values": {}, "locks": {}}, [])
    assert explorer.attempt.result is not None
    explorer._heard(None, {"kind": "undo"}, [])
    assert explorer.attempt.result is None
