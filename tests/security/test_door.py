"""Nothing a site's files hold makes the program write, read outside their folder or call out; each ends in a short refusal."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from dirty.case import frame, site

from planner.errors import InvalidInput, PlannerError
from planner.read import read_site
from planner.read.rasters import raster_info, read_raster
from planner.read.tiled import open_tiled
from security.canary import canary
from security.hostile import RASTERS, VECTORS, dem


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder beside the site's, with things that are none of its business."""
    place = tmp_path / "away"
    place.mkdir()
    frame().to_file(place / "secret.geojson")
    (place / "victim").write_text("GB18030")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


@pytest.mark.parametrize("name", VECTORS)
def test_a_hostile_vector_file_does_nothing(name: str, place: Path, away: Path) -> None:
    with canary() as bird:
        path = VECTORS[name](place, away, bird.url)
        before = contents(away)
        with pytest.raises(InvalidInput) as caught:
            read_site(path)
    assert bird.calls == 0
    assert contents(away) == before
    assert str(caught.value).count("\n") <= 1
    assert "secret" not in str(caught.value) or name.startswith("table")


@pytest.mark.parametrize("name", RASTERS)
def test_a_hostile_raster_does_nothing(name: str, place: Path, away: Path) -> None:
    with canary() as bird:
        frame().to_file(place / "a.gpkg")
        path = RASTERS[name](place, away, bird.url)
        before = contents(away)
        site(place, f'[layers]\npolygons = "a.gpkg"\nterrain = "{path.name}"\n')
        with pytest.raises(InvalidInput) as caught:
            read_site(place)
        assert str(caught.value).count("\n") <= 1
        for read in (raster_info, read_raster, open_tiled):  # as `storage` and `hollows` open it, without a site
            try:
                read(path)
            except PlannerError as error:
                assert str(error).count("\n") <= 1
    assert bird.calls == 0
    assert contents(away) == before


def test_what_is_honest_beside_a_raster_still_counts(place: Path) -> None:
    dem(place / "dem.tif")
    known = np.full((60, 60), 255, dtype="uint8")
    known[:3] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="NO"), rasterio.open(place / "dem.tif", "r+") as file:
        file.write_mask(known)
    assert (place / "dem.tif.msk").exists()
    grid = read_raster(place / "dem.tif").grid
    assert np.isnan(grid.values[:3]).all()
    assert np.isfinite(grid.values[3:]).all()


def test_a_raster_in_an_archive_that_a_person_names_is_read(place: Path) -> None:
    import zipfile

    dem(place / "dem.tif")
    with zipfile.ZipFile(place / "dem.zip", "w") as archive:
        archive.write(place / "dem.tif", "dem.tif")
    assert raster_info(f"/vsizip/{place}/dem.zip/dem.tif").rows == 60
    with pytest.raises(InvalidInput, match="only files on this machine"):
        raster_info("/vsicurl/http://127.0.0.1:9/dem.tif")


def test_nobody_opens_files_beside_the_door() -> None:
    """Reading by GDAL stands in the door and in what reads back what was written; elsewhere files are only made."""
    import ast

    import planner

    root = Path(planner.__file__).parent
    readers = {"read_dataframe", "read_info", "list_layers", "read_arrow", "read_bounds", "read_file", "DatasetReader"}
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).as_posix() in ("read/door.py", "read/readback.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            assert node.func.attr not in readers, f"{path.name}:{node.lineno} reads by GDAL itself; use planner.read.door"
            if node.func.attr == "open" and getattr(node.func.value, "id", "") == "rasterio":
                mode = node.args[1] if len(node.args) > 1 else None
                assert isinstance(mode, ast.Constant), f"{path.name}:{node.lineno} opens a raster itself; use planner.read.door"
                assert mode.value != "r", f"{path.name}:{node.lineno} opens a raster itself; use planner.read.door"
