"""Private folders go at the end, or after a kill with the next run; those in use and those of others stay."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from planner.scratch import clean_left, scratch

HOLDS = "import tempfile; from planner.scratch import scratch\nwith scratch() as w: print(w, flush=True); input()"
HERE = Path(__file__).parents[1]


def test_gone_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch() as work:
        assert work.is_relative_to(tmp_path)
        assert not list(work.iterdir())
        (work / "a").write_text("x")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="left to the system there")
def test_what_a_killed_run_left_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(HERE)}
    runs = [
        subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        for _ in range(3)
    ]
    try:
        places = [Path(run.stdout.readline().strip()).parent for run in runs if run.stdout]
        (places[0] / "work" / "large").write_bytes(bytes(10_000))
        for run in runs[:2]:
            run.send_signal(signal.SIGKILL)
            run.wait()
        (tmp_path / "victim").mkdir()
        (tmp_path / "victim" / "held").write_text("")
        (tmp_path / "planner-aaaaaaaa").symlink_to(tmp_path / "victim")
        (tmp_path / "planner-bbbbbbbb").mkdir()  # just being made by another
        (tmp_path / "planner-cccccccc").mkdir()
        (tmp_path / "planner-cccccccc" / "held").symlink_to(tmp_path / "victim" / "held")
        assert clean_left.__wrapped__(str(tmp_path)) == 2
        left = {p.name for p in tmp_path.iterdir()}
        assert left == {places[2].name, "victim", "planner-aaaaaaaa", "planner-bbbbbbbb", "planner-cccccccc"}
    finally:
        for run in runs:
            run.kill()
            run.communicate()


def test_a_run_cleans_before_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    clean_left.cache_clear()
    (tmp_path / "planner-dddddddd").mkdir()
    (tmp_path / "planner-dddddddd" / "held").write_text("")
    with scratch():
        assert (tmp_path / "planner-dddddddd").exists() == (os.name == "nt")
    clean_left.cache_clear()
