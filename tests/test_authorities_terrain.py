"""Other tools' results on the same ground, and cases others published: what our terrain engine makes of them.

Raw results, their versions and where they come from: tests/authorities/terrain/README.md.
"""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from scipy import ndimage

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import Cells, covered_cells
from planner.core.terrain.hypsometry import Hypsometry
from planner.core.terrain.merge_tree import MergeTree, filled, merge_tree
from planner.core.terrain.zonal import by_class, quantiles, summarise
from planner.earthwork import cut_fill
from planner.frame import Frame
from planner.read.statistics import raster_statistics
from planner.site import Grid
from planner.water import storage_curve

FOLDER = Path(__file__).parent / "authorities" / "terrain"
PUBLISHED = json.loads((FOLDER / "exactextract_cases.json").read_text())
SHARES = {"quantile_10": 0.1, "quantile_25": 0.25, "quantile_50": 0.5, "quantile_90": 0.9}
CELL_M2 = 20.0
SEED = (39_500_257.5, 3_756_762.0)  # where GRASS was told to begin
EXACT_FILLS = ["pyflwdir_D8", "skimage_D8", "topotoolbox_D8", "topotoolbox_hybrid_D8", "pyflwdir_D4", "skimage_D4"]
EIGHT = np.ones((3, 3))
NONE = 2**32 - 1  # richdem's number for nothing


def read(name: str) -> tuple[np.ndarray, Frame]:
    with rasterio.open(FOLDER / name) as source:
        t = source.transform
        return source.read(1), Frame(t.c, t.f, t.a, -t.e, source.height, source.width)


def grid_of(name: str) -> Grid:
    z, f = read(name)
    return Grid(z.astype(float), f.west, f.north, f.cell_x, f.cell_y)


@pytest.fixture(scope="module")
def polygons() -> pd.Series:
    table = pd.read_csv(FOLDER / "polygons.csv", float_precision="round_trip", index_col="name")
    return pd.Series(shapely.from_wkt(table["wkt"]), index=table.index)


@pytest.fixture(scope="module")
def cells(polygons: pd.Series) -> Cells:
    return covered_cells(*rings_of(polygons.to_numpy()), read("ground.tif")[1])


