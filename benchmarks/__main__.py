"""Runs the benchmarks here, each in a process of its own: `python -m benchmarks [topic …]`, all without a topic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Runs those named, else all in the order of their names; the number of those that failed."""
    topics = sys.argv[1:] or sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))
    failed = [t for t in topics if subprocess.run([sys.executable, "-m", f"benchmarks.{t}"], check=False).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
