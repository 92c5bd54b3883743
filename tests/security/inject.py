"""Breaks writing off at system calls: the process killed, the disk full, an error at close; old whole or new whole, always.

`python tests/security/inject.py [--each K] [--disks D] [--only plan,.shp,…] [--seed N]` tries K places of each system call of
each verb's and file's writing (0: every one) and, as root, D disks in memory that are too small, and prints a table. Needs
Linux, strace and the right to trace one's own processes.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from security.writers import WRITERS, Writer, in_child, start_child, state, verbs, world  # noqa: E402

# How each system call of writing is broken off: every one by a kill before it, and by what the system may say instead.
ERRORS = {
    "openat": ("ENOSPC",),
    "write": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"),
    "writev": ("ENOSPC",),
    "ftruncate": ("ENOSPC",),
    "fsync": ("EIO",),
    "fdatasync": ("EIO",),
    "close": ("EIO",),
    "rename": ("ENOSPC",),
    "renameat2": ("ENOSPC",),
    "mkdir": ("ENOSPC",),
    "unlink": ("EIO",),
    "unlinkat": ("EIO",),
    "rmdir": ("EIO",),
    "chmod": ("EIO",),
    "fchmod": ("EIO",),
    "copy_file_range": ("ENOSPC",),
    "sendfile": ("ENOSPC",),
    "lseek": (),
}
LAST = 65_535  # the last occurrence strace can break off
WAIT_S = 300.0  # on a busy machine a tracer is late


@dataclass
class Tally:
    """Of a writer: how often it was broken off, and what was then wrong."""

    tried: int = 0
    refused: int = 0
    torn: list[str] = field(default_factory=list)


def can_trace() -> bool:
    """Whether strace is there and may be used."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True)
    return done.returncode == 0


def traced(work: object, told: Path, *asked: str) -> int:
    """Runs something in a child under strace; its exit code as in writers.in_child."""
    child = start_child(work, before=lambda: os.kill(os.getpid(), signal.SIGSTOP))  # type: ignore[arg-type]
    os.waitpid(child, os.WUNTRACED)
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(told), "-p", str(child), *asked],
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + WAIT_S
    while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text():
        if time.monotonic() > end or tracer.poll() is not None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise RuntimeError("strace does not take hold of the process")
        time.sleep(0.002)
    os.kill(child, signal.SIGCONT)
    _, code = os.waitpid(child, 0)
    tracer.wait()
    return os.waitstatus_to_exitcode(code)


def places(told: Path, folder: Path) -> dict[str, list[int]]:
    """Of each system call of the main thread, which of its occurrences touch a folder or a stage of ours."""
    seen: dict[str, int] = defaultdict(int)
    found: dict[str, list[int]] = defaultdict(list)
    main = ""
    for line in told.read_text(errors="replace").splitlines():
        known = re.match(r"(\d+) +(\w+)\(", line)
        if known is None:
            continue
        main = main or known.group(1)
        if known.group(1) == main:
            seen[known.group(2)] += 1
            if (str(folder) in line or "/planner-" in line) and (known.group(2) != "openat" or "O_CREAT" in line):
                found[known.group(2)].append(seen[known.group(2)])
    return found


def tries(found: dict[str, list[int]], each: int, rng: random.Random) -> list[tuple[str, int, str]]:
    """(system call, its occurrence, how): each of them, or of each call the first, the last and some between."""
    chosen = []
    for call, every in sorted(found.items()):
        if not (at := [k for k in every if k <= LAST]):
            continue
        some = at if not each or len(at) <= each else sorted({at[0], at[-1], *rng.sample(at, max(each - 2, 0))})
        for how in ("KILL", *ERRORS[call]):
            chosen += [(call, k, how) for k in (some if call != "lseek" else some[:2])]
    return chosen


