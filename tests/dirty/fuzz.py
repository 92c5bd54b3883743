"""Coverage-guided fuzzing of what strangers write: `python tests/dirty/fuzz.py toml|table|wkt|dbf|zip -max_total_time=120`.

Needs atheris (not a dependency). Anything but a Site or a PlannerError of one or two lines is a finding; the input is left in
the current folder, and what it taught becomes a case in this folder. README.md says how long each target was run.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import atheris

from planner.core.terrain.owner import Rule, owner_of
from planner.frame import Frame

# Kernels are compiled before anything is instrumented, which they do not survive.
owner_of([], Frame(0.0, 1.0, 1.0, 1.0, 1, 1), rule=Rule.TOUCH)

with atheris.instrument_imports(include=["planner.read", "planner.scenario", "planner.parameters"]):
    from planner.read import read_site

from planner.errors import PlannerError  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))
from dirty.case import frame, squares  # noqa: E402

WORK = Path(tempfile.mkdtemp())
RING = squares(1)[0].wkt


def asked(path: Path) -> None:
    """Reads; a refusal must be short and name no traceback."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read_site(path)
    except PlannerError as error:
        text = str(error)
        if text.count("\n") > 1 or len(text) > 1000:
            raise AssertionError(f"a long refusal: {text[:200]}") from None


def toml(data: bytes) -> None:
    (WORK / "site.toml").write_bytes(data)
    asked(WORK / "site.toml")


def table(data: bytes) -> None:
    lines = data.split(b"\n", 1)
    head, body = lines[0], (lines[1] if len(lines) > 1 else b"")
    (WORK / "t.csv").write_bytes(b"wkt\t" + head.replace(b"\t", b"\t") + b"\n" + f"{RING}\t".encode() + body)
    asked(WORK / "t.csv")


def wkt(data: bytes) -> None:
    text = data.decode("latin-1").replace("\n", " ").replace("\t", " ")
    (WORK / "w.csv").write_text(f"depth\twkt\n2\t{text}\n3\t{RING}\n", encoding="utf-8")
    asked(WORK / "w.csv")


def dbf(data: bytes) -> None:
    raw = bytearray(DBF)
    for i in range(0, len(data) - 2, 3):
        raw[(data[i] * 256 + data[i + 1]) % len(raw)] = data[i + 2]
    (WORK / "a.dbf").write_bytes(bytes(raw))
    asked(WORK / "a.shp")


def archive(data: bytes) -> None:
    raw = bytearray(ZIP)
    for i in range(0, len(data) - 2, 3):
        raw[(data[i] * 256 + data[i + 1]) % len(raw)] = data[i + 2]
    (WORK / "a.zip").write_bytes(bytes(raw))
    asked(WORK / "a.zip")


def prepare() -> None:
    """The good files that are then spoilt."""
    import zipfile

    frame().to_file(WORK / "a.shp", encoding="GBK")
    (WORK / "a.cpg").unlink()
    with zipfile.ZipFile(WORK / "a.zip", "w", zipfile.ZIP_DEFLATED) as target:
        for part in sorted(WORK.glob("a.*")):
            if part.suffix != ".zip":
                target.write(part, part.name)


TARGETS: dict[str, Callable[[bytes], None]] = {"toml": toml, "table": table, "wkt": wkt, "dbf": dbf, "zip": archive}

if __name__ == "__main__":
    prepare()
    DBF, ZIP = (WORK / "a.dbf").read_bytes(), (WORK / "a.zip").read_bytes()
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
