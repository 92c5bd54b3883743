"""Columns from sites: the bound against all plans enumerated, prices, processes that die, replies kept on disk."""

from __future__ import annotations

import itertools
import os
import signal
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from conftest import write_small_world
from worlds import document

import planner as pl
from planner.errors import NoPlanInTime, PlannerError, UsageError
from planner.export.sitefile import toml
from planner.portfolio import cluster
from planner.portfolio.cluster import Desk, Job, planners
from planner.portfolio.envelope import Envelope
from planner.portfolio.keys import Layer
from planner.portfolio.sites import Ask, SiteKey, answer, known_of, site_of
from planner.timelimit import TimeLimit

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


@cache
def every_plan(folder: Path, k: int, *, free_earth: bool = False) -> np.ndarray:
    """Cost, benefit, green mu, spoil of every plan of a site that keeps its water, and its earth unless that may leave it."""
    known = known_of(SiteKey(f"S{k}", str(folder), Layer(**LAYER), free_earth))
    options, deeper = known.options, known.survey.facts.table["deeper"]
    compaction = known.survey.site.scenario.number("earthwork.compaction")
    units = list(known.survey.facts.table.index)
    own = []
    for unit in units:
        mine = options.loc[unit]
        mine = mine[mine["target"] != "construction"]
        green = np.where(mine["target"] == "green", mine["area_mu"], 0.0)
        rows = np.c_[mine[["cost_cny", "benefit_cny"]], green, compaction * mine["cut_m3"] - mine["fill_m3"]]
        own.append([(0.0, 0.0, 0.0, 0.0, False), *((*r, t == "reservoir") for r, t in zip(rows, mine["target"], strict=True))])
    found = []
    for plan in itertools.product(*own):
        wet = {unit: row[4] for unit, row in zip(units, plan, strict=True)}
        if any(wet[u] and isinstance(d, str) and d and not wet[d] for u, d in deeper.items()):
            continue
        cost, benefit, green, spoil = (sum(row[i] for row in plan) for i in range(4))
        if free_earth or spoil >= -1e-6:
            found.append((cost, benefit, green, spoil))
    return np.array(found)


def unbeaten(rows: np.ndarray) -> np.ndarray:
    """The rows that no other equals or passes in every column."""
    unit = np.maximum(np.abs(rows).max(axis=0), 1e-12)
    kept = np.empty((0, rows.shape[1]))
    for row in rows[np.argsort(-(rows / unit).sum(axis=1), kind="stable")]:
        if not (kept >= row).all(axis=1).any():
            kept = np.vstack([kept, row])
    return kept


def whole_programme(folder: Path, doc: dict, *, free_earth: bool = False) -> float:
    """The best schedule when every plan of every site that no other beats is known, to 1e-6."""
    projects = []
    for k in range(COUNT):
        plans = np.unique(every_plan(folder, k, free_earth=free_earth), axis=0)
        better = np.c_[-plans[:, 0], plans[:, 1], plans[:, 2] > 0, plans[:, 3] if free_earth else np.zeros(len(plans))]
        best = unbeaten(better)
        variants = [
            {
                "name": f"v{n}",
                "spend_cny": [float(-c) / 2] * 2,
                "benefit_cny": [0.0, 0.0, float(b)],
                "green_mu": float(g),
                "reservoir_mu": 1.0 - float(g),
                "surplus_m3": float(s),
            }
            for n, (c, b, g, s) in enumerate(best)
            if b > 0
        ]
        projects.append({"id": f"S{k}", "xy": [500075.0 + 1500 * k, 3800100.0], "variant": variants})
    general = {k: v for k, v in doc["portfolio"].items() if k not in ("sites", "works_years")}
    whole = pl.portfolio({**doc, "project": projects, "portfolio": {**general, "gap": 1e-6}})
    return whole.solution.objective


