"""No parameter without a reader: every key of parameters.toml is asked for in the code, by its name or by a rule for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from planner.parameters import defaults

ROOT = Path(__file__).parents[1] / "planner"
LEAST = 4  # letters a put-together key must name itself to count as asking


def pattern(node: ast.expr) -> str | None:
    """A text with holes as a regular expression over keys; None for anything else or where hardly a letter stands."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = pattern(node.left), pattern(node.right)
        return None if left is None and right is None else (left or r"[\w.-]+") + (right or r"[\w.-]+")
    if isinstance(node, ast.JoinedStr):
        parts = [re.escape(v.value) if isinstance(v, ast.Constant) else None for v in node.values]
        letters = "".join(p for p in parts if p is not None)
        holes = [r"[\w.-]+" if i == 0 else r"[\w-]+" for i in range(len(parts))]
        whole = "".join(p if p is not None else hole for p, hole in zip(parts, holes, strict=True))
        return whole if len(re.sub(r"\W", "", letters)) >= LEAST else None
    return None


class Asked(ast.NodeVisitor):
    """Keys, patterns of keys, sections and words that the code asks by."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.words: set[str] = set()
        self.patterns: set[str] = set()
        self.sections: set[str] = set()

    def visit(self, node: ast.AST) -> None:
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:]  # type: ignore[attr-defined]  # a docstring asks for nothing
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.texts.add(node.value)
            self.words |= set(re.findall(r"[\w-]+", node.value))
        elif isinstance(node, ast.JoinedStr | ast.BinOp) and (found := pattern(node)):
            self.patterns.add(found)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.words.add(node.target.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "section" and node.args:
            self.sections.add(pattern(node.args[0]) or r"[\w.-]+")
        self.generic_visit(node)


def unread(keys: list[str], sources: list[str]) -> list[str]:
    """The keys that nothing in the sources asks for."""
    asked = Asked()
    for source in sources:
        asked.visit(ast.parse(source))

    tails = {p.rpartition(r"\.")[2] for p in asked.patterns}
    tails = {t for t in tails if len(re.sub(r"\W|\[.*?\]", "", t.replace(r"[\w.-]+", "").replace(r"[\w-]+", ""))) >= LEAST}

    whole, last_part, sections = (
        re.compile("|".join(sorted(some)) or r"(?!)") for some in (asked.patterns, tails, asked.sections)
    )

    def named(last: str) -> bool:
        return last in asked.words or last_part.fullmatch(last) is not None

    def read(key: str) -> bool:
        section, _, last = key.rpartition(".")
        put_together = whole.fullmatch(key) or sections.fullmatch(section)
        return key in asked.texts or (put_together is not None and named(last))

    return [key for key in keys if not read(key)]


def test_every_parameter_is_read() -> None:
    sources = [p.read_text(encoding="utf-8") for p in sorted(ROOT.rglob("*.py"))]
    assert not unread(list(defaults()), sources), "parameters that nothing reads cannot exist"


def test_a_parameter_that_nothing_reads_is_seen() -> None:
    code = (
        '"""Of lost.key nothing is read."""\nfound = p.number("a.b"), p.number(f"targets.{t}.depth_m"), p.section("c")["word"]'
    )
    keys = ["a.b", "targets.green.depth_m", "targets.green.wet_depth_m", "c.word", "c.other", "lost.key"]
    assert unread(keys, [code]) == ["targets.green.wet_depth_m", "c.other", "lost.key"]
