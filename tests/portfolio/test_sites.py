"""Columns from sites: the bound against all plans enumerated, prices, processes that die, replies kept on disk."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from worlds import document

import planner as pl
from planner.errors import InvalidInput, PlannerError, UsageError
from planner.export.sitefile import toml
from planner.portfolio import cluster
from planner.portfolio.cluster import Job, planners
from planner.portfolio.keys import Layer
from planner.portfolio.sites import Ask, SiteKey, answer, known_of

COUNT = 3
SETTINGS = {
    "site": {"crs": "EPSG:4548", "year": 2010},
    "layers": {"polygons": {"path": "p.gpkg", "id": "project_id", "depth": "depth"}, "water_table": -1.5},
    "partition": {"max_unit_mu": 32.0, "min_unit_mu": 5.0},
    "targets": {"construction": {"max_mu": 0.0}},
}
LAYER = {"polygons": "p.gpkg", "id": "project_id", "settings": "site.toml"}


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projects of two or three units each, on a level plain."""
    folder = tmp_path_factory.mktemp("district")
    boxes = [shapely.box(x := 500000 + k * 1500, 3800000, x + 150, 3800000 + 200 + 60 * k) for k in range(COUNT)]
    names = [f"S{k}" for k in range(COUNT)]
    frame = gpd.GeoDataFrame({"project_id": names, "depth": [0.4, 2.6, 1.1]}, geometry=boxes, crs="EPSG:4548")
    frame.to_file(folder / "p.gpkg")
    (folder / "site.toml").write_text(toml(SETTINGS), encoding="utf-8")
    return folder


def key(folder: Path, k: int) -> SiteKey:
    return SiteKey(f"S{k}", str(folder), Layer(**LAYER))


def every_plan(folder: Path, k: int) -> np.ndarray:
    """Cost and benefit of every plan of a site that keeps its earth and its water, one a row."""
    known = known_of(key(folder, k))
    options, deeper = known.options, known.survey.facts.table["deeper"]
    compaction = known.survey.site.scenario.number("earthwork.compaction")
    units = list(known.survey.facts.table.index)
    spread = known.survey.site.scenario.number("earthwork.trim_m")
    own = []
    for unit in units:
        mine = options.loc[unit]
        mine = mine[mine["target"] != "construction"]
        rows = mine[["cost_cny", "benefit_cny", "cut_m3", "fill_m3"]].to_numpy(float)
        own.append([(0.0, 0.0, 0.0, 0.0, False), *((*r, t == "reservoir") for r, t in zip(rows, mine["target"], strict=True))])
    assert spread >= 0
    found = []
    for plan in itertools.product(*own):
        wet = {unit: row[4] for unit, row in zip(units, plan, strict=True)}
        if any(wet[u] and isinstance(d, str) and d and not wet[d] for u, d in deeper.items()):
            continue
        cost, benefit, cut, fill = (sum(row[i] for row in plan) for i in range(4))
        if fill <= compaction * cut + 1e-6:
            found.append((cost, benefit))
    return np.array(found)


def programme(folder: Path, **more: object) -> dict:
    funds = [
        {"id": "a", "yearly_cny": 1.1e6, "max_share": 0.7},
        {"id": "b", "yearly_cny": {"2010": 8e5, "2011": 3e5}, "carry_over": True},
    ]
    doc = document([], funds, years=4, discount_rate=0.08, gap=1e-3, works_years=2, sites=LAYER, **more)
    (folder / "portfolio.toml").write_text(toml(doc), encoding="utf-8")
    return doc


@pytest.mark.parametrize("k", range(COUNT))
def test_a_site_answers_prices_with_its_best_plan(district: Path, k: int) -> None:
    plans = every_plan(district, k)
    assert len(plans) > 20
    for benefit, cost in ((1.0, 1.0), (0.7, 2.0), (0.3, 1.5), (1.0, 0.1)):
        (reply,) = answer(key(district, k), (Ask(benefit, cost),))
        best = float((benefit * plans[:, 1] - cost * plans[:, 0]).max())
        assert reply.worth <= best + 1e-6 * abs(best) + 1e-3
        assert reply.bound >= best - 1e-6 * abs(best) - 1e-3
        assert reply.worth == pytest.approx(benefit * reply.benefit_cny - cost * reply.cost_cny, rel=1e-6, abs=1.0)
        assert reply.worth >= best * (1 - 1e-3) - 1.0


