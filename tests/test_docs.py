"""The site builds without a warning and asks for nothing outside; every path, name and option it gives exists."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import planner

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOP = "planner|tests|docs|sample_geo|notebooks|benchmarks"
PATH = re.compile(rf"(?<![\w/.-])(?:{TOP})/[\w./*-]*[\w/*]")
CALL = re.compile(r"\bpl\.(\w+)(?:\(([^()`\n]*)\))?")
VERB = re.compile(r"^(?:\$ )?planner ([a-z]+)\b(.*)$", re.MULTILINE)
WRITTEN = ("planner-demo/", "planner-plan")  # folders a reader's own run makes


def public(name: str) -> Any:
    """What a public name stands for: the function or class in its home."""
    return getattr(import_module(planner._HOMES.get(name, "planner")), name)


def code_in(page: Path) -> str:
    """What a page sets as code."""
    return "\n".join(
        a or b for a, b in re.findall(r"```\w*\n(.*?)```|`([^`\n]+)`", page.read_text(encoding="utf-8"), re.DOTALL)
    )


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_house_names_every_room() -> None:
    told = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    rooms = [
        p.name + ("/" if p.is_dir() else "")
        for p in (ROOT / "planner").iterdir()
        if p.suffix == ".py" or (p / "__init__.py").exists()
    ]
    assert not [r for r in rooms if not r.startswith("__") and f"planner/{r}`" not in told]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_exist(page: Path) -> None:
    missing = [p for p in PATH.findall(code_in(page)) if not any(ROOT.glob(p.rstrip("/"))) and not p.startswith(WRITTEN)]
    assert not missing, f"{name_of(page)} names what is not there: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_public_names_and_their_arguments_exist(page: Path) -> None:
    for name, arguments in CALL.findall(code_in(page)):
        assert name in planner.__all__, f"{name_of(page)}: pl.{name} does not exist"
        thing = public(name)
        if arguments and callable(thing):
            known = inspect.signature(thing).parameters
            free = any(p.kind is p.VAR_KEYWORD for p in known.values())
            given = re.findall(r"(?:^|,)\s*(\w+)\s*=", arguments)
            assert free or set(given) <= set(known), f"{name_of(page)}: pl.{name} takes no {set(given) - set(known)}"


def commands() -> dict[str, Any]:
    import typer.main

    from planner.cli.app import app
    from planner.cli.main import load

    load()
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_verbs_and_options_exist(page: Path) -> None:
    known = commands()
    for verb, rest in VERB.findall(code_in(page)):
        assert verb in known, f"{name_of(page)}: planner {verb} is no verb"
        options = {o for p in known[verb].params for o in p.opts} | {"--help", "-h"}
        asked = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", rest.partition("#")[0]))
        assert asked <= options, f"{name_of(page)}: planner {verb} takes no {asked - options}"


def pages_of(site: Path) -> Iterator[Path]:
    yield from sorted(site.rglob("*.html"))


def test_the_site_builds_without_a_warning_and_asks_for_nothing_outside(tmp_path: Path) -> None:
    site = tmp_path / "site"
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for page in pages_of(site):
        loaded = re.findall(
            r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)=["'](?:https?:)?//[^"']+""", page.read_text("utf-8")
        )
        assert not loaded, f"{page.name} loads {loaded[:3]}"
    python = (site / "reference" / "python.html").read_text(encoding="utf-8")
    homes = {name: public(name) for name in planner._HOMES}
    missing = [n for n, thing in homes.items() if f'id="{thing.__module__}.{thing.__qualname__}"' not in python]
    assert not missing, f"the reference lacks {missing}"
    reference = (site / "reference" / "command-line.html").read_text(encoding="utf-8")
    assert all(f"planner {verb}" in reference for verb in commands())
    listed = (site / "index.html").read_text(encoding="utf-8")
    for page in (p for p in PAGES if p.parent == ROOT / "docs"):
        assert f"{page.stem}.html" in listed, f"{page.name} is not in the navigation"
