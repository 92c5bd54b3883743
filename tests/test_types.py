"""The typed window: every public name stands in the stub with the home it is imported from, and mypy sees its type."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import planner

ROOT = Path(__file__).parents[1]


def test_the_stub_names_what_the_package_gives() -> None:
    tree = ast.parse((ROOT / "planner" / "__init__.pyi").read_text(encoding="utf-8"))
    stub = {a.asname: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for a in node.names}
    homes = {**planner._HOMES, "samples": "planner"}
    missing, gone = homes.keys() - stub.keys(), stub.keys() - homes.keys()
    assert not missing, f"planner/__init__.pyi lacks {sorted(missing)}: add `from HOME import NAME as NAME`"
    assert not gone, f"planner/__init__.pyi names {sorted(gone)}, which the package does not give"
    elsewhere = {name for name in homes if stub[name] != homes[name]}
    assert not elsewhere, f"planner/__init__.pyi takes {sorted(elsewhere)} from another home than planner/__init__.py"


def test_types_are_seen_from_outside() -> None:
    """The whole package and tests/typed/window.py, where the types of public names are asserted."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
