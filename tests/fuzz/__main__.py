"""Looks for files that end in neither a result nor a refusal of two lines.

`python tests/fuzz --seconds 1800 [--seed N] [--only vector,plan] [--keep FOLDER]`; `--again TARGET SEED` repeats one case and
shows its traceback. Each finding is told once, with its seed, and its files are kept.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
HANG_S = 60.0


def one(target: str, seed: int, good: Path, work: Path, *, show: bool = False) -> str:
    """Runs a case; '' where it ended in a result or a refusal, else what it ended in and where."""
    from fuzz.targets import TARGETS
    from planner.errors import PlannerError

    rng = random.Random(seed)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    ask = TARGETS[target](good, work, rng)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask()
    except PlannerError as error:
        text = str(error)
        if text.count("\n") > 1 or len(text) > 800 or (error.exit_code == 1 and target != "soup"):
            return f"a refusal of {len(text)} characters, exit {error.exit_code}: {text[:80]}"
    except Exception as error:
        if show:
            traceback.print_exc()
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "planner" in f.filename and "fuzz" not in f.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
        return f"{type(error).__name__} in {where}: {str(error)[:60]}"
    return ""


def worker(pipe: Any, good: str, work: str) -> None:
    """Runs the cases it is told, one after the other."""
    sys.stderr = open("/dev/null", "w")  # noqa: SIM115
    while True:
        target, seed = pipe.recv()
        pipe.send(one(target, seed, Path(good), Path(work)))


def signature(told: str) -> str:
    """What makes two findings the same."""
    return told.split(":")[0] + told.split(":")[1].split()[0] if told.count(":") > 1 else told[:60]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="vector,raster,toml,plan,soup")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--again", nargs=2, metavar=("TARGET", "SEED"))
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="planner-fuzz-"))
    try:
        (home / "good").mkdir()
        from fuzz.targets import seeds

        seeds(home / "good")
        if asked.again:
            told = one(asked.again[0], int(asked.again[1]), home / "good", home / "work", show=True)
            print(told or "a result or a refusal")
            return bool(told)
        return run(asked, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(asked: argparse.Namespace, home: Path) -> int:
    context = multiprocessing.get_context("fork")
    end, seed, found = time.monotonic() + asked.seconds, asked.seed, {}
    targets, runs = asked.only.split(","), dict.fromkeys(asked.only.split(","), 0)
    process = pipe = None
    while time.monotonic() < end:
        if process is None:
            pipe, theirs = context.Pipe()
            process = context.Process(target=worker, args=(theirs, str(home / "good"), str(home / "work")), daemon=True)
            process.start()
        target, seed = targets[seed % len(targets)], seed + 1
        told = ""
        try:
            pipe.send((target, seed))
            told = pipe.recv() if pipe.poll(HANG_S) else f"no end within {HANG_S:.0f} s: ?"
        except (EOFError, OSError):
            process.join(5)
            told = f"the process died ({process.exitcode}): ?"
        if told.startswith(("no end", "the process")):
            process.kill()
            process = None
        runs[target] += 1
        if told and (target, signature(told)) not in found:
            found[target, signature(told)] = seed
            place = asked.keep / f"{target}-{seed}"
            shutil.copytree(home / "work", place, dirs_exist_ok=True)
            print(f"{target} {seed}: {told}", flush=True)
    print(json.dumps({"seed": asked.seed, "runs": runs, "signatures": len(found)}))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
