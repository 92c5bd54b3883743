"""What is broken off while it writes: a writer for each file and verb, and what a reader would meet afterwards."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
from dirty.case import frame, site
from rasterio.transform import Affine

from planner import export, files
from planner.errors import PlannerError
from planner.export import export_as, write_cog
from planner.site import Grid

sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
from test_export import stand_in

REPORTS: list[Any] = []
Writer = Callable[[Path, str], object]  # (folder to write in, "old" or "new")


def layer(suffix: str) -> Writer:
    return lambda place, mark: export_as(frame(name=[mark, mark]), place / f"u{suffix}", overwrite=True)


def grid(place: Path, mark: str) -> None:
    values = np.full((300, 300), float(len(mark))) + np.random.default_rng(1).random((300, 300))
    write_cog(Grid(values, 39_500_000.0, 3_760_000.0, 1.0, 1.0), frame().crs, place / "g.tif", name="depth", overwrite=True)


def filled(place: Path, mark: str) -> None:
    from planner.water import fill

    values = np.full((64, 64), float(len(mark)))
    fill(Grid(values, 39_500_000.0, 3_760_000.0, 1.0, 1.0), place / "f.tif", overwrite=True)


def faults(place: Path, mark: str) -> None:
    from planner.read import check

    if not REPORTS:  # read once: it is the writing that is broken off
        frame().to_file(place.parent / "faults-of.gpkg")
        REPORTS.append(check(place.parent / "faults-of.gpkg"))
    REPORTS[0].write_faults(place / "faults.gpkg", overwrite=True)
    del mark


def plan(place: Path, mark: str) -> None:
    export.save(stand_in(mark), place / "plan", overwrite=True)


def page(place: Path, mark: str) -> None:
    files.write_whole(place / "map.html", mark * 1000)


WRITERS: dict[str, Writer] = {
    "page": page,
    "plan": plan,
    "filled terrain": filled,
    "water grid": grid,
    "faults": faults,
    **{suffix: layer(suffix) for suffix in (".shp", ".zip", ".geojson", ".kml", ".fgb", ".dxf", ".parquet")},
}

# --- verbs of the command line, on a small world that is made once -----------------------------------------------------

FINANCE = """[finance]
regime = "2015"
first_year = 2016
build_years = 2
operate_years = 10
investment_cny = 1e8
equity_share = 0.3
loan_rate = 0.06
"""
PORTFOLIO = """[portfolio]
name = "two"
first_year = 2010
years = 3
[[project]]
id = "P1"
[[project.variant]]
name = "full"
spend_cny = [12.0, 3.0]
benefit_cny = [0.0, 29.0]
construction_mu = 5.0
[[project]]
id = "P2"
[[project.variant]]
name = "full"
spend_cny = [10.0]
benefit_cny = [0.0, 19.0]
arable_mu = 5.0
[[fund]]
id = "central"
total_cny = 20.0
"""
CITY = '[enterprises]\ntable = "firms.csv"\nid = "id"\n'
FIRMS = (
    "id,tax_per_mu,value_added_per_mu,value_added_per_energy,value_added_per_emission,labour_productivity,rd_share\n"
    "A,10,50,2,3,20,0.02\nB,20,80,3,4,30,0.03\nC,5,20,1,2,10,0.01\n"
)


def world(base: Path) -> Path:
    """The small world the verbs are tried on: a layer, a terrain, a saved plan, panels, files of settings."""
    from planner import make_plan

    frame().to_file(base / "a.gpkg")
    values = np.full((60, 60), 32.0, dtype="float32")
    values[20:30, 20:30] = 30.0
    profile = {"driver": "GTiff", "height": 60, "width": 60, "count": 1, "dtype": "float32", "crs": 4527}
    west, north = frame().total_bounds[[0, 3]]
    with rasterio.open(base / "dem.tif", "w", transform=Affine(20, 0, west - 200, 0, -20, north + 200), **profile) as file:
        file.write(values, 1)
    text = '[layers]\npolygons = "a.gpkg"\n[partition]\nmax_unit_mu = 60.0\n'
    make_plan(site(base, text)).save(base / "plan")
    panels = frame().drop(columns=["深度"], errors="ignore").assign(thickness_m=2.0, depth_m=100.0, q=0.7, tan_beta=2.0, b=0.3)
    pyogrio.write_dataframe(panels, base / "panels.gpkg", driver="GPKG")
    for name, told in (("finance.toml", FINANCE), ("portfolio.toml", PORTFOLIO), ("city.toml", CITY), ("firms.csv", FIRMS)):
        (base / name).write_text(told, encoding="utf-8")
    return base


def verbs(base: Path) -> dict[str, Writer]:
    """A writer for each verb that writes: the old one in English (or coarse), the new one in Chinese (or fine)."""

    def verb(*arguments: str, out: str, option: str = "-o", turn: tuple[str, str, str] = ("--lang", "en", "zh")) -> Writer:
        def write(place: Path, mark: str) -> None:
            given = [*arguments, option, str(place / out), "--overwrite", turn[0], turn[2] if mark == "new" else turn[1]]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
                from planner.cli.main import run

                os.chdir(base)
                (base / "dem.tif.hollows.npz").unlink(
                    missing_ok=True
                )  # what an earlier run kept would spare this one its calls
                code = run(given)
            if code in (1, 3):  # where the stage cannot be made, the input is what cannot be read
                raise PlannerError(told.getvalue())
            assert code == 0, f"{arguments[0]} {code}: {told.getvalue()}"

        return write

    return {
        "allocate": verb("allocate", "site.toml", out="plan"),
        "map": verb("map", "plan", out="map.html"),
        "init": verb("init", "a.gpkg", out="site.toml", turn=("--crs", "EPSG:4527", "EPSG:4528")),
        "check --faults": verb("check", "site.toml", option="--faults", out="f.gpkg"),
        "compare": verb("compare", "plan", "plan", out="compare.html"),
        "storage": verb("storage", "dem.tif", out="s.csv", turn=("--step", "0.5", "0.25")),
        "hollows": verb("hollows", "dem.tif", out="h.csv", turn=("--neighbours", "4", "8")),
        "hollows --filled": verb("hollows", "dem.tif", option="--filled", out="f.tif", turn=("--neighbours", "4", "8")),
        "predict": verb("predict", "panels.gpkg", out="w.tif", turn=("--cell", "20", "10")),
        "whatif": verb("whatif", "site.toml", out="whatif"),
        "design": verb("design", "plan", out="design"),
        "water": verb("water", "plan", out="water"),
        "asbuilt": verb("asbuilt", "plan", "--terrain", "dem.tif", out="asbuilt"),
        "asbuilt --replan": verb("asbuilt", "plan", "--terrain", "dem.tif", "--replan", out="asbuilt"),
        "finance": verb("finance", "finance.toml", out="finance"),
        "portfolio": verb("portfolio", "portfolio.toml", out="portfolio"),
        "city": verb("city", "city.toml", out="city"),
    }


# --- what a reader meets -----------------------------------------------------------------------------------------------


def state(place: Path) -> dict[str, str]:
    """What a reader would meet: of every file that is no leftover, what it holds."""
    found = {}
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place)
        if path.is_dir() or any(part.startswith(".") for part in inner.parts):
            continue
        found[inner.as_posix()] = _told(path)
    return found


def _told(path: Path) -> str:
    if path.name == "site.toml" and (path.parent / "plan.gpkg").exists():
        return "there"  # its paths lead from where it stands
    if path.suffix in (".shp", ".geojson", ".fgb", ".kml", ".dxf"):
        rows = gpd.read_file(path)
        return rows.drop(columns="geometry").to_csv() + str(rows.geometry.to_wkb().map(bytes.hex).tolist())
    if path.suffix == ".tif":
        with rasterio.open(path) as file:
            return str([file.checksum(k) for k in file.indexes])
    if path.suffix == ".gpkg":
        return str([(name, len(gpd.read_file(path, layer=name))) for name in gpd.list_layers(path)["name"]])
    raw = path.read_bytes()
    return str(hash(re.sub(rb'"seconds": [\d.e-]+', b"", raw) if path.name == "summary.json" else raw))


def in_child(work: Callable[[], None], *, before: Callable[[], None] = lambda: None) -> int:
    """Runs something in a copy of this process; 0 done, 1 refused, 9 killed, 70 something else."""
    child = start_child(work, before=before)
    _, told = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(told)


def start_child(work: Callable[[], None], *, before: Callable[[], None] = lambda: None) -> int:
    """As in_child, without waiting for it; returns its process id. before: what it does first."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        before()
        work()
        code = 0
    except PlannerError:
        code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
