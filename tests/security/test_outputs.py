"""What is written is a plain new file or a plain folder: never a device, a pipe, a link, an input, a part of a plan."""

import errno
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
from dirty.case import frame
from rasterio.transform import Affine

from planner import files, locks, proofs
from planner.errors import OutputExists, PlannerError
from planner.export import export_as
from planner.read.readback import Blocks, check_layer, check_raster


def ours(folder: Path) -> bool:
    return (folder / "mark").exists()


def owned(name: str) -> bool:
    return name in {"mark", "a", "b"}


def put(folder: Path, text: str) -> None:
    with files.whole_folder(folder, overwrite=True, is_ours=ours, owned=owned) as work:
        for name in ("a", "b", "mark"):
            (work / name).write_text(text)


def content(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("a", "b", "mark")}


# --- where nothing is written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/dev/null", "/dev/stdout", "/proc/self/mem"])
def test_devices_are_left_alone(place: str) -> None:
    if not os.path.lexists(place):
        place = os.devnull
    before = os.lstat(place).st_mode
    with pytest.raises((OutputExists, PlannerError)):
        files.write_whole(place, "x")
    assert os.lstat(place).st_mode == before


def test_a_pipe_a_folder_and_a_link_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    for name, why in (("pipe", "a device or a pipe"), ("folder", "a folder"), ("link", "a link"), ("nowhere", "a link")):
        with pytest.raises(OutputExists, match=why):
            files.write_whole(tmp_path / name, "x")
    assert stat.S_ISFIFO(os.lstat(tmp_path / "pipe").st_mode)
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "missing").exists()


def test_inputs_are_left_alone_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "in.gpkg").write_text("data")
    os.link(tmp_path / "in.gpkg", tmp_path / "same.gpkg")
    for name in ("in.gpkg", "same.gpkg"):
        with pytest.raises(OutputExists, match="is read here"):
            files.write_whole(tmp_path / name, "x", inputs=[tmp_path / "in.gpkg"])
    assert (tmp_path / "in.gpkg").read_text() == "data"


def test_a_part_of_a_plan_is_left_alone_and_its_pages_are_not(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"schema": "planner.summary/1"}')
    for name in files.PLAN_DATA:
        with pytest.raises(OutputExists, match="a plan is loaded from this file"):
            files.write_whole(tmp_path / name, "x")
    files.write_whole(tmp_path / "map.html", "page")
    assert (tmp_path / "summary.json").read_text() == '{"schema": "planner.summary/1"}'


def test_faults_never_replace_what_was_read(tmp_path: Path) -> None:
    from planner.read import check

    frame().to_file(tmp_path / "a.gpkg")
    before = (tmp_path / "a.gpkg").read_bytes()
    with pytest.raises(OutputExists, match="is read here"):
        check(tmp_path / "a.gpkg").write_faults(tmp_path / "a.gpkg", overwrite=True)
    assert (tmp_path / "a.gpkg").read_bytes() == before


# --- locks -----------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_a_link_empties_nothing(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / ".report.html.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(PlannerError, match="stands where the lock is kept"):
        files.write_whole(tmp_path / "report.html", "x")
    assert (tmp_path / "victim").read_text() == "mine"
    (tmp_path / ".report.html.lock").unlink()
    os.link(tmp_path / "victim", tmp_path / ".report.html.lock")
    with pytest.raises(PlannerError, match="stands where the lock is kept"):
        files.write_whole(tmp_path / "report.html", "x")
    assert (tmp_path / "victim").read_text() == "mine"
    (tmp_path / ".report.html.lock").unlink()
    os.mkfifo(tmp_path / ".report.html.lock")
    with pytest.raises(PlannerError, match="stands where the lock is kept"):
        files.write_whole(tmp_path / "report.html", "x")


