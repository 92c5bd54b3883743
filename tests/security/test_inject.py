"""A few of the places at which `inject.py` breaks writing off below the interpreter: in GDAL, in SQLite, at a close."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from security.inject import broken_off, can_trace, fills_up
from security.writers import WRITERS

SOME = ("plan", "water grid", "faults", ".shp")


@pytest.mark.parametrize("name", SOME)
def test_old_or_new_whole_at_a_few_system_calls(name: str, tmp_path: Path) -> None:
    """Where nothing can be traced, test_survives.py has tried the interpreter's own calls."""
    if can_trace():
        tally = broken_off(name, WRITERS[name], tmp_path, 2, random.Random(19), most=9)
        assert tally.tried == 9
        assert not tally.torn


@pytest.mark.parametrize("name", SOME)
def test_old_or_new_whole_on_a_real_disk_that_fills(name: str, tmp_path: Path) -> None:
    """Where no disk can be mounted, test_survives.py has tried a limit on a file's size."""
    (tmp_path / "try").mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path / "try")]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        subprocess.run(["umount", str(tmp_path / "try")], check=True)
        (tmp_path / "work").mkdir()
        tally = fills_up(name, WRITERS[name], tmp_path / "work", 3)
        assert tally.tried == 3
        assert not tally.torn