def broken_off(name: str, writer: Writer, work: Path, each: int, rng: random.Random, most: int | None = None) -> Tally:
    """Tries a writer broken off at its system calls; work: an empty folder; most: how many of the tries are made, drawn."""
    tally = Tally()
    place = work / "place"
    place.mkdir()
    writer(place, "new")
    new = state(place)
    shutil.rmtree(place)
    place.mkdir()
    writer(place, "old")
    old = state(place)
    shutil.copytree(place, work / "kept", symlinks=True)
    code = traced(lambda: writer(place, "new"), work / "trace", "-e", f"trace={','.join(ERRORS)}")
    assert code == 0 and state(place) == new, f"{name}: {code} when nothing is broken off"
    found = places(work / "trace", work)
    chosen = tries(found, each, rng)
    for call, at, how in chosen if most is None else rng.sample(chosen, most):
        shutil.rmtree(place)
        shutil.copytree(work / "kept", place, symlinks=True)
        what = "signal=KILL" if how == "KILL" else f"error={how}"
        code = traced(
            lambda: writer(place, "new"), work / "trace", "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={at}"
        )
        tally.tried += 1
        tally.refused += code == 1
        where = f"{name}: {how} at {call} {at}"
        met = state(place)
        if met not in (old, new):
            mixed = [k for k in {**old, **met} if met.get(k) not in (old.get(k), new.get(k))]
            tally.torn.append(f"{where}: torn, exit {code}: {mixed}")
        elif code == 0 and met != new:
            tally.torn.append(f"{where}: says done and is not")
        elif code not in ((-9,) if how == "KILL" else (0, 1)):
            tally.torn.append(f"{where}: ends with {code}")
        elif tally.tried % 5 == 0:
            writer(place, "new")
            left = [p.name for p in (*place.rglob(".*"), *work.glob(".*"))]
            if state(place) != new or left:
                tally.torn.append(f"{where}: the next run leaves {left}")
    return tally


def fills_up(name: str, writer: Writer, work: Path, sizes: int) -> Tally:
    """Tries a writer on real disks too small for it (in memory, mounted for it); work: an empty folder. Needs root."""
    tally, disk, place = Tally(), work / "disk", work / "place"
    disk.mkdir()
    place.mkdir()
    writer(place, "new")
    new = state(place)
    shutil.rmtree(place)
    place.mkdir()
    writer(place, "old")
    old = state(place)
    whole = sum(p.stat().st_size + 4096 for p in place.rglob("*"))
    for k in range(1, sizes + 1):
        size = whole + int(whole * 1.3 * (k - 1) / sizes)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size // 4096 * 4096}", "tmpfs", str(disk)], check=True)
        try:
            shutil.copytree(place, disk / "place", symlinks=True)
            code = in_child(lambda: writer(disk / "place", "new"))
            met = state(disk / "place")
            tally.tried += 1
            tally.refused += code == 1
            if met not in (old, new) or (code == 0 and met != new) or (code == 1 and met != old) or code not in (0, 1):
                tally.torn.append(f"{name}: a disk of {size} bytes: exit {code}, {'new' if met == new else 'torn'}")
            elif any(disk.glob(".*")) or any((disk / "place").rglob(".*")):
                tally.torn.append(f"{name}: a disk of {size} bytes: leftovers")
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--disks", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    home = Path(tempfile.mkdtemp(prefix="inject-"))
    torn = 0
    try:
        (home / "world").mkdir()
        writers = {**WRITERS, **verbs(world(home / "world"))}
        chosen = [n for n in writers if not asked.only or n in asked.only.split(",")]
        print(f"| {'written':<16} | broken off | refused | wrong | small disks | refused | wrong |", flush=True)
        print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
        for name in chosen:
            work = home / f"work{chosen.index(name)}"
            work.mkdir()
            rng = random.Random(asked.seed)
            tallies = [broken_off(name, writers[name], work, asked.each, rng) if can_trace() else Tally()]
            for path in work.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            tallies.append(fills_up(name, writers[name], work, asked.disks) if os.geteuid() == 0 else Tally())
            told = " | ".join(f"{t.tried} | {t.refused} | {len(t.torn)}" for t in tallies)
            print(f"| {name:<16} | {told} |", flush=True)
            for line in tallies[0].torn + tallies[1].torn:
                print(f"  {line}", file=sys.stderr, flush=True)
            torn += sum(len(t.torn) for t in tallies)
            shutil.rmtree(work)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return bool(torn)


if __name__ == "__main__":
    sys.exit(main())
