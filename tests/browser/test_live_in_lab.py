# ruff: noqa: E501  (scripts for the page read better unbroken)
"""plan.explore() in a real JupyterLab: what is clicked is known in Python, what Python plans is drawn, and back again."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEEDED = ("jupyterlab", "anywidget")
ROOT = Path(__file__).parents[2]
CELLS = (
    "import planner as pl\nfree = pl.make_plan('site').units.cost_cny.sum()\nplan = pl.make_plan('site', **{'budget.max_cny': 1.1 * free})\ne = plan.explore()\ne",
    "print('CHOSEN', e.selected)",
    "a = e.again({u: 'green' for u in e.selected}); print('LOCKED', [e.units.target[u] for u in e.locks], len(a.changed(e._before[-1][0])))",
    "e.undo(); print('UNDONE', e.attempt.result is None, e.locks)",
    "print('BUDGET', free, e.values['budget.max_cny'], e.units.cost_cny.sum())",
    "print('LASSO', len(e.selected), e.values['targets.arable.min_mu'], e.attempt.scenario.reservoir.level_m, e.seconds < 60)",
    "print('BACK', e.values['targets.arable.min_mu'], e.attempt.scenario.reservoir.level_m)",
)


@pytest.fixture(scope="module")
def lab(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab with one notebook beside the small world; its address."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        pytest.fail(f"{missing[0]} is not installed: pip install 'subsidence-planner[test]'")
    folder = tmp_path_factory.mktemp("lab")
    (folder / "site").symlink_to(small_world)
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for i, text in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "live.ipynb").write_text(json.dumps(book), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--no-browser", "--allow-root", "--expose-app-in-browser", f"--port={port}", "--IdentityProvider.token=")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], cwd=folder, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            break
        except OSError:
            time.sleep(0.25)
    yield f"{address}/lab/tree/live.ipynb"
    server.terminate()
    server.wait(20)


def run_cell(page: Any, marker: str) -> str:
    """Runs the cell that is next and waits for a line that begins with a marker."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell-and-select-next'); }")
    line = page.locator(f".jp-OutputArea-output pre:has-text('{marker} ')").last
    line.wait_for(timeout=60_000)
    return str(line.inner_text())


