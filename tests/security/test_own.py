"""What was kept is believed only where the user's own seal is on it, and compiled code only sees what can be."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner import private
from planner.core.terrain.merge_tree import Hollows, merge_tree
from planner.site import Grid
from planner.water import hollows
from security.hostile import dem


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "planner"


def pitted(path: Path) -> Path:
    dem(path)
    import rasterio

    with rasterio.open(path, "r+") as file:
        ground = file.read(1)
        ground[10:20, 10:20] = 30.0
        file.write(ground, 1)
    return path


def test_what_the_user_kept_is_used_again(tmp_path: Path) -> None:
    path = pitted(tmp_path / "dem.tif")
    first = hollows(path)
    assert (tmp_path / "dem.tif.hollows.npz").exists()
    assert hollows(path).equals(first)


def forged(path: Path, change: Callable[[Hollows], Hollows], seal: str | None = None) -> None:
    """A cache whose key fits and whose figures are somebody else's."""
    import io

    kept = path.with_name(path.name + ".hollows.npz")
    with zipfile.ZipFile(kept) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    raw = io.BytesIO()
    change(Hollows.load(io.BytesIO(parts["hollows"]))).save(raw)
    parts["hollows"] = raw.getvalue()
    if seal is not None:
        parts["seal"] = seal.encode()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("seal", [None, "0" * 64, ""])
def test_forged_figures_are_not_believed(tmp_path: Path, seal: str | None) -> None:
    path = pitted(tmp_path / "dem.tif")
    first = hollows(path)
    forged(path, lambda h: replace(h, volume=h.volume * 1000), seal)
    assert hollows(path).equals(first)


def test_another_users_cache_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pitted(tmp_path / "dem.tif")
    first = hollows(path)
    kept = tmp_path / "dem.tif.hollows.npz"
    before = kept.read_bytes()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert hollows(path).equals(first)
    assert kept.read_bytes() != before  # kept anew, under the other's seal


@pytest.mark.parametrize(
    "change",
    [
        lambda h: replace(h, parent=h.parent + 10**9),
        lambda h: replace(h, parent=np.arange(1, len(h) + 1)),
        lambda h: replace(h, pit=h.pit - 10**9),
        lambda h: replace(h, spill=h.spill[:-1]),
        lambda h: replace(h, volume=h.volume * np.nan),
        lambda h: replace(h, cells=h.cells.astype(float)),
        lambda h: replace(h, neighbours=5),
        lambda h: replace(h, spill_level=h.pit_level - 1),
    ],
)
def test_compiled_code_never_sees_arrays_that_cannot_be(change: Callable[[Hollows], Hollows]) -> None:
    ground = np.full((9, 9), 5.0)
    ground[2:4, 2:4], ground[6, 6] = 1.0, 2.0
    found = merge_tree(ground).pruned()
    assert found.is_sound(ground.size)
    assert not change(found).is_sound(ground.size)


def test_the_secret_is_the_users_alone(home: Path) -> None:
    told = private.seal(b"x")
    assert told is not None
    assert private.is_sealed(b"x", told)
    assert not private.is_sealed(b"y", told)
    if os.name != "nt":
        assert (home / "secret").stat().st_mode & 0o077 == 0
        (home / "secret").chmod(0o644)
        assert private.seal(b"x") is None
        (home / "secret").unlink()
        (home / "secret").symlink_to("/etc/hostname")
        assert private.seal(b"x") is None
        home.chmod(0o777)
        assert private.cache_folder() is None


def test_without_a_cache_of_ones_own_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    path = pitted(tmp_path / "dem.tif")
    assert len(hollows(path)) == 1
    assert not (tmp_path / "dem.tif.hollows.npz").exists()


NO_PLACE = """
import sys, tempfile
from planner import core
core._writable = lambda folder: False
if sys.argv[1] == "nowhere":
    core.private_folder = lambda path: None
    core.cache_folder = lambda: None
    from numba.core import caching
    (getattr(caching, "_CacheImpl", None) or caching.CacheImpl)._locator_classes = []
from pathlib import Path
core.keep_compiled(Path(core.__file__).parent)
import numpy as np
import planner.core.terrain.owner
print("done")
from numba import njit, config
@njit(cache=True)
def twice(x):
    return 2 * x
print(twice(21), config.CACHE_DIR)
"""


@pytest.mark.parametrize("place", ["cache", "nowhere"])
def test_kernels_work_without_a_place_to_keep_them(tmp_path: Path, place: str) -> None:
    """As in a container: sources that cannot be written, and no home (or nothing at all) to write to."""
    script = tmp_path / "kernels.py"
    script.write_text(NO_PLACE)
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    env["PYTHONPATH"] = str(Path(private.__file__).parents[1])
    done = subprocess.run([sys.executable, str(script), place], capture_output=True, text=True, env=env, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr[-2000:]
    told = done.stdout.split()
    assert told[1] == "42"
    assert ("kernels" in told[-1]) == (place == "cache")


def test_grids_are_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hollows(Grid(np.zeros((5, 5)), 0.0, 0.0, 1.0, 1.0))
    assert not list(tmp_path.glob("*.npz"))
