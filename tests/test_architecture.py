"""The rooms' order: imports go strictly downward, stages never import each other, files and functions stay readable."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "planner"
FILES = sorted(ROOT.rglob("*.py"))

# Rooms from the top down; a room may import only rooms below it (a set on one line: siblings that never import each other).
FLOORS = [
    {"__main__"},
    {"cli"},
    {"portfolio"},
    {"city", "finance", "asbuilt"},
    {"maps", "report", "export"},
    {"plan"},
    {"samples"},
    {
        "allocation",
        "water",
        "earthwork",
        "economics",
        "options",
        "suitability",
        "measure",
        "partition",
        "subsidence",
        "balance",
        "timing",
    },
    {"design"},
    {"read"},
    {"tables"},
    {"site"},
    {"protection"},
    {"scenario", "ellipsoid"},
    {"terms"},
    {"faults"},
    {"parameters", "core", "files", "drivers"},
    {"errors"},
    {"words"},
    {"columns", "units", "landuse"},
]
# The kernels others build on: what several share, slots of elevation, and from catchments to terrains in bands.
BUILT_ON = {
    f"planner.core.terrain.{name}" for name in ("compiled", "cells", "catchments", "joining", "merge_tree", "stitching")
} | {"planner.core.choice.arrays"}
LEVEL = {room: i for i, floor in enumerate(FLOORS) for room in floor}
# `plan.py` composes: the plan's own methods reach for the rooms that draw and write it, inside the method.
LAZY_UP = {("plan", "maps"), ("plan", "export"), ("plan", "report")}
NEVER = {
    "cli": {"folium", "scipy"},
    "report": {"folium"},
    "export": {"folium"},
    "plan": {"folium", "rasterio"},
    "allocation": {"geopandas", "rasterio"},
    "core": {"pandas", "geopandas", "rasterio"},
}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Modules a file imports, and whether at module level and at run time (not under TYPE_CHECKING)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(n)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for n in ast.walk(block)
    }
    top = {id(n) for n in tree.body}
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(a.name, id(node) in top) for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "planner" else [node.module]
            found += [(n, id(node) in top) for n in names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downward(path: Path) -> None:
    mine = room(path)
    if mine == "__init__":
        return
    assert mine in LEVEL, f"{mine} is no known room: give it a floor here"
    for name, at_top in imports(path):
        parts = name.split(".")
        if parts[0] != "planner" or len(parts) < 2 or parts[1] == mine or parts[1] == "__version__":
            continue
        other = parts[1]
        if (mine, other) in LAZY_UP and not at_top:
            continue
        assert LEVEL[other] > LEVEL[mine], f"{path.name} imports {name}: {mine} may not look up or sideways at {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_keep_away_from_what_they_never_import(path: Path) -> None:
    banned = NEVER.get(room(path), set())
    assert not {name.split(".")[0] for name, _ in imports(path)} & banned


def test_core_kernels_do_not_import_each_other() -> None:
    """Kernels stand alone, but for the few that others build on."""
    for path in (ROOT / "core").rglob("*.py"):
        for name, _ in imports(path):
            assert not name.startswith("planner.") or name in {"planner.core", *BUILT_ON}, f"core/{path.name} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_in_view(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 420, f"{path.name} has {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 80, f"{path.name}: {node.name} has {length} lines"


def test_public_names_exist_and_are_documented() -> None:
    import planner

    for name in planner.__all__:
        assert getattr(planner, name).__doc__, f"planner.{name} has no docstring"