def by_polygon(values: np.ndarray, cells: Cells, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Known values of a polygon's cells and their weights."""
    part = slice(cells.start[i], cells.start[i + 1])
    z, w = values.ravel()[cells.cell[part]].astype(float), cells.fraction[part]
    return z[np.isfinite(z)], w[np.isfinite(z)]


class TestExactextract:
    """exactextract keeps fractions in single precision: 3e-8 of a cell is all that can differ."""

    @pytest.mark.parametrize("name", ["ground", "whole"])
    def test_the_covered_fraction_of_every_cell(self, name: str, cells: Cells) -> None:
        theirs = np.load(FOLDER / "exactextract_cells.npz")
        z, frame = read(f"{name}.tif")
        size = frame.rows * frame.cols
        ours = np.where(np.isfinite(z.ravel()[cells.cell]), cells.fraction, 0.0)
        mine = np.bincount(cells.owner * size + cells.cell, ours, minlength=40 * size)
        other = np.bincount(
            theirs[f"{name}_owner"].astype(int) * size + theirs[f"{name}_cell"], theirs[f"{name}_coverage"], minlength=40 * size
        )
        assert len(theirs[f"{name}_cell"]) == np.count_nonzero(ours) > 39_000
        np.testing.assert_allclose(mine, other, atol=6e-8, rtol=0)

    def test_the_statistics_of_a_file(self, polygons: pd.Series) -> None:
        theirs = pd.read_csv(FOLDER / "exactextract.csv", float_precision="round_trip", index_col="name")
        (ours,) = raster_statistics(FOLDER / "ground.tif", polygons, tile_cells=5000)
        np.testing.assert_allclose(ours.weight, theirs["count"], rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(ours.total, theirs["sum"], rtol=1e-7, atol=1e-6)
        np.testing.assert_allclose(ours.mean, theirs["mean"], rtol=1e-9)
        np.testing.assert_array_equal(ours.low, theirs["min"])
        np.testing.assert_array_equal(ours.high, theirs["max"])
        lost = pd.Series(ours.missing, polygons.index)
        assert lost["over the hole without data"] == pytest.approx(35.0, abs=1e-9)
        assert lost["only where nothing is known"] == pytest.approx(33 * 18 / CELL_M2, abs=1e-9)

    def test_quantiles_of_values_that_all_differ(self, cells: Cells) -> None:
        theirs = pd.read_csv(FOLDER / "exactextract_distinct.csv", float_precision="round_trip")
        values = (np.arange(120 * 160) * 7919) % (120 * 160)
        at = values[cells.cell].astype(float)
        np.testing.assert_allclose(
            summarise(cells.start, at, cells.fraction).total, theirs["sum"].fillna(0), rtol=1e-7, atol=1e-4
        )
        ours = quantiles(cells.start, at, cells.fraction, np.array(list(SHARES.values())))
        # a fraction in single precision moves a quantile by 3e-8 of the way, which here may be 19 200 long
        np.testing.assert_allclose(ours, theirs[list(SHARES)], atol=5e-3, rtol=1e-6)

    def test_quantiles_where_values_are_equal(self, cells: Cells) -> None:
        """exactextract puts equal values together before it weighs, we do not: put together, ours are theirs.

        Of cells that are all whole ours is the usual linear quantile, theirs comes within a step of the values.
        """
        theirs = pd.read_csv(FOLDER / "exactextract.csv", float_precision="round_trip")
        z, _ = read("ground.tif")
        shares = np.array(list(SHARES.values()))
        ours = quantiles(cells.start, z.ravel()[cells.cell], cells.fraction, shares)
        for i in range(len(theirs)):
            value, weight = by_polygon(z, cells, i)
            if not len(value):
                continue
            distinct, place = np.unique(value, return_inverse=True)
            together = quantiles(np.array([0, len(distinct)]), distinct, np.bincount(place, weight), shares)[0]
            np.testing.assert_allclose(together, theirs.loc[i, list(SHARES)].astype(float), rtol=1e-6)
            if np.all(weight == 1.0):
                np.testing.assert_allclose(ours[i], np.quantile(value, shares), rtol=1e-12)
        whole = theirs.set_index("name").index.get_loc("on the cells' borders")
        apart = np.abs(ours[whole] - theirs.loc[whole, list(SHARES)].astype(float))
        assert 1e-4 < apart.max() < 1e-2

    @pytest.mark.parametrize("case", PUBLISHED["coverage"], ids=lambda c: c["case"])
    def test_published_fractions(self, case: dict) -> None:
        frame = _frame(case)
        found = covered_cells(*rings_of([shapely.from_wkt(case["wkt"])]), frame)
        dense = np.zeros(frame.rows * frame.cols)
        dense[found.cell] = found.fraction
        top, bottom, left, right = case.get("window", [0, frame.rows, 0, frame.cols])
        shown = dense.reshape(frame.rows, frame.cols)[top:bottom, left:right]
        np.testing.assert_allclose(shown, case["fractions"], atol=1e-12)
        assert dense.sum() == pytest.approx(shown.sum(), rel=1e-12)

    @pytest.mark.parametrize("case", PUBLISHED["statistics"], ids=lambda c: c["case"])
    def test_published_statistics(self, case: dict) -> None:
        found = covered_cells(*rings_of([shapely.from_wkt(case["wkt"])]), _frame(case))
        at = np.array(case["values"], dtype=float).ravel()[found.cell]
        ours = summarise(found.start, at, found.fraction)
        told = {"count": ours.weight, "sum": ours.total, "mean": ours.mean, "min": ours.low, "max": ours.high}
        for name, array in told.items():
            if name in case:
                assert array[0] == pytest.approx(case[name], rel=1e-15)
        for share, value in case.get("quantiles", {}).items():
            answer = quantiles(found.start, at, found.fraction, np.array([float(share)]))[0, 0]
            assert answer == pytest.approx(np.nan if value is None else value, abs=1e-12, nan_ok=True)
        for share, value in case.get("whole_quantiles", {}).items():  # of whole numbers, given as whole numbers
            assert np.floor(quantiles(found.start, at, found.fraction, np.array([float(share)]))[0, 0]) == value
        for value, share in case.get("shares", {}).items():
            area = by_class(found.start, at, found.fraction, np.array([float(value), float(value) + 1]))
            assert area[0, 1] / ours.weight[0] == pytest.approx(share, abs=1e-15)

    def test_published_missing_cells(self) -> None:
        case = PUBLISHED["nodata"]
        n = case["size"]
        values = np.arange(1.0, n * n + 1).reshape(n, n)
        values[slice(*case["missing_rows"]), slice(*case["missing_cols"])] = np.nan
        for part in ("inside", "partly"):
            found = covered_cells(*rings_of([shapely.box(*case[part]["box"])]), Frame(0, n, 1, 1, n, n))
            ours = summarise(found.start, values.ravel()[found.cell], found.fraction)
            assert ours.total[0] == case[part]["sum"]
            mean = case[part]["mean"]
            assert ours.mean[0] == pytest.approx(np.nan if mean is None else mean, nan_ok=True)


def _frame(case: dict) -> Frame:
    west, south, east, north = case["extent"]
    x, y = case.get("cell", [1, 1])
    return Frame(west, north, x, y, round((north - south) / y), round((east - west) / x))


class TestRasterstats:
    """rasterstats takes a cell or leaves it, by its centre or by any touch; its sums are in single precision."""

    @pytest.fixture
    def theirs(self) -> pd.DataFrame:
        return pd.read_csv(FOLDER / "rasterstats.csv", float_precision="round_trip").set_index(["all_touched", "name"])

    def test_whole_cells_agree(self, theirs: pd.DataFrame, polygons: pd.Series, cells: Cells) -> None:
        z, _ = read("ground.tif")
        ours = pd.DataFrame(summarise(cells.start, z.ravel()[cells.cell], cells.fraction)._asdict(), index=polygons.index)
        for name in ("one whole cell", "on the cells' borders", "larger than the terrain"):
            peer = theirs.loc[(False, name)]
            assert ours["weight"][name] == pytest.approx(peer["count"], abs=1e-9)
            assert ours["total"][name] == pytest.approx(peer["sum"], rel=1e-7)
            assert (ours["low"][name], ours["high"][name]) == (peer["min"], peer["max"])

    def test_the_centre_rule_takes_no_fewer_than_the_whole_and_no_more_than_the_touched(
        self, theirs: pd.DataFrame, polygons: pd.Series, cells: Cells
    ) -> None:
        z, _ = read("ground.tif")
        for i, name in enumerate(polygons.index):
            value, weight = by_polygon(z, cells, i)
            centre, touched = theirs.loc[(False, name)], theirs.loc[(True, name)]
            assert np.sum(weight == 1.0) <= centre["count"] <= len(value) <= touched["count"], name
            edge = len(value) - np.sum(weight == 1.0)
            assert abs(weight.sum() - centre["count"]) <= edge
            if len(value):
                assert touched["min"] <= value.min()
                assert touched["max"] >= value.max()

    def test_what_the_centre_rule_costs(self, theirs: pd.DataFrame, polygons: pd.Series, cells: Cells) -> None:
        """Slivers get nothing, half a cell is worth 5 % of a field, polygons of 500 cells and more come within 1.3 %."""
        peer = theirs.loc[False]["count"]
        ours = pd.Series(np.bincount(cells.owner, cells.fraction, len(polygons)), polygons.index)
        assert (peer["a sliver along"], round(ours["a sliver along"], 9)) == (0, 15.0)
        assert (peer["half a cell off"], round(ours["half a cell off"], 9)) == (420, 400.0)
        z, _ = read("ground.tif")
        known = pd.Series([by_polygon(z, cells, i)[1].sum() for i in range(len(polygons))], polygons.index)
        large = known[(known > 500) & known.index.str.startswith("star")]
        assert len(large) >= 8
        np.testing.assert_allclose(peer[large.index], large, rtol=1.3e-2)
        assert np.max(np.abs(peer[large.index] / large - 1)) > 1e-3


class TestFilled:
    """Terrains filled by richdem, pyflwdir, scikit-image, TopoToolbox and two GRASS modules, against ours."""

    @pytest.mark.parametrize("peer", [*EXACT_FILLS, "richdem_D8", "richdem_D4"])
    def test_without_missing_cells_every_cell_is_equal(self, peer: str) -> None:
        z, _ = read("whole.tif")
        theirs = np.load(FOLDER / "filled.npz")[f"whole_{peer}"]
        np.testing.assert_array_equal(merge_tree(z, neighbours=int(peer[-1])).filled(z).astype(np.float32), theirs)
        np.testing.assert_array_equal(filled(z, neighbours=int(peer[-1])), theirs)

    @pytest.mark.parametrize("peer", EXACT_FILLS)
    def test_where_cells_are_missing_too(self, peer: str) -> None:
        z, _ = read("ground.tif")
        known = np.isfinite(z)
        theirs = np.load(FOLDER / "filled.npz")[f"ground_{peer}"][known]
        np.testing.assert_array_equal(merge_tree(z, neighbours=int(peer[-1])).filled(z).astype(np.float32)[known], theirs)
        np.testing.assert_array_equal(filled(z, neighbours=int(peer[-1]))[known], theirs)

    def test_grass_terraflow(self) -> None:
        """It lets water out at missing cells that reach the edge; those enclosed by ground it takes as a wall."""
        theirs = np.load(FOLDER / "filled_grass.npz")
        z, _ = read("whole.tif")
        np.testing.assert_array_equal(merge_tree(z).filled(z).astype(np.float32), theirs["whole_r_terraflow"])
        z, _ = read("ground.tif")
        walled = np.where(_enclosed(z), np.float32(1e3), z)
        known = np.isfinite(z)
        ours = merge_tree(walled).filled(walled).astype(np.float32)
        np.testing.assert_array_equal(ours[known], theirs["ground_r_terraflow"][known])
        assert np.nansum(ours - merge_tree(z).filled(z)) > 300  # the rule matters

    def test_those_that_disagree(self) -> None:
        """One pass of r.fill.dir leaves nested hollows unfilled, two do not; richdem half fills beside enclosed holes."""
        z, _ = read("whole.tif")
        grass = np.load(FOLDER / "filled_grass.npz")
        short = merge_tree(z).filled(z) - grass["whole_r_fill_dir"]
        assert short.min() > -1e-6
        assert np.count_nonzero(short > 1e-6) == 4347
        np.testing.assert_array_equal(merge_tree(z).filled(z).astype(np.float32), grass["whole_r_fill_dir_twice"])
        z, _ = read("ground.tif")
        walled = np.where(_enclosed(z), np.float32(1e3), z)
        apart = np.load(FOLDER / "filled.npz")["ground_richdem_D8"] - merge_tree(walled).filled(walled)
        beside = ndimage.binary_dilation(_enclosed(z), structure=EIGHT)
        wrong = np.isfinite(z) & (np.abs(apart) > 1e-6)
        assert wrong.sum() == 10
        assert np.all(beside[wrong])


def _enclosed(z: np.ndarray) -> np.ndarray:
    """Missing cells from which no missing cell leads to the edge."""
    body, _ = ndimage.label(~np.isfinite(z), structure=EIGHT)
    rim = np.unique(np.concatenate((body[0], body[-1], body[:, 0], body[:, -1])))
    return (body > 0) & ~np.isin(body, rim)


class TestRichdem:
    """The depression hierarchy and fill–spill–merge; corners pass water, missing cells and the outside are its ocean."""

    @pytest.fixture
    def tree(self) -> MergeTree:
        return merge_tree(read("ground.tif")[0])

    @pytest.fixture
    def nodes(self) -> dict[int, dict[str, str]]:
        with (FOLDER / "richdem_hierarchy.csv").open() as text:
            return {int(row["dep_label"]): row for row in csv.DictReader(text)}

    def test_pit_spill_and_volume_of_every_hollow(self, tree: MergeTree, nodes: dict[int, dict[str, str]]) -> None:
        """Where three hollows meet at one level either may join two first: what spills at its part's level is left out."""
        theirs, ours = Counter(), Counter()
        for label, row in nodes.items():
            level = float(row["out_elev"])
            parts = _parts(nodes, label)
            if label and not any(float(nodes[p]["out_elev"]) >= level for p in parts) and level > _pit(nodes, label):
                theirs[_pit(nodes, label), level, round(float(row["dep_vol"]), 6)] += 1
        inner = np.zeros(len(tree) + 1)
        np.maximum.at(inner, tree.parent, tree.spill_level)
        for k in range(len(tree)):
            if inner[k + 1] < tree.spill_level[k]:
                ours[tree.pit_level[k], tree.spill_level[k], round(tree.volume[k], 6)] += 1
        assert sum(ours.values()) > 70
        assert ours == theirs
        tops = sum(float(row["dep_vol"]) for label, row in nodes.items() if label and row["ocean_parent"] == "True")
        assert tree.volume[tree.top].sum() == pytest.approx(tops, rel=1e-9)

    def test_the_parent_is_the_hollow_that_holds_both(self, tree: MergeTree, nodes: dict[int, dict[str, str]]) -> None:
        """Of every pit, the levels at which its water goes on to a larger hollow, up to where it leaves."""
        ours = {}
        leaves = np.setdiff1d(np.arange(1, len(tree) + 1), tree.parent)
        for leaf in leaves:
            chain, at = set(), leaf
            while at:
                chain.add(float(tree.spill_level[at - 1]))
                at = int(tree.parent[at - 1])
            ours[int(tree.pit[leaf - 1])] = sorted(chain)
        met = 0
        for label, row in nodes.items():
            if label == 0 or _parts(nodes, label):
                continue
            r, c = divmod(int(row["pit_cell"]), 162)
            pit = (r - 1) * 160 + c - 1
            if pit not in ours:  # another cell of a level floor
                continue
            chain, at = set(), label
            while at and at != NONE:
                chain.add(float(nodes[at]["out_elev"]))
                above = int(nodes[at]["parent"])
                at = above if above in nodes and at in _parts(nodes, above) else 0
            assert sorted(chain) == ours[pit]
            met += 1
        assert met >= 0.9 * len(leaves)

    def test_a_heavy_rain_fills_every_hollow(self, tree: MergeTree) -> None:
        z, _ = read("ground.tif")
        water = np.load(FOLDER / "richdem_water.npz")["water_100.0"]
        known = np.isfinite(z)
        np.testing.assert_allclose((tree.filled(z.astype(float)) - z)[known], water[known], atol=1e-9)
        assert tree.volume[tree.top].sum() == pytest.approx(water.sum(), rel=1e-12)

    @pytest.mark.parametrize("rain", ["0.02", "0.2"])
    def test_the_water_that_a_lighter_rain_leaves_stands_where_our_curves_put_it(self, rain: str) -> None:
        """The level that our inverse gives each pool for its volume is the pool's, and its area is the pool's."""
        ground = grid_of("ground.tif")
        z = ground.values
        water = np.load(FOLDER / "richdem_water.npz")[f"water_{rain}"]
        pools, count = ndimage.label(water > 1e-9, structure=EIGHT)
        met = 0
        x, y = ground.centres()
        for pool in range(1, count + 1):
            r, c = np.nonzero(pools == pool)
            surface = z[r, c] + water[r, c]
            if np.ptp(surface) > 1e-9:  # two pools side by side on different levels
                continue
            pit = np.argmin(z[r, c])
            curve = storage_curve(ground, seed=(x[c[pit]], y[r[pit]]))
            held = float(water[r, c].sum() * CELL_M2)
            assert curve.level(held) == pytest.approx(surface[0], abs=1e-8)
            assert curve.storage(surface[0]) == pytest.approx(held, rel=1e-9, abs=1e-6)
            assert curve.area(surface[0]) == pytest.approx(len(r) * CELL_M2)
            met += 1
        assert met > 20

    def test_published_volumes_and_levels(self) -> None:
        case = json.loads((FOLDER / "fill_spill_merge_cases.json").read_text())
        one = case["depression_volume"]
        pit = Hypsometry.from_cells(
            np.array([0, one["cells"]]), np.full(5, one["total_elevation"] / one["cells"]), np.ones(one["cells"])
        )
        for sill, volume in one["volume_at_sill"].items():
            assert pit.volume_below(float(sill))[0] == volume
        for volume, level in case["water_level"]["level_of_volume"].items():
            assert pit.stage_for_volume(float(volume))[0] == pytest.approx(level, abs=1e-15)
        topo = np.array(case["hierarchy"]["topo"], dtype=float)
        found = merge_tree(topo)
        order = {73.0: "1", 2.0: "2", 111.0: "3"}
        assert Counter(found.volume.tolist()) == Counter(map(float, case["hierarchy"]["volumes"].values()))
        for k in range(3):
            above = int(found.parent[k])
            expected = case["hierarchy"]["parents"][order[found.volume[k]]]
            assert expected == (int(order[found.volume[above - 1]]) if above else 0)
        full = case["all_filled"]
        for neighbours in (4, 8):
            ground = np.array(full["topo"], dtype=float)
            assert merge_tree(ground, neighbours=neighbours).filled(ground).tolist() == full["filled"]

    @pytest.mark.parametrize("name", ["backfill", "fill"])
    def test_published_depths(self, name: str) -> None:
        case = json.loads((FOLDER / "fill_spill_merge_cases.json").read_text())[name]
        topo = np.array(case["topo"], dtype=float)
        row, col = case["seed"]
        curve = storage_curve(Grid(topo, 0.0, 10.0, 1.0, 1.0), seed=(col + 0.5, 9.5 - row))
        for part in case.get("cases", [case]):
            depth = part["depth_of_cells"]
            held = sum(depth.values())
            levels = {topo[tuple(map(int, at.split()))] + d for at, d in depth.items()}
            assert len(levels) == 1
            level = levels.pop()
            assert level == part.get("level", level)
            assert held == part.get("volume", held)
            assert curve.storage(level) == held
            assert curve.level(held) == pytest.approx(level, abs=1e-15)
            assert curve.area(level) == sum(d > 0 for d in depth.values())


def _parts(nodes: dict[int, dict[str, str]], label: int) -> list[int]:
    return [int(nodes[label][side]) for side in ("lchild", "rchild") if int(nodes[label][side]) != NONE]


def _pit(nodes: dict[int, dict[str, str]], label: int) -> float:
    """Lowest ground of a hollow and of those within it: richdem keeps it of the innermost only."""
    parts = _parts(nodes, label)
    return min(_pit(nodes, p) for p in parts) if parts else float(nodes[label]["pit_elev"])


def said_by_grass() -> dict[str, dict[str, float]]:
    """Heading → the numbers below it."""
    out: dict[str, dict[str, float]] = {}
    lake = head = ""
    for line in (FOLDER / "grass.txt").read_text().splitlines():
        if line.startswith("## "):
            head = line[3:]
            lake = head if head.startswith("r.lake") else lake
            head = head if head.startswith(("r.lake", "cut", "fill")) else f"{lake} {head}"
            out[head] = {}
        elif found := re.match(r"(?:Lake )?(n|sum|area|volume)[= ]([-\d.e+]+)\b", line):
            out[head][found[1]] = float(found[2])
        elif found := re.match(r"1 ([\d.]+)$", line):
            out[head]["area"] = float(found[1])
        elif found := re.search(r"Total Volume = +([\d.]+)", line):
            out[head]["volume"] = float(found[1])
    return out


class TestGrass:
    """r.lake, r.volume, r.stats and r.univar. A lake's depths, and the stage it floods to, are in single precision there."""

    SAID = said_by_grass()

    @pytest.mark.parametrize("stage", [26.5, 28.5, 29.74, 30.2, 30.6, 31.0, 33.0])
    def test_lakes_at_stages(self, stage: float) -> None:
        ground = grid_of("ground.tif")
        curve = storage_curve(ground, seed=SEED)
        lake = self.SAID[f"r.lake ground {stage}"]
        held = self.SAID[f"r.lake ground {stage} r.univar"]
        single = float(np.float32(stage))
        assert curve.area(single) == lake["area"] == self.SAID[f"r.lake ground {stage} r.stats"]["area"]
        assert curve.area(single) == held["n"] * CELL_M2
        wet = curve.area(single)
        assert curve.storage(single) == pytest.approx(lake["volume"], abs=1e-6 + wet * 2e-6)
        assert curve.storage(single) == pytest.approx(held["sum"] * CELL_M2, abs=wet * 2e-6)
        assert curve.storage(single) == pytest.approx(self.SAID[f"r.lake ground {stage} r.volume"]["volume"], abs=0.3)

    @pytest.mark.parametrize("stage", [29.74, 30.2, 30.6])
    def test_lakes_full_to_where_they_spill_are_hollows_of_the_tree(self, stage: float) -> None:
        z, frame = read("ground.tif")
        tree = merge_tree(z)
        cell = int((frame.north - SEED[1]) // 4) * frame.cols + int((SEED[0] - frame.west) // 5)
        at, held = int(tree.label.ravel()[cell]), []
        while at:
            if tree.spill_level[at - 1] == np.float32(stage):
                held.append(at - 1)
            at = int(tree.parent[at - 1])
        assert len(held) == 1
        lake = self.SAID[f"r.lake ground {stage}"]
        assert tree.cells[held[0]] * CELL_M2 == lake["area"]
        assert tree.volume[held[0]] * CELL_M2 == pytest.approx(lake["volume"], abs=2e-6 * lake["area"])

    @pytest.mark.parametrize("stage", [26.5, 28.5, 29.74, 30.2, 30.6, 31.0, 33.0])
    def test_the_bathtub_at_stages(self, stage: float) -> None:
        tub = self.SAID[f"r.lake ground {stage} bathtub"]
        curve = storage_curve(FOLDER / "ground.tif")
        assert curve.area(stage) == tub["n"] * CELL_M2
        assert curve.storage(stage) == pytest.approx(tub["sum"] * CELL_M2, rel=1e-12)
        assert tub["sum"] * CELL_M2 >= self.SAID[f"r.lake ground {stage}"]["volume"] - 0.3  # bathtub ≥ connected

    @pytest.mark.parametrize("level", [30.0, 31.25])
    def test_cut_and_fill_to_a_level(self, level: float) -> None:
        z, _ = read("ground.tif")
        whole = Hypsometry.from_cells(np.array([0, z.size]), z.ravel().astype(float), np.full(z.size, CELL_M2))
        cut, fill = cut_fill(whole, level)
        assert cut[0] == pytest.approx(self.SAID[f"cut {level}"]["sum"] * CELL_M2, rel=1e-12)
        assert fill[0] == pytest.approx(self.SAID[f"fill {level}"]["sum"] * CELL_M2, rel=1e-12)
