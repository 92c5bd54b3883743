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
    {"agents"},
    {"facade"},
    {"portfolio"},
    {"city", "finance", "asbuilt", "lakes", "groundworks"},
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
    {"design", "placing", "geotiff"},
    {"read"},
    {"tables"},
    {"site"},
    {"protection", "cropland"},
    {"schedule"},
    {"scenario", "ellipsoid"},
    {"terms", "keys"},
    {"faults"},
    {"parameters", "core", "files", "drivers"},
    {"locks", "proofs", "documents", "scratch", "periods", "timelimit"},
    {"errors"},
    {"words"},
    {"columns", "units", "landuse", "sizes", "private", "interrupt", "frame", "memory", "onecore", "processes"},
]
# The kernels others build on: what several share, slots of elevation, and from catchments to terrains in bands.
BUILT_ON = {
    f"planner.core.terrain.{name}"
    for name in ("compiled", "cells", "catchments", "flood", "joining", "merge_tree", "neighbours", "stitching", "uniting")
} | {
    "planner.core.choice.arrays",
    "planner.core.choice.moves",
    "planner.core.corner",
    "planner.core.flow_tree",
    "planner.core.transport",
    "planner.core.polygons.rings",
    "planner.core.polygons.shared",
    "planner.core.terrain.coverage",
    "planner.frame",
}
LEVEL = {room: i for i, floor in enumerate(FLOORS) for room in floor}
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


def module(path: Path) -> str:
    """The dotted name a file is imported by."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def imports(path: Path) -> set[str]:
    """What a file imports, lazy and typing imports included; of ours the very file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names = {f"{node.module}.{a.name}" for a in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


GRAPH = {name: imports(path) & set(MODULES) - {name} for name, path in MODULES.items()}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Files that reach each other, a list each: what is left when files that import nothing left are taken away, both ways."""
    left = dict(graph)
    while True:
        free = {n for n in left if not left[n] & set(left)} | {n for n in left if not any(n in left[m] for m in left)}
        if not free:
            break
        left = {n: graph[n] for n in left if n not in free}
    rings, seen = [], set()
    for start in sorted(left):
        reach, todo = set(), [start]
        while todo:
            new = (graph[todo.pop()] & set(left)) - reach
            reach |= new
            todo += new
        ring = {n for n in reach if start in _reach(n, graph, set(left))}
        if start in ring and not ring & seen:
            rings.append(sorted(ring))
            seen |= ring
    return rings


def _reach(start: str, graph: dict[str, set[str]], among: set[str]) -> set[str]:
    reach, todo = set(), [start]
    while todo:
        new = (graph[todo.pop()] & among) - reach
        reach |= new
        todo += new
    return reach


def test_no_file_reaches_itself() -> None:
    """No circle among files, lazy and typing imports included."""
    assert circles(GRAPH) == []


def test_circles_are_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [["b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downward(path: Path) -> None:
    mine = room(path)
    if mine == "__init__":
        return
    assert mine in LEVEL, f"{mine} is no known room: give it a floor here"
    for name in GRAPH[module(path)]:
        other = name.split(".")[1] if "." in name else ""
        if other and other != mine:
            assert LEVEL[other] > LEVEL[mine], f"{path.name} imports {name}: {mine} may not look up or sideways at {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_keep_away_from_what_they_never_import(path: Path) -> None:
    banned = NEVER.get(room(path), set())
    assert not {name.split(".")[0] for name in imports(path)} & banned


def test_core_kernels_do_not_import_each_other() -> None:
    """Kernels stand alone, but for the few that others build on."""
    for path in (ROOT / "core").rglob("*.py"):
        allowed = {"planner.core", *BUILT_ON} | ({"planner.private"} if path.name == "__init__.py" else set())
        for name in imports(path):
            assert not name.startswith("planner.") or name in allowed, f"core/{path.name} imports {name}"


LINES, LENGTH, POSITIONAL = 400, 60, 6
KERNELS = ROOT / "core"  # compiled kernels take arrays one by one; a verb's arguments are its options


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_in_view(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= LINES, f"{path.name} has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        length = (node.end_lineno or 0) - node.lineno + 1
        assert length <= LENGTH, f"{path.name}: {node.name} has {length} lines"
        taken = [a for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
        if room(path) != "cli" and KERNELS not in path.parents:
            assert len(taken) <= POSITIONAL, f"{path.name}: {node.name} takes {len(taken)} positional arguments"


def test_public_names_exist_and_are_documented() -> None:
    import planner

    for name in planner.__all__:
        assert getattr(planner, name).__doc__, f"planner.{name} has no docstring"
