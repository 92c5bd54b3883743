"""Every public name shows a runnable example, and every example of the house gives what it says."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import planner

ROOT = Path(__file__).parents[1] / "planner"
MODULES = sorted(
    ".".join(("planner", *p.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for p in ROOT.rglob("*.py")
    if ">>>" in p.read_text(encoding="utf-8")
)
FOUND = [test for name in MODULES for test in doctest.DocTestFinder().find(import_module(name), name) if test.examples]


@pytest.fixture(scope="module", autouse=True)
def planned_once() -> Iterator[None]:
    """A sample that several examples plan is planned for the first."""
    plans: dict[tuple[str, str], Any] = {}
    make_plan = planner.make_plan

    def once(site: Any, **sets: Any) -> Any:
        key = (str(site), repr(sorted(sets.items())))
        if key not in plans:
            plans[key] = make_plan(site, **sets)
        return plans[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "make_plan", once)
        yield


@pytest.mark.parametrize("name", planner.__all__)
def test_every_public_name_has_an_example_that_runs(name: str) -> None:
    thing = getattr(import_module(planner._HOMES.get(name, "planner")), name)
    said = inspect.getdoc(thing) or ""
    examples = doctest.DocTestParser().get_examples(said)
    assert any(example.want for example in examples), f"planner.{name} shows no example with an answer"
    assert not any(doctest.SKIP in example.options for example in examples), f"planner.{name}: an example that is not run"


@pytest.mark.parametrize("test", FOUND, ids=lambda t: t.name)
def test_an_example_gives_what_it_says(test: doctest.DocTest, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    failed = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=told.append).failed
    assert not failed, "".join(told)
