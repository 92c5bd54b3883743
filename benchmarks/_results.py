"""Where results are kept, and what they tell of the machine."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


def memory_gib() -> float:
    """Memory of the machine, GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def record(topic: str, text: str) -> None:
    """Writes results/<topic>.md and prints it."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{topic}.md").write_text(text, encoding="utf-8")
    print(text)
