"""Cadastres digitised twice, some nanometres to metres apart: ground counts once, no parcel is empty, nothing crashes."""

from typing import Any

import numpy as np
import pytest
import shapely

from planner.read.overlaps import GAP_M, apart
from planner.read.record import Record
from planner.read.rings import mended


def cadastre(rng: np.random.Generator, error_m: float) -> Any:
    """Some 20 parcels over 600 × 600 m at a Gauss-Krüger place, and about half of them once more: moved, thinned, grown."""
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(rng.uniform(0, 600, (rng.integers(12, 26), 2)))))
    cells = shapely.intersection(cells, shapely.box(0, 0, 600, 600))
    cells = shapely.segmentize(cells[shapely.area(cells) > 1], rng.uniform(20, 300))
    again = []
    for cell in cells[rng.random(len(cells)) < 0.6]:
        shape = rng.integers(0, 4)
        points = shapely.get_coordinates(cell)
        again.append(
            shapely.Polygon(points + rng.normal(0, error_m, points.shape))
            if shape < 2
            else shapely.simplify(cell, 10 * error_m)
            if shape == 2
            else shapely.buffer(cell, error_m * rng.choice([-1, 1]))
        )
    both = np.array([*cells, *again], dtype=object)
    digits = int(rng.choice([2, 3, 9]))
    rng.shuffle(both)
    return mended(shapely.transform(both, lambda xy: np.round(xy + np.array([39_500_000.0, 3_760_000.0]), digits)))


@pytest.mark.parametrize("error_m", [1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.3, 2.0])
def test_ground_counts_once(error_m: float) -> None:
    rng = np.random.default_rng(round(1 / error_m))
    for _ in range(8):
        shapes = cadastre(rng, error_m)
        whole = shapely.union_all(shapes).area
        record = Record()
        names = np.array([f"p{i}" for i in range(len(shapes))], dtype=object)
        cut, keep = apart(shapes, rng.permutation(len(shapes)), role="polygons", labels=names, record=record)
        found = cut[keep]
        assert not shapely.is_empty(found).any()
        assert shapely.is_valid(found).all()
        total = float(shapely.area(found).sum())
        once = 1e-3 if shapely.geos_version >= (3, 14) else 1e-2  # m²; GEOS 3.13 itself unites to 4e-3 of 0.36 km²
        assert total == pytest.approx(shapely.union_all(found).area, abs=once), "ground counts twice"
        assert total == pytest.approx(whole, rel=1e-3)
        told = sum(f.change_m2 for f in record.faults)
        assert told == pytest.approx(total - float(shapely.area(shapes).sum()), abs=1.0)


def test_what_is_narrower_than_a_gap_goes_to_its_neighbours() -> None:
    shapes = np.array(
        [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 100.02, 100), shapely.box(100.02, 0, 200, 100)], dtype=object
    )
    record = Record()
    names = np.array(["west", "strip", "east"], dtype=object)
    cut, keep = apart(shapes, np.arange(3), role="polygons", labels=names, record=record)
    assert shapely.area(cut[keep]).sum() == pytest.approx(20_000)
    assert len(record.faults) == 0 or {f.feature for f in record.faults} <= {"west", "strip", "east"}
    assert GAP_M > 0.02
