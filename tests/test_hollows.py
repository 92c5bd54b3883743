"""The merge tree kept beside its terrain."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from planner.errors import InvalidInput
from planner.water import hollows as home
from planner.water.hollows import hollow_table, hollows


def write(path: Path, values: np.ndarray) -> Path:
    size = {"width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": "float32", "crs": "EPSG:4527"}
    with rasterio.open(path, "w", driver="GTiff", transform=Affine(2, 0, 39_500_000, 0, -2, 3_757_000), **size) as out:
        out.write(values.astype(np.float32), 1)
    return path


def bowl() -> np.ndarray:
    z = np.full((9, 9), 9.0)
    z[2:7, 2:7] = 5.0
    z[3, 3], z[5, 5] = 1.0, 2.0
    return z


def test_a_tree_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    first = hollows(path)
    kept = tmp_path / "dem.tif.hollows.npz"
    assert kept.exists()
    monkeypatch.setattr(home, "merge_tree", lambda *_, **__: pytest.fail("built again"))
    again = hollows(path)
    np.testing.assert_array_equal(again.volume, first.volume)
    np.testing.assert_array_equal(again.label, first.label)


def test_another_terrain_or_a_spoilt_file_is_not_used(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    before = hollows(path).volume.tolist()
    kept = tmp_path / "dem.tif.hollows.npz"
    assert hollows(path, neighbours=4).neighbours == 4
    write(path, bowl() * 2)
    assert hollows(path).volume.tolist() == [2 * v for v in before]
    kept.write_bytes(kept.read_bytes()[:200])
    assert hollows(path).volume.tolist() == [2 * v for v in before]
    kept.write_text("not an archive")
    assert hollows(path).volume.tolist() == [2 * v for v in before]
    elsewhere = tmp_path / "none" / "tree.npz"
    assert hollows(path, keep=elsewhere).volume.tolist() == [2 * v for v in before]


def test_the_table_and_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    table = hollow_table(hollows(path), cell_area=4.0)
    assert table["volume_m3"].tolist() == [(23 * 4 + 8 + 7) * 4.0, 16.0, 12.0]
    assert table["depth_m"].tolist() == [8.0, 4.0, 3.0]
    assert table["parent"].tolist() == [0, 3, 3]
    assert table["area_m2"].tolist() == [100.0, 4.0, 4.0]
    assert len(hollow_table(hollows(path), cell_area=4.0, min_volume_m3=13.0)) == 2
    assert len(hollow_table(hollows(path), cell_area=4.0, min_depth_m=5.0)) == 1
    with pytest.raises(InvalidInput, match="4 or 8"):
        hollows(path, neighbours=3)
    monkeypatch.setattr(home, "IN_MEMORY_CELLS", 10)
    with pytest.raises(InvalidInput, match="do not fit in memory"):
        hollows(path)
