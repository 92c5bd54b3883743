"""A notebook as a page: its text, its code and, where DOCS_RUN is set, what its cells say when they are run."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST_HTML = 200_000  # characters: a whole map does not belong into a page


def page(path: Path) -> str:
    """The notebook as Markdown."""
    book = json.loads(path.read_text(encoding="utf-8"))
    if os.environ.get("DOCS_RUN"):
        book = _run(path)
    return "\n\n".join(part for cell in book["cells"] for part in _cell(cell)) + "\n"


def _run(path: Path) -> dict[str, Any]:
    """The notebook with the outputs of a fresh run in its own folder."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    return dict(book)


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield text
        return
    yield f"```python\n{text}\n```"
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            yield f'<img alt="output" src="data:image/png;base64,{_one_line(data["image/png"])}">'
        elif "text/html" in data and len(_joined(data["text/html"])) < LARGEST_HTML:
            yield f"<div>{_joined(data['text/html'])}</div>"
        elif "text" in output or "text/plain" in data:
            yield f"```text\n{_joined(output.get('text', data.get('text/plain', ''))).rstrip()}\n```"


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _one_line(image: str | list[str]) -> str:
    return base64.b64encode(base64.b64decode(_joined(image))).decode()
