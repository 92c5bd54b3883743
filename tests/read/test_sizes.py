"""How large planning units are, and how many, is known before a long run; and how far apart earth is balanced."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from planner.partition import partition
from planner.read import read_site
from planner.site import CELLS_A_UNIT, MANY_UNITS, largest_unit_mu
from planner.units import M2_PER_MU

X0, Y0 = 39_500_000.0, 3_760_000.0


def site(folder: Path, cell: float, *, side: float = 1_500.0, count: int = 1, step: float = 0.0) -> Path:
    cells = int((side * 1 + step * (count - 1)) / cell) + 12
    z = 30 + np.random.default_rng(1).normal(0, 0.3, (int(side / cell) + 12, cells))
    place = from_origin(X0 - 5 * cell, Y0 + side + 5 * cell, cell, cell)
    kind: dict[str, Any] = {
        "dtype": "float32",
        "crs": "EPSG:4527",
        "transform": place,
        "height": z.shape[0],
        "width": z.shape[1],
    }
    with rasterio.open(folder / "dem.tif", "w", driver="GTiff", count=1, **kind) as f:
        f.write(z.astype(np.float32), 1)
    shapes = [shapely.box(X0 + i * step, Y0, X0 + i * step + side, Y0 + side) for i in range(count)]
    gpd.GeoDataFrame({"depth": [2.0] * count}, geometry=shapes, crs=4527).to_file(folder / "p.gpkg")
    text = '[layers]\npolygons = "p.gpkg"\nterrain = "dem.tif"\nwater_table = 29.0\n'
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("cell", "mu"), [(10.0, 9.0), (30.0, 9.0), (50.0, 15.0), (90.0, 49.0)])
def test_units_follow_the_cells(cell: float, mu: float, tmp_path: Path) -> None:
    found = read_site(site(tmp_path, cell))
    assert largest_unit_mu(found.scenario, found.terrain, 1.0) == mu
    assert any("planning units of up to" in str(w) for w in found.warnings) is (mu > 9)
    units = partition(found).units
    assert units.geometry.area.max() <= mu * M2_PER_MU * (1 + 1e-9)
    if mu > 9:
        assert mu * M2_PER_MU >= CELLS_A_UNIT * cell**2


def test_a_size_that_is_given_counts_and_is_told_where_it_is_too_fine(tmp_path: Path) -> None:
    found = read_site(site(tmp_path, 90.0), sets={"partition.max_unit_mu": 9.0})
    assert largest_unit_mu(found.scenario, found.terrain, 1.0) == 9.0
    assert any("smaller than the terrain's cells of 90 m" in str(w) for w in found.warnings)


def test_units_follow_the_site(tmp_path: Path) -> None:
    found = read_site(site(tmp_path, 30.0))
    area = 60_000 * 9 * M2_PER_MU
    assert largest_unit_mu(found.scenario, found.terrain, area) == pytest.approx(1.4 * area / M2_PER_MU / MANY_UNITS, abs=1.0)


@pytest.mark.parametrize(("step", "told"), [(10_000.0, False), (220_000.0, True)])
def test_one_market_over_a_province_is_told(step: float, told: bool, tmp_path: Path) -> None:
    found = read_site(site(tmp_path, 300.0, count=2, step=step))
    assert any("balanced over all of it as one market" in str(w) for w in found.warnings) is told
