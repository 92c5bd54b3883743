"""A saved plan survives whatever kills the process, fills the disk or runs twice at once, and comes out the same each time."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
from test_export import stand_in

from planner import export
from planner.errors import PlannerError

SAVER = textwrap.dedent("""
    import sys
    sys.path.insert(0, sys.argv[2])
    from test_export import stand_in
    from planner import export
    from planner.errors import PlannerError
    plan = stand_in("new")
    print("go", flush=True)
    while True:
        try:
            export.save(plan, sys.argv[1], overwrite=True)
            print("saved", flush=True)
        except PlannerError:
            pass
""")


def whole(folder: Path) -> str:
    """The reason in every unit of a plan, after opening every file of it."""
    units = gpd.read_file(folder / "plan.gpkg", layer="units")
    assert len(units) == 4
    assert export.is_plan(folder)
    assert (folder / "tables.xlsx").read_bytes()[:2] == b"PK"
    (reason,) = set(units["reason"])
    return str(reason)


@pytest.mark.parametrize("delay_ms", [5, 60, 150, 260, 400, 650])
def test_a_killed_save_leaves_a_whole_plan_and_the_next_one_cleans_up(tmp_path: Path, delay_ms: int) -> None:
    folder = tmp_path / "out"
    export.save(stand_in("old"), folder)
    run = [sys.executable, "-c", SAVER, str(folder), str(Path(__file__).parent)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(delay_ms / 1000)
        os.kill(process.pid, signal.SIGKILL)
    assert whole(folder) in ("old", "new")
    export.save(stand_in("next"), folder, overwrite=True)
    assert whole(folder) == "next"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_two_saves_at_once_leave_one_whole_plan_and_a_clear_message(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run = [sys.executable, "-c", SAVER, str(folder), str(Path(__file__).parent)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == [b"go\n", b"saved\n"]
        refused = 0
        for _ in range(40):
            try:
                export.save(stand_in("mine"), folder, overwrite=True)
            except PlannerError as error:
                assert f"another run (process {process.pid}) is writing it" in str(error)
                refused += 1
                if refused >= 3:
                    break
        process.kill()
    assert refused >= 1
    assert whole(folder) in ("mine", "new")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB, where the machine lets us make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.name == "nt" or os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("this machine mounts no small file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def test_a_full_disk_leaves_the_old_plan_and_says_so_in_a_line(small_disk: Path) -> None:
    folder = small_disk / "out"
    export.save(stand_in("old"), folder)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(max(shutil.disk_usage(small_disk).free - 60_000, 0)))
    with pytest.raises(PlannerError, match=r"disk is full|could not be written") as caught:
        export.save(stand_in("new"), folder, overwrite=True)
    assert "\n" not in str(caught.value)
    assert whole(folder) == "old"
    assert sorted(p.name for p in small_disk.iterdir()) == ["filler", "out"]
    filler.unlink()
    export.save(stand_in("new"), folder, overwrite=True)
    assert whole(folder) == "new"


def test_a_full_disk_leaves_an_old_file(small_disk: Path) -> None:
    path = export.export_as(stand_in("old").units, small_disk / "u.kml")
    before = path.read_bytes()
    (small_disk / "filler").write_bytes(bytes(max(shutil.disk_usage(small_disk).free - 8_192, 0)))
    with pytest.raises(PlannerError, match="disk is full"):
        export.export_as(stand_in("x" * 30_000).units, path, overwrite=True)
    assert path.read_bytes() == before


def test_a_read_only_folder_is_one_line(tmp_path: Path) -> None:
    if os.name == "nt" or os.geteuid() == 0:
        place = Path("/proc/plan")  # root may write everywhere else
        if not Path("/proc").is_dir():
            pytest.skip("no place that root may not write")
    else:
        place = tmp_path / "closed" / "out"
        place.parent.mkdir(mode=0o500)
    with pytest.raises(PlannerError) as caught:
        export.save(stand_in(), place)
    assert "\n" not in str(caught.value)