def test_where_locks_are_not_kept_a_file_stands_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    put(tmp_path / "out", "1")
    assert content(tmp_path / "out") == {"1"}
    lock = tmp_path / ".out.lock"
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lock.write_text(f"{running.pid}@{socket.gethostname()}")
    with pytest.raises(PlannerError, match="another run"):
        put(tmp_path / "out", "2")
    running.communicate(b"\n")
    put(tmp_path / "out", "3")  # of a process that is no more
    assert content(tmp_path / "out") == {"3"}
    lock.write_text("12@another-machine")
    with pytest.raises(PlannerError, match="another run"):
        put(tmp_path / "out", "4")


# --- leftovers and folders that stay --------------------------------------------------------------------------------


def test_what_any_killed_run_left_is_cleaned_by_the_next(tmp_path: Path) -> None:
    for name in (".x.html.partial-abcd1234", ".gone.old-abcd1234"):
        (tmp_path / name).mkdir()
    (tmp_path / ".gone.old-abcd1234" / "gone").mkdir()
    (tmp_path / ".gone.old-abcd1234" / "gone" / "mark").write_text("plan")
    (tmp_path / ".busy.partial-abcd1234").mkdir()
    for name in (".x.html.partial-abcd1234", ".gone.old-abcd1234", ".busy.partial-abcd1234"):
        os.utime(tmp_path / name, (1, 1))
    with files.locked(tmp_path / "busy"):
        files.write_whole(tmp_path / "other.txt", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".busy.partial-abcd1234", "gone", "other.txt"]
    assert (tmp_path / "gone" / "mark").read_text() == "plan"


