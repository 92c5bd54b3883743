"""Puts the site together: navigation from what lies in docs/, reference pages from the code, notebooks as pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import reference

import notebooks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FIRST = ("index.md", "tutorial.md")
EXPLAINED = ("explanation.md", "house.md", "words.md", "glossary.md")


def on_config(config: Any) -> Any:
    """Navigation: the tutorial, every other page of docs/ as a how-to, explanation, decisions, notebooks, reference."""
    pages = sorted(p.name for p in DOCS.glob("*.md"))
    howto = [name for name in pages if name not in (*FIRST, *EXPLAINED)]
    config.nav = [
        {"Home": "index.md"},
        {"Tutorial": ["tutorial.md"]},
        {"How to": [*howto, *(f"howto/{p.name}" for p in sorted((DOCS / "howto").glob("*.md")))]},
        {"Explanation": list(EXPLAINED)},
        {"Decisions": [f"decisions/{p.name}" for p in sorted((DOCS / "decisions").glob("*.md"))]},
        {"Notebooks": [f"notebooks/{p.stem}.md" for p in sorted((ROOT / "notebooks").glob("*.ipynb"))]},
        {"Reference": [f"reference/{name}" for name in reference.PAGES]},
        {"Changes": "changes.md"},
    ]
    return config


SHIM = '<script src="https://unpkg.com/iframe-worker/shim"></script>'


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Nothing is asked from outside: the search's shim for pages on the disk is our own."""
    ours = (DOCS / "_site" / "file_worker.js").read_text(encoding="utf-8")
    return output.replace(SHIM, f"<script>{ours}</script>")


def on_post_template(output: str, template_name: str, config: Any) -> str:
    """As on_post_page, for pages that are no documents (404)."""
    return output.replace(SHIM, "")


def on_files(files: Files, config: Any) -> Files:
    """The pages that are written by no one: reference, notebooks, changes."""
    made = {f"reference/{name}": make() for name, make in reference.PAGES.items()}
    made |= {f"notebooks/{p.stem}.md": notebooks.page(p) for p in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    made["changes.md"] = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files
