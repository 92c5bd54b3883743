"""Killed, or refused by a full disk, at every step of writing, each verb leaves the old whole or the new whole.

In a child of this process, steps are the audited calls of the interpreter (open, rename, remove, mkdir …); inside GDAL and
SQLite, a limit on a file's size stands for the disk that fills.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from dirty.case import frame

from planner import export, files
from planner.errors import PlannerError
from planner.export import export_as, write_cog
from planner.site import Grid

sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
from test_export import stand_in

STEPS = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.truncate",
    "os.link",
    "os.symlink",
    "shutil.rmtree",
}
MOST = 14  # steps that are tried of each verb, evenly among all there are

REPORTS: list[Any] = []
Writer = Callable[[Path, str], object]


def layer(suffix: str) -> Writer:
    return lambda place, mark: export_as(frame(name=[mark, mark]), place / f"u{suffix}", overwrite=True)


def grid(place: Path, mark: str) -> None:
    values = np.full((300, 300), float(len(mark))) + np.random.default_rng(1).random((300, 300))
    write_cog(Grid(values, 39_500_000.0, 3_760_000.0, 1.0, 1.0), frame().crs, place / "g.tif", name="depth", overwrite=True)


def filled(place: Path, mark: str) -> None:
    from planner.water import fill

    values = np.full((64, 64), float(len(mark)))
    fill(Grid(values, 39_500_000.0, 3_760_000.0, 1.0, 1.0), place / "f.tif", overwrite=True)


def faults(place: Path, mark: str) -> None:
    from planner.read import check

    if not REPORTS:  # read once: it is the writing that is broken off
        frame().to_file(place.parent / "faults-of.gpkg")
        REPORTS.append(check(place.parent / "faults-of.gpkg"))
    REPORTS[0].write_faults(place / "faults.gpkg", overwrite=True)
    del mark


def plan(place: Path, mark: str) -> None:
    export.save(stand_in(mark), place / "plan", overwrite=True)


def page(place: Path, mark: str) -> None:
    files.write_whole(place / "map.html", mark * 1000)


WRITERS: dict[str, Writer] = {
    "page": page,
    "plan": plan,
    "filled terrain": filled,
    "water grid": grid,
    "faults": faults,
    **{suffix: layer(suffix) for suffix in (".shp", ".zip", ".geojson", ".kml", ".fgb", ".dxf", ".parquet")},
}


def state(place: Path) -> dict[str, str]:
    """What a reader would meet: of every file that is no leftover, what it holds."""
    found = {}
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place)
        if path.is_dir() or any(part.startswith(".") for part in inner.parts):
            continue
        found[inner.as_posix()] = _told(path)
    return found


def _told(path: Path) -> str:
    if path.name == "site.toml":
        return "there"  # its paths lead from where it stands
    if path.suffix in (".shp", ".geojson", ".fgb", ".kml", ".dxf"):
        rows = gpd.read_file(path)
        return rows.drop(columns="geometry").to_csv() + str(rows.geometry.to_wkb().map(bytes.hex).tolist())
    if path.suffix == ".tif":
        with rasterio.open(path) as file:
            return str([file.checksum(k) for k in file.indexes])
    if path.suffix == ".gpkg":
        return str([(name, len(gpd.read_file(path, layer=name))) for name in gpd.list_layers(path)["name"]])
    return str(hash(path.read_bytes()))


def in_child(work: Callable[[], None]) -> int:
    """Runs something in a copy of this process; 0 done, 1 refused, 9 killed, 70 something else."""
    child = os.fork()
    if child:
        _, told = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(told)
    code = 70
    try:
        work()
        code = 0
    except PlannerError:
        code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def steps_of(writer: Writer, place: Path) -> int:
    """How many steps writing takes, counted in a child."""
    told = place.parent / "steps"

    def count() -> None:
        taken = [0]
        sys.addaudithook(lambda event, _: taken.__setitem__(0, taken[0] + (event in STEPS)))
        writer(place, "new")
        taken_in_all = taken[0]
        told.write_text(str(taken_in_all))

    assert in_child(count) == 0
    return int(told.read_text())


@pytest.mark.parametrize("how", ["killed", "refused"])
@pytest.mark.parametrize("name", WRITERS)
def test_old_or_new_whole_at_every_step(name: str, how: str, tmp_path: Path) -> None:
    writer, place = WRITERS[name], tmp_path / "place"
    place.mkdir()
    writer(place, "old")
    old = state(place)
    shutil.copytree(place, tmp_path / "other")
    steps = steps_of(writer, tmp_path / "other")
    writer(tmp_path / "other", "new")
    new = state(tmp_path / "other")
    assert steps > 3
    for at in sorted({int(k) for k in np.linspace(1, steps, min(steps, MOST))}):
        target = tmp_path / f"try{at}"
        shutil.copytree(place, target / "place")

        def work(at: int = at, target: Path = target / "place") -> None:
            taken = [0]

            def hook(event: str, arguments: tuple[object, ...]) -> None:
                if event in STEPS:
                    taken[0] += 1
                    if taken[0] == at:
                        if how == "killed":
                            os._exit(9)
                        raise OSError(errno.ENOSPC, "No space left on device")

            sys.addaudithook(hook)
            writer(target, "new")

        code = in_child(work)
        assert code in ((9,) if how == "killed" else (0, 1)), (at, code)
        assert state(target / "place") in (old, new), f"{name} torn at step {at} of {steps}"
        writer(target / "place", "new")
        assert state(target / "place") == new
        left = [p.name for p in (target / "place").iterdir() if p.name.startswith(".")]
        assert not left, f"{name}: left by step {at}: {left}"
        shutil.rmtree(target)


@pytest.mark.parametrize("name", WRITERS)
def test_old_or_new_whole_on_a_disk_that_fills(name: str, tmp_path: Path) -> None:
    writer, place = WRITERS[name], tmp_path / "place"
    place.mkdir()
    writer(place, "old")
    old = state(place)
    shutil.copytree(place, tmp_path / "other")
    writer(tmp_path / "other", "new")
    new = state(tmp_path / "other")
    largest = max(p.stat().st_size for p in (tmp_path / "other").rglob("*") if p.is_file())
    refused = 0
    for limit in sorted({0, 1, 100, *(int(v) for v in np.linspace(200, largest, 8)), largest - 1}):

        def work(limit: int = limit) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            writer(place, "new")

        code = in_child(work)
        assert code in (0, 1), (limit, code)
        refused += code == 1
        found = state(place)
        assert found in (old, new), f"{name} torn at {limit} bytes"
        assert (found == new) == (code == 0) or old == new, f"{name} said {code} at {limit} bytes"
        if found == new and old != new:
            shutil.rmtree(place)
            place.mkdir()
            writer(place, "old")
    assert refused