@pytest.fixture
def staying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that cannot change places with another: a mount where one may be made, else told to be one."""
    place = tmp_path / "out"
    place.mkdir()
    mounted = shutil.which("mount") is not None and os.name != "nt" and os.geteuid() == 0
    mounted = mounted and subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True).returncode == 0
    if not mounted:
        monkeypatch.setattr(files, "_stays", lambda target: target == place)
    try:
        yield place
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True, capture_output=True)


def test_a_mount_point_is_written_and_overwritten(staying: Path) -> None:
    put(staying, "1")
    (staying / "notes").write_text("mine")
    put(staying, "2")
    assert content(staying) == {"2"}
    assert sorted(p.name for p in staying.iterdir()) == ["a", "b", "mark", "notes"]


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_killed_while_moving_in_the_next_reader_or_writer_carries_on(
    staying: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    put(staying, "1")
    original, count = Path.replace, [0]

    def killed(self: Path, target: Path) -> Path:
        if ".ready-" in str(self):
            count[0] += 1
            if count[0] > moved:
                raise KeyboardInterrupt
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            put(staying, "2")
    files.settle(staying)
    assert content(staying) == {"2"}
    assert sorted(p.name for p in staying.iterdir()) == ["a", "b", "mark"]


# --- loose shapefiles ------------------------------------------------------------------------------------------------


def test_a_loose_shapefile_is_replaced_only_where_it_lies_alone(tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "u.shp"
    export_as(frame(), alone)
    export_as(frame(name=["甲", "乙"]), alone, overwrite=True)
    assert "name" in gpd.read_file(alone).columns
    assert sorted(p.suffix for p in alone.parent.iterdir()) == [".cpg", ".dbf", ".prj", ".shp", ".shx"]
    export_as(frame(), tmp_path / "u.shp")
    before = {p: p.read_bytes() for p in tmp_path.glob("u.*")}
    with pytest.raises(OutputExists, match="cannot be replaced at once"):
        export_as(frame(name=["甲", "乙"]), tmp_path / "u.shp", overwrite=True)
    assert {p: p.read_bytes() for p in tmp_path.glob("u.*")} == before


@pytest.mark.parametrize("moved", range(5))
def test_a_loose_shapefile_killed_half_way_is_none_and_is_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    original, count = Path.replace, [0]

    def killed(self: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] > moved:
            os._exit(9)
        return original(self, target)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Path, "replace", killed)
        export_as(frame(), tmp_path / "u.shp")
        os._exit(0)
    os.waitpid(child, 0)
    assert not (tmp_path / "u.shp").exists()
    export_as(frame(name=["甲", "乙"]), tmp_path / "u.shp")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["u.cpg", "u.dbf", "u.prj", "u.shp", "u.shx"]
    assert list(gpd.read_file(tmp_path / "u.shp")["name"]) == ["甲", "乙"]


# --- read back -------------------------------------------------------------------------------------------------------


def raster(path: Path, cells: np.ndarray) -> None:
    profile = {"driver": "GTiff", "height": cells.shape[0], "width": cells.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=4527, transform=Affine(1, 0, 0, 0, -1, 0), compress="deflate") as file:
        file.write(cells, 1)


def test_a_raster_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    cells = np.arange(10_000, dtype="float32").reshape(100, 100)
    path = tmp_path / "a.tif"
    raster(path, cells)
    check_raster(path, cells[None])
    with pytest.raises(PlannerError, match="cannot be read back"):
        check_raster(path, cells[None] + 1)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2] + bytes(len(raw) - len(raw) // 2))
    with pytest.raises(PlannerError, match="cannot be read back"):
        check_raster(path, cells[None])
    path.write_bytes(b"")
    with pytest.raises(PlannerError, match="cannot be read back"):
        Blocks().check(path)


def test_a_layer_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    rows = frame()
    rows.to_file(tmp_path / "a.gpkg")
    check_layer(tmp_path / "a.gpkg", rows, layer="a")
    for other in (rows.iloc[:1], rows.assign(深度=[2.0, 4.0]), rows.assign(名称=["x", "y"]), rows.translate(1.0)):
        wanted = other if isinstance(other, gpd.GeoDataFrame) else rows.set_geometry(other)
        with pytest.raises(PlannerError, match="cannot be read back"):
            check_layer(tmp_path / "a.gpkg", wanted, layer="a")


def test_an_empty_layer_that_lost_its_shapes_is_refused(tmp_path: Path) -> None:
    rows = frame().iloc[:0]
    rows.to_file(tmp_path / "a.gpkg", geometry_type="Polygon")
    check_layer(tmp_path / "a.gpkg", rows, layer="a")
    pyogrio.write_dataframe(rows.drop(columns="geometry"), tmp_path / "b.gpkg", layer="a")  # as a full disk left it once
    with pytest.raises(PlannerError, match="cannot be read back"):
        check_layer(tmp_path / "b.gpkg", rows, layer="a")


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE gpkg_ogr_contents SET feature_count = 3",
        'DELETE FROM "rtree_a_geom" WHERE id = 1',
    ],
)
def test_a_geopackage_whose_counts_or_index_are_wrong_is_refused(tmp_path: Path, spoil: str) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    proofs.check_written(tmp_path / "a.gpkg", tmp_path)
    with sqlite3.connect(tmp_path / "a.gpkg") as base:
        base.execute(spoil)
    with pytest.raises(PlannerError, match="cannot be read back"):
        proofs.check_written(tmp_path / "a.gpkg", tmp_path)


def test_archives_and_figures_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("sheet", "x" * 1000)
    raw = bytearray((tmp_path / "a.xlsx").read_bytes())
    raw[100] ^= 1
    (tmp_path / "a.xlsx").write_bytes(raw)
    (tmp_path / "s.json").write_text('{"schema": ')
    for name in ("a.xlsx", "s.json"):
        with pytest.raises(PlannerError, match="cannot be read back"):
            files.write_whole(tmp_path / f"new-{name}", (tmp_path / name).read_bytes())
        assert not (tmp_path / f"new-{name}").exists()


def test_the_lock_tells_who_holds_it(tmp_path: Path) -> None:
    with (
        locks.locked(tmp_path / "x"),
        pytest.raises(PlannerError, match=rf"process {os.getpid()}"),
        locks.locked(tmp_path / "x"),
    ):
        pass