def test_the_map_is_alive(browser: Any, lab: str) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function("() => window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle], .jp-NotebookPanel-toolbar")
    for _ in range(90):  # a cell that is run before the kernel listens would wait for ever
        if page.evaluate(
            "() => [...window.jupyterapp.serviceManager.sessions.running()].some((s) => s.kernel && s.kernel.execution_state === 'idle')"
        ):
            break
        time.sleep(0.5)
    time.sleep(1.0)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell-and-select-next'); }")
    frame = page.frame_locator("iframe[title=planner]")
    frame.locator("[data-ready=yes]").wait_for(timeout=90_000)
    inside = next(f for f in page.frames if f.parent_frame is not None and f.evaluate("() => !!window.planner"))
    # a click on a unit: Python has it
    unit = inside.evaluate(
        """() => { const p = planner.page, words = p.texts.words.target, t = p.columns.target.values;
        const u = [...t].findIndex((c) => words[c] === 'construction'); p.choose([u], false); return p.texts.ids[u]; }"""
    )
    inside.wait_for_function("() => document.querySelector('.planner-live-panel')")
    assert re.search(rf"CHOSEN \['{re.escape(unit)}'\]", run_cell(page, "CHOSEN"))
    # locked and planned again: the map shows it, and only tiles that hold a changed unit were drawn
    told = run_cell(page, "LOCKED")
    assert told.startswith("LOCKED ['green']")
    inside.wait_for_function("() => Number(document.querySelector('.planner-live-panel').dataset.turn) >= 1")
    after = inside.evaluate(
        "id => { const p = planner.page, u = p.texts.ids.indexOf(id); return planner.textAt(p, 'target', u); }", unit
    )
    assert after == "green"
    drawn, tiles = inside.evaluate(
        """() => [Number(document.querySelector('.planner-live-panel').dataset.tiles), Object.keys(planner.page.main._tiles).length]"""
    )
    assert 1 <= drawn <= tiles
    assert "changed" in frame.locator(".planner-live-status").inner_text()
    # undone: the unit is what it was
    assert run_cell(page, "UNDONE").startswith("UNDONE True {}")
    inside.wait_for_function(
        "id => { const p = planner.page; return planner.textAt(p, 'target', p.texts.ids.indexOf(id)) === 'construction'; }",
        arg=unit,
    )
    # from the page's own buttons: a lasso around everything, a lock, planning again
    count = inside.evaluate(
        """() => { const p = planner.page, [W, S, E, N] = p.units.extent;
        p.choose(planner.within(p, [[W - 9, S - 9], [E + 9, S - 9], [E + 9, N + 9], [W - 9, N + 9]]), false);
        return document.querySelector('.planner-live-panel p').textContent; }"""
    )
    assert not count.startswith("0 units")
    inside.evaluate("id => planner.page.choose([planner.placeOf(planner.page).get(id)], false)", unit)
    frame.locator("#planner-live-target").select_option("green")
    frame.locator("#planner-live-lock").click()
    frame.locator("#planner-live-solve").click()
    inside.wait_for_function(
        "id => { const p = planner.page; return planner.textAt(p, 'target', p.texts.ids.indexOf(id)) === 'green'; }", arg=unit
    )
    # a budget on its slider that the plan shown cannot keep: what is planned then costs no more
    slide = "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }"
    turn = inside.evaluate("() => Number(document.querySelector('.planner-live-panel').dataset.turn)")
    most = float(
        frame.locator("#planner-live-budget-max_cny").evaluate(
            "e => { e.value = String(0.82 * Number(e.value)); e.dispatchEvent(new Event('input')); return Number(e.value); }"
        )
    )
    frame.locator("#planner-live-solve").click()
    inside.wait_for_function("t => Number(document.querySelector('.planner-live-panel').dataset.turn) > t", arg=turn)
    assert "%" in frame.locator(".planner-live-status").inner_text()  # how far the best could lie above
    free, budget, cost = (float(v) for v in run_cell(page, "BUDGET").split()[1:])
    assert budget == pytest.approx(most)
    assert cost <= budget + 1e-6 < free
    # a lasso drawn with the mouse; a quota and the water level on their sliders; planned again; undone on the page
    frame.locator("#planner-live-lasso").click()
    page.locator("iframe[title=planner]").evaluate("(one) => one.scrollIntoView({ block: 'center' })")
    frame_box = page.locator("iframe[title=planner]").bounding_box()
    assert frame_box is not None
    left, top, right, bottom = inside.evaluate("() => planner.page.free()")
    x, y = frame_box["x"] + (left + right) / 2, frame_box["y"] + (top + bottom) / 2
    page.mouse.move(x - 90, y - 70)
    page.mouse.down()
    for dx, dy in ((90, -70), (90, 70), (-90, 70), (-90, -68)):
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
    inside.wait_for_function("() => !/^[01] units/.test(document.querySelector('.planner-live-panel p').textContent)")
    for key, value in (("targets-arable-min_mu", 150.0), ("reservoir-level_m", 30.75)):
        frame.locator(f"#planner-live-{key}").evaluate(slide, value)
        turn = inside.evaluate("() => Number(document.querySelector('.planner-live-panel').dataset.turn)")
        frame.locator("#planner-live-solve").click()
        inside.wait_for_function("t => Number(document.querySelector('.planner-live-panel').dataset.turn) > t", arg=turn)
        assert "changed" in frame.locator(".planner-live-status").inner_text()
    found = run_cell(page, "LASSO").split()
    assert int(found[1]) > 1
    assert found[2:] == ["150.0", "30.75", "True"]
    frame.locator("#planner-live-undo").click()
    inside.wait_for_function("() => Number(document.querySelector('#planner-live-reservoir-level_m').value) === 30.5")
    assert run_cell(page, "BACK").split()[1:] == ["150.0", "30.5"]
    context.close()
