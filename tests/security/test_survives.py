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
from pathlib import Path

import numpy as np
import pytest

from security.writers import WRITERS, Writer, in_child, state

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
