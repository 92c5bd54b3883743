"""The room's own order: no circle among its files, lazy and typing imports included, and rules below whatever solves them."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2] / "planner" / "allocation"
GRAMMAR = {"table", "checks", "parts", "objective"}  # all that a rule may lean on


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The room's modules a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
        found |= {n.removeprefix("planner.allocation.") for n in names if n.startswith("planner.allocation.")}
    return found


def test_no_circle_among_the_files() -> None:
    graph = {module(p): imported(p) for p in ROOT.rglob("*.py")}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_rules_lean_on_the_grammar_alone() -> None:
    for path in (ROOT / "rules").glob("*.py"):
        below = {name for name in imported(path) if not name.startswith("rules")}
        assert below <= GRAMMAR, f"{path.name} imports {below - GRAMMAR}"
