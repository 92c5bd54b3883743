"""What numba keeps of compiled kernels is not used once any of their sources has changed."""

from pathlib import Path

from planner.core import forget_stale


def test_kernels_of_other_sources_are_forgotten(tmp_path: Path) -> None:
    source, kept = tmp_path / "a.py", tmp_path / "__pycache__"
    source.write_text("one = 1\n")
    kept.mkdir()
    old = [kept / "b.f-3.py311.nbi", kept / "b.f-3.py311.1.nbc"]
    other = kept / "a.cpython-311.pyc"
    for file in (*old, other):
        file.write_bytes(b"compiled")
    forget_stale(tmp_path)
    assert not any(file.exists() for file in old)
    assert other.exists()
    old[0].write_bytes(b"compiled anew")
    forget_stale(tmp_path)
    assert old[0].exists()
    source.write_text("one = 2\n")
    forget_stale(tmp_path)
    assert not old[0].exists()
    (tmp_path / "c.py").write_text("")
    old[0].write_bytes(b"compiled anew")
    forget_stale(tmp_path)
    assert not old[0].exists()


def test_a_folder_without_kernels_or_sources_is_no_error(tmp_path: Path) -> None:
    forget_stale(tmp_path)
    forget_stale(tmp_path / "none")