def test_the_bound_holds_over_all_plans_enumerated(district: Path) -> None:
    doc = programme(district)
    found = pl.portfolio(district / "portfolio.toml")
    projects = []
    for k in range(COUNT):
        plans = np.unique(every_plan(district, k), axis=0)
        best = [p for p in plans if p[1] > 0 and not ((plans[:, 0] <= p[0]) & (plans[:, 1] > p[1])).any()]
        variants = [
            {"name": f"v{n}", "spend_cny": [float(c) / 2] * 2, "benefit_cny": [0.0, 0.0, float(b)]}
            for n, (c, b) in enumerate(best)
        ]
        projects.append({"id": f"S{k}", "variant": variants})
    general = {k: v for k, v in doc["portfolio"].items() if k not in ("sites", "works_years")}
    whole = pl.portfolio({**doc, "project": projects, "portfolio": {**general, "gap": 1e-7}})
    truth, s = whole.solution.objective, found.summary()["solver"]
    assert s["bound"] >= truth - 1e-6 * truth
    assert s["objective"] <= truth + 1e-6 * truth
    assert s["columns"] >= COUNT and s["sites"] == COUNT
    assert s["gap"] == pytest.approx((s["bound"] - s["objective"]) / s["objective"])
    assert s["objective"] >= 0.97 * truth


def test_the_answer_is_the_same_with_two_processes(district: Path, tmp_path: Path) -> None:
    programme(district)
    one = pl.portfolio(district / "portfolio.toml").summary()
    two = pl.portfolio(district / "portfolio.toml", workers=2, cache=tmp_path / "kept").summary()
    for s in (one, two):
        s["solver"].pop("seconds")
    assert one == two
    assert len(list((tmp_path / "kept").glob("*.json"))) >= COUNT


def test_a_killed_worker_is_survived(district: Path) -> None:
    from distributed import LocalCluster

    jobs = [Job(key(district, k), (Ask(1.0, 0.1 + 0.01 * n),), f"{n}") for n in range(4) for k in range(COUNT)]
    wanted = [answer(j.key, j.asks) for j in jobs]
    killed: list[int] = []
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as local:

        def told(done: int, of: int) -> None:
            if done >= 2 and not killed:
                killed.append(next(iter(local.workers.values())).process.pid)
                os.kill(killed[0], signal.SIGKILL)

        with planners(scheduler=local.scheduler_address) as sites:
            found = sites.replies(jobs, told)
    assert killed and found == wanted


def test_finished_replies_are_not_planned_again(district: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(key(district, 0), (Ask(),), "files")
    with planners(cache=tmp_path) as sites:
        first = sites.replies([job], lambda done, of: None)
    monkeypatch.setattr(cluster, "answer", None)
    with planners(cache=tmp_path) as sites:
        assert sites.replies([job], lambda done, of: None) == first
    assert Job(job.key, job.asks, "other files").name != job.name
    (kept,) = tmp_path.glob("*.json")
    kept.write_text("{", encoding="utf-8")  # cut off: planned anew
    monkeypatch.undo()
    with planners(cache=tmp_path) as sites:
        assert sites.replies([job], lambda done, of: None) == first


def test_what_cannot_be_planned_is_told(district: Path) -> None:
    doc = programme(district)
    doc["fund"][0]["eligible"] = {"targets": ["green"]}
    (district / "targets.toml").write_text(toml(doc), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"name eligible\.projects"):
        pl.portfolio(district / "targets.toml")
    with pytest.raises(UsageError, match="exclude each other"), planners(workers=2, scheduler="tcp://x:1"):
        pass
    with pytest.raises(PlannerError, match="no Dask scheduler"), planners(scheduler="tcp://127.0.0.1:9"):
        pass