def programme(folder: Path, *, eligible: dict | None = None, **more: object) -> dict:
    funds = [
        {"id": "a", "yearly_cny": 1.1e6, "max_share": 0.7, "eligible": eligible or {}},
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


PHASES = """
[earthwork]
max_import_m3 = 0.0
"""
PHASES += "".join(
    f'[[phase]]\nid = {k}\nname = "{k}"\nstart = {first}\nend = {last}\n'
    for k, first, last in ((1, 2021, 2022), (2, 2023, 2023), (3, 2023, 2025))
)
WORKS = "\n[works]\ncny_per_m = 60.0\ncny_per_m_step = 20.0\n"
LATE = "\n[[lock]]\nparcel = 'P1'\ntarget = 'green'\nnot_before = 2024\n"


@pytest.mark.parametrize("more", ["", WORKS, LATE], ids=["phases", "works", "late"])
def test_a_sites_reply_is_worth_what_its_money_is_at_the_prices(tmp_path: Path, more: str) -> None:
    """Earth that waits is paid; prices of borders between works, and a lock's own years, are none of a programme's: its bound
    would be below what the plan is worth."""
    write_small_world(tmp_path)
    frame = gpd.read_file(tmp_path / "parcels.gpkg").assign(phase=[1, 1, 1, 2, 2, 2, 3, 3, 3])
    frame.to_file(tmp_path / "parcels.gpkg", driver="GPKG")
    file = tmp_path / "site.toml"
    file.write_text(file.read_text(encoding="utf-8") + PHASES + more, encoding="utf-8")
    for ask in (Ask(), Ask(0.5, 2.0)):
        (reply,) = answer(SiteKey("A", str(tmp_path)), (ask,))
        worth = ask.benefit * reply.benefit_cny - ask.cost * reply.cost_cny
        assert reply.worth == pytest.approx(worth, rel=1e-12)
        assert reply.bound >= worth


def bounded(folder: Path, doc: dict, least: float, *, free_earth: bool = False) -> dict:
    """The figures of the proof, after they were held against the truth."""
    truth, s = whole_programme(folder, doc, free_earth=free_earth), pl.portfolio(folder / "portfolio.toml").summary()["solver"]
    assert s["bound"] >= truth - 1e-6 * truth
    assert s["objective"] <= truth + 1e-6 * truth
    assert s["gap"] == pytest.approx((s["bound"] - s["objective"]) / s["objective"])
    assert s["objective"] >= least * truth
    return s


def test_the_bound_holds_over_all_plans_enumerated(district: Path) -> None:
    s = bounded(district, programme(district), 0.97)
    assert s["columns"] >= COUNT and s["sites"] == COUNT


@pytest.mark.parametrize("bought", [0.0, 4.0, 30.0])
def test_the_bound_holds_where_earth_goes_between_sites(district: Path, bought: float) -> None:
    earth = {"max_km": 2.0, "cny_per_m3_km": 1.0, "bought_cny_per_m3": bought}
    bounded(district, programme(district, earth=earth), 0.95, free_earth=True)


def test_the_bound_holds_where_a_fund_pays_for_a_target(district: Path) -> None:
    doc = programme(district, eligible={"targets": ["green"]})
    bounded(district, doc, 0.95)
    found = pl.portfolio(district / "portfolio.toml")
    kept = {p["id"]: p for p in found.summary()["selected"]}
    assert kept
    for p in kept.values():
        assert p["mu"]["green"] > 0 or not p["funds"].get("a")


def test_of_several_objectives_nothing_is_proven_over_all_plans(district: Path, tmp_path: Path) -> None:
    """The sites are priced for the first objective: a plan that nobody asked for may be the best in the second."""
    programme(district, objective=["npv", "green_mu"])
    found = pl.portfolio(district / "portfolio.toml")
    s = found.summary()["solver"]
    assert (s["bound"], s["gap"], s["status"]) == (None, None, "gap")
    assert s["bound_of_columns"] >= s["objective"] > 0
    found.save(tmp_path / "out")
    assert "nothing is proven of several objectives" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert found.frontier((1.0,))["bound"].isna().all()


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


def test_every_job_is_given_once_to_a_worker_that_knows_its_site_unless_another_idles() -> None:
    desk, folder = Desk(), Path("/")
    desk.open({"a": 1, "b": 1})
    first = [Job(key(folder, k), (Ask(),), "") for k in range(12)]
    desk.waiting = list(enumerate(first))
    given = list(desk.next())
    assert [(a, at) for a, at, _ in given] == [("a", 0), ("b", 1), ("a", 2), ("b", 3)]  # one to do, one that waits there
    while given:
        address, at, job = given.pop(0)
        desk.done(address, job, float(at))
        given += desk.next()
    assert not desk.waiting and sorted(desk.took.values()) == list(range(12))
    ours = [job for job in first if desk.homes[job.key] == {"a"}]
    assert len(ours) == 6
    desk.open({"a": 1, "b": 1})
    desk.waiting = list(enumerate(ours))  # none of them is b's: it takes one while more than a few wait for the other
    given = list(desk.next())
    assert [a for a, *_ in given] == ["a", "b"]  # none waits at a worker: so few are left
    assert desk.took[given[0][2].key] == max(desk.took[job.key] for job in ours)
    desk.open({})
    desk.waiting = [(0, first[0])]
    assert list(desk.next()) == [("", 0, first[0])]  # no worker yet: the scheduler waits for one


def test_what_cannot_be_planned_is_told(district: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"), planners(workers=2, scheduler="tcp://x:1"):
        pass
    with pytest.raises(PlannerError, match="no Dask scheduler"), planners(scheduler="tcp://127.0.0.1:9"):
        pass


def test_a_time_limit_ends_the_sites_too(district: Path) -> None:
    programme(district)
    with pytest.raises(NoPlanInTime, match=f"of {COUNT} sites had a first plan when the time limit of 0.01 s ended"):
        pl.portfolio(district / "portfolio.toml", limit=TimeLimit(0.01))
    counts = iter([5.0, 5.0, 5.0, *[1.0] * 1000])  # time for the first plans alone: what is proven is then wider, and holds

    class Clock(TimeLimit):
        @property
        def left(self) -> float:
            return next(counts)

    short = pl.portfolio(district / "portfolio.toml", limit=Clock(5.0)).summary()["solver"]
    whole = pl.portfolio(district / "portfolio.toml").summary()["solver"]
    assert short["bound"] >= whole["bound"] - 1.0 and short["bound"] >= whole["objective"]
    assert short["rounds"] == 1 < whole["rounds"]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_known_at_other_prices_bounds_a_site(district: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plans = every_plan(district, 2, free_earth=True)

    def truth(ask: Ask) -> float:
        return float((plans @ [-ask.cost, ask.benefit, ask.mu[2], ask.spoil]).max())

    def prices(green: float, spoil: float) -> Ask:
        return Ask(float(rng.uniform(0.3, 1)), float(rng.uniform(0.5, 4)), (0.0, 0.0, green, 0.0), spoil)

    proven = [(a, truth(a)) for a in (prices(*rng.uniform(0, 5e3, 1), s) for s in (0.0, 5.0, 20.0) for _ in range(6))]
    envelope = Envelope(proven, (), ())
    for _ in range(40):
        ask = prices(float(rng.uniform(0, 5e3)), float(rng.uniform(0, 20)))
        assert envelope.most(ask) >= truth(ask) * (1 - 1e-9)
    assert all(envelope.most(a) == pytest.approx(b, rel=1e-6) for a, b in proven)


def test_a_district_is_cut_from_the_layer_that_is_named(district: Path, tmp_path: Path) -> None:
    """Two layers in one file with the same ids: the plots of the one named, not of the first."""
    frame = gpd.read_file(district / "p.gpkg")
    frame.to_file(tmp_path / "p.gpkg", layer="drafts")
    frame.assign(geometry=frame.geometry.scale(0.5, 0.5, origin="center")).to_file(tmp_path / "p.gpkg", layer="final")
    for layer, share in (("final", 0.25), ("drafts", 1.0)):
        site = site_of(SiteKey("S1", str(tmp_path), Layer(polygons="p.gpkg", id="project_id", layer=layer)))
        assert site.parcels.area.sum() == pytest.approx(share * frame.geometry[1].area)


def test_what_runs_for_years_costs_what_it_costs_in_a_plan(own_small_world: Path) -> None:
    """Pumps' upkeep and energy at the site's own rate, 12.2 times a year's at 8 % over 50 years, and not 50 times."""
    file = own_small_world / "site.toml"
    file.write_text(file.read_text(encoding="utf-8") + "[drainage]\ngravity_m = 3.0\n", encoding="utf-8")
    site = pl.read_site(own_small_world)
    made = pl.measure(site, pl.partition(site), pl.ground(site))
    alone = pl.appraise(made, pl.judge(made.table, site.scenario), site.scenario)
    mine = known_of(SiteKey("w", str(own_small_world))).options
    assert (alone["pump_kw"] > 0).any()
    np.testing.assert_allclose(mine["cost_cny"], alone["cost_cny"], rtol=1e-12)


def test_earth_at_a_rule_s_price_is_in_a_site_s_cost(own_small_world: Path) -> None:
    """What a site's plan costs by the programme is what it costs by itself, earth that is bought at a price included."""
    file = own_small_world / "site.toml"
    more = "[earthwork]\nmax_import_m3 = 1e9\n[[rule]]\nrule = 'Earthwork'\nimport_cny_per_m3 = 2.0\n"
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    (reply,) = answer(SiteKey("w", str(own_small_world)), (Ask(),))
    assert reply.worth == pytest.approx(reply.benefit_cny - reply.cost_cny, rel=1e-9)
    (dear,) = answer(SiteKey("w", str(own_small_world)), (Ask(cost=3.0),))
    assert dear.worth == pytest.approx(dear.benefit_cny - 3.0 * dear.cost_cny, rel=1e-9)


@pytest.mark.parametrize("rule", ["Budget", "Limit", "Compactness"])
def test_a_site_s_rules_hold_whatever_a_yuan_weighs(own_small_world: Path, rule: str) -> None:
    """A budget of its own was held against four times the cost where a yuan weighs four: no plan, or a bound below one that
    keeps it. A price of borders is none of a programme's."""
    file = own_small_world / "site.toml"
    plain = file.read_text(encoding="utf-8")
    (free,) = answer(SiteKey("w", str(own_small_world)), (Ask(),))
    limit = {"Budget": "max_cny = {}", "Limit": 'column = "cost_cny"\nmax = {}', "Compactness": "cny_per_m = 900.0"}[rule]
    (own_small_world / "more").mkdir()
    for name in ("parcels.gpkg", "dem.tif", "w.tif"):
        (own_small_world / "more" / name).symlink_to(own_small_world / name)
    more = f'[[rule]]\nrule = "{rule}"\n{limit.format(1.02 * free.cost_cny)}\n'
    plain = plain.replace("year = 2020", "year = 2020\noutside_paths = true")
    (own_small_world / "more" / "site.toml").write_text(plain + more, encoding="utf-8")
    (dear,) = answer(SiteKey("w", str(own_small_world / "more")), (Ask(cost=4.0),))
    assert dear.bound >= free.benefit_cny - 4.0 * free.cost_cny
    assert dear.worth == pytest.approx(dear.benefit_cny - 4.0 * dear.cost_cny, rel=1e-9)
    assert dear.cost_cny <= 1.02 * free.cost_cny * (1 + 1e-9)


def test_where_no_yuan_counts_the_most_is_done(own_small_world: Path) -> None:
    """Prices of mu alone: cost is free, and the plan has as much green as the site can bear."""
    (green,) = answer(SiteKey("w", str(own_small_world)), (Ask(benefit=0.0, cost=0.0, mu=(0.0, 0.0, 1.0, 0.0)),))
    assert green.worth == pytest.approx(green.mu[2])
    assert green.bound >= green.worth
