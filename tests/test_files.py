"""Whole or not at all: the old plan stands until the new one is whole, whatever dies in between."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from planner import files
from planner.errors import OutputExists, PlannerError


def ours(folder: Path) -> bool:
    return (folder / "mark").exists()


def owned(name: str) -> bool:
    return name in {"mark", "a", "b"}


def put(folder: Path, text: str, *, overwrite: bool = True) -> None:
    with files.whole_folder(folder, overwrite=overwrite, is_ours=ours, owned=owned) as work:
        for name in ("a", "b", "mark"):
            (work / name).write_text(text)


def content(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("a", "b", "mark")}


def beside(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.parent.iterdir() if p != folder)


def test_a_file_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = files.write_whole(tmp_path / "deep" / "x.txt", "一")
    assert path.read_bytes() == "一".encode()
    assert beside(path) == []


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = files.write_whole(tmp_path / "x.txt", b"old")

    def half(partial: Path) -> None:
        partial.write_bytes(b"new, hal")
        raise OSError(28, "No space left on device")

    with pytest.raises(PlannerError, match=r"the disk is full \([\d.]+ MB free\)"):
        files.write_whole(path, half)
    assert path.read_bytes() == b"old"
    assert beside(path) == []


def test_an_existing_file_is_kept_unless_overwriting_was_asked_for(tmp_path: Path) -> None:
    path = files.write_whole(tmp_path / "x.txt", b"old")
    with pytest.raises(OutputExists, match="--overwrite"):
        files.write_whole(path, b"new", overwrite=False)
    assert path.read_bytes() == b"old"


def test_a_folder_replaces_an_older_one_only_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    put(folder, "1", overwrite=False)
    with pytest.raises(OutputExists, match="holds a plan already"):
        put(folder, "2", overwrite=False)
    assert content(folder) == {"1"}
    put(folder, "2")
    assert content(folder) == {"2"}
    assert beside(folder) == []


def test_an_empty_folder_may_be_filled_and_a_foreign_one_is_never_touched(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    put(folder, "1", overwrite=False)
    assert content(folder) == {"1"}
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter1.tex").write_text("years of work")
    with pytest.raises(OutputExists, match="not a plan"):
        put(foreign, "1", overwrite=True)
    assert (foreign / "chapter1.tex").read_text() == "years of work"
    (tmp_path / "plain").write_text("file")
    with pytest.raises(OutputExists, match="is a file"):
        put(tmp_path / "plain", "1", overwrite=True)


def test_the_users_own_files_in_a_plan_folder_survive_overwriting(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    put(folder, "1")
    (folder / "notes.md").write_text("mine")
    (folder / "photos").mkdir()
    (folder / "photos" / "1.jpg").write_text("jpg")
    put(folder, "2")
    assert content(folder) == {"2"}
    assert (folder / "notes.md").read_text() == "mine"
    assert (folder / "photos" / "1.jpg").read_text() == "jpg"


def test_an_error_inside_leaves_the_old_plan(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    put(folder, "1")
    with (
        pytest.raises(ZeroDivisionError),
        files.whole_folder(folder, overwrite=True, is_ours=ours, owned=owned) as work,
    ):
        (work / "a").write_text("2")
        raise ZeroDivisionError
    assert content(folder) == {"1"}
    assert beside(folder) == []


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with (
        files.locked(folder),
        pytest.raises(PlannerError, match=rf"another run \(process {os.getpid()}\) is writing it"),
    ):
        put(folder, "1")
    put(folder, "1")
    assert content(folder) == {"1"}


def test_without_an_atomic_exchange_the_two_renames_still_keep_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    folder = tmp_path / "out"
    put(folder, "1")
    put(folder, "2")
    assert content(folder) == {"2"}
    assert beside(folder) == []


def test_a_run_killed_between_the_two_renames_is_mended_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    put(folder, "1")
    old = tmp_path / ".out.old-x"
    old.mkdir()
    folder.rename(old / "out")
    (tmp_path / ".out.partial-y").mkdir()
    with pytest.raises(OutputExists, match="holds a plan already"):
        put(folder, "2", overwrite=False)
    assert content(folder) == {"1"}
    assert beside(folder) == []


def test_names_with_wildcards_clean_only_their_own_leftovers(tmp_path: Path) -> None:
    (tmp_path / ".outa.partial-1").mkdir()
    put(tmp_path / "out?", "1")
    assert (tmp_path / ".outa.partial-1").exists()


def test_a_read_only_parent_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkdtemp", refuse)
    with pytest.raises(PlannerError, match="may not be written") as caught:
        put(tmp_path / "out", "1")
    assert "\n" not in str(caught.value)


def test_folders_hash_by_names_and_bytes(tmp_path: Path) -> None:
    for name in ("p", "q"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("1")
    assert files.sha256_of(tmp_path / "p") == files.sha256_of(tmp_path / "q")
    (tmp_path / "q" / "a").rename(tmp_path / "q" / "b")
    assert files.sha256_of(tmp_path / "p") != files.sha256_of(tmp_path / "q")


WRITER = """
    import sys, time
    from pathlib import Path
    from planner import files
    folder, text = Path(sys.argv[1]), sys.argv[2]
    print("go", flush=True)
    while True:
        ours, owned = (lambda f: (f / "mark").exists()), (lambda n: n in "ab mark")
        with files.whole_folder(folder, overwrite=True, is_ours=ours, owned=owned) as w:
            for name in ("a", "b", "mark"):
                (w / name).write_text(text)
                time.sleep(0.001)
"""


@pytest.mark.parametrize("delay_ms", [1, 3, 7, 12, 20, 33, 47, 61])
def test_killed_at_any_moment_a_whole_plan_stands(tmp_path: Path, delay_ms: int) -> None:
    folder = tmp_path / "out"
    put(folder, "old")
    run = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), "new"]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_ms / 1000)
        os.kill(process.pid, signal.SIGKILL)
    assert content(folder) in ({"old"}, {"new"})
    put(folder, "next")
    assert content(folder) == {"next"}
    assert beside(folder) == []


def _race(folder: Path, text: str, said: "multiprocessing.Queue[str]") -> None:
    try:
        put(folder, text)
        said.put("written")
    except PlannerError as error:
        said.put(str(error))


def test_many_writers_at_once_leave_one_whole_plan(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    folder, said = tmp_path / "out", context.Queue()
    writers = [context.Process(target=_race, args=(folder, str(i), said)) for i in range(6)]
    for writer in writers:
        writer.start()
    answers = [said.get(timeout=30) for _ in writers]
    for writer in writers:
        writer.join()
    assert len(content(folder)) == 1
    assert "written" in answers
    assert all(a == "written" or "another run" in a for a in answers)
    assert beside(folder) == []
