"""Runs the peers once on ground.tif, whole.tif and polygons.csv and keeps what they say beside itself; no test runs it.

Needs exactextract, rasterstats, pyflwdir, richdem-fork, topotoolbox, scikit-image, geopandas, rasterio, and `grass` on the
path for the last part. `python make.py` runs all, `python make.py richdem grass` some. Versions go to versions.txt.
"""

import csv
import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
import shapely

HERE = Path(__file__).parent
GROUND, WHOLE = HERE / "ground.tif", HERE / "whole.tif"
QUANTILES = (0.1, 0.25, 0.5, 0.9)
LEVELS = (30.0, 31.25)  # to which the whole terrain is graded
STAGES = (26.5, 28.5, 29.74, 30.2, 30.6, 31.0, 33.0)
SEED = (39_500_257.5, 3_756_762.0)  # in the deepest hollow


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return source.read(1)


def distinct_values() -> np.ndarray:
    """A raster on the same cells in which no two values are equal: cell i holds 7919·i modulo the number of cells."""
    rows, cols = read(WHOLE).shape
    return ((np.arange(rows * cols) * 7919) % (rows * cols)).reshape(rows, cols).astype(np.float64)


def bounds() -> tuple[float, float, float, float]:
    with rasterio.open(WHOLE) as source:
        return tuple(source.bounds)


def polygons():  # type: ignore[no-untyped-def]
    import geopandas as gpd

    with (HERE / "polygons.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return gpd.GeoDataFrame({"name": [r["name"] for r in rows]}, geometry=shapely.from_wkt([r["wkt"] for r in rows]), crs=4527)


def exactextract() -> None:
    import exactextract as ee

    shapes = polygons()
    asked = ["count", "sum", "mean", "min", "max", *(f"quantile(q={q})" for q in QUANTILES), "stdev"]
    table = ee.exact_extract(str(GROUND), shapes, asked, include_cols=["name"], output="pandas")
    table.to_csv(HERE / "exactextract.csv", index=False)
    cells = ee.exact_extract(str(GROUND), shapes, ["cell_id", "coverage"], include_cols=["name"], output="pandas")
    bare = ee.exact_extract(str(WHOLE), shapes, ["cell_id", "coverage"], include_cols=["name"], output="pandas")
    kept = {}
    for part, frame in (("ground", cells), ("whole", bare)):
        kept[f"{part}_owner"] = np.repeat(np.arange(len(frame), dtype=np.int16), frame["cell_id"].map(len))
        kept[f"{part}_cell"] = np.concatenate(frame["cell_id"].to_list()).astype(np.int32)
        kept[f"{part}_coverage"] = np.concatenate(frame["coverage"].to_list())
    np.savez_compressed(HERE / "exactextract_cells.npz", **kept)
    distinct = ee.raster.NumPyRasterSource(distinct_values(), *bounds(), srs_wkt=shapes.crs.to_wkt())
    asked = ["count", "sum", *(f"quantile(q={q})" for q in QUANTILES)]
    table = ee.exact_extract(distinct, shapes, asked, include_cols=["name"], output="pandas")
    table.to_csv(HERE / "exactextract_distinct.csv", index=False)


def rasterstats() -> None:
    import pandas as pd
    from rasterstats import zonal_stats

    shapes = polygons()
    tables = []
    for touched in (False, True):
        found = zonal_stats(
            shapes, str(GROUND), stats=["count", "sum", "mean", "min", "max", "median", "nodata"], all_touched=touched
        )
        tables.append(pd.DataFrame(found).assign(name=shapes["name"], all_touched=touched))
    pd.concat(tables).to_csv(HERE / "rasterstats.csv", index=False)


def fills() -> None:
    import pyflwdir
    import richdem
    import topotoolbox
    from skimage.morphology import reconstruction

    out = {}
    for part, path in (("ground", GROUND), ("whole", WHOLE)):
        z = read(path)
        for corners, name in ((8, "D8"), (4, "D4")):
            dem = richdem.rdarray(np.where(np.isfinite(z), z, -9999).astype(np.float32), no_data=-9999)
            out[f"{part}_richdem_{name}"] = np.asarray(richdem.FillDepressions(dem, epsilon=False, topology=name))
            filled, _ = pyflwdir.dem.fill_depressions(
                np.where(np.isfinite(z), z, np.float32(-9999)), nodata=-9999, outlets="edge", connectivity=corners
            )
            out[f"{part}_pyflwdir_{name}"] = filled
            footprint = np.ones((3, 3)) if corners == 8 else np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
            low = np.pad(np.where(np.isfinite(z), z, -9999.0), 1, constant_values=-9999.0)  # the outside takes water
            start = np.where(low > -9999, low.max(), low)
            out[f"{part}_skimage_{name}"] = reconstruction(start, low, method="erosion", footprint=footprint)[1:-1, 1:-1]
        grid = topotoolbox.GridObject()
        grid.z, grid.cellsize, grid.path, grid.name = np.asfortranarray(z), 5.0, "", ""
        out[f"{part}_topotoolbox_D8"] = np.asarray(grid.fillsinks(hybrid=False).z)
        out[f"{part}_topotoolbox_hybrid_D8"] = np.asarray(grid.fillsinks(hybrid=True).z)
    kept = {name: np.asarray(values, dtype=np.float32) for name, values in out.items()}
    np.savez_compressed(HERE / "filled.npz", **kept)


def richdem() -> None:
    """Depression hierarchy and fill–spill–merge. The world outside and cells without data are richdem's ocean."""
    import richdem as rd
    from richdem import depression_hierarchy as dh

    z = read(GROUND).astype(np.float64)
    ocean = np.pad(~np.isfinite(z), 1, constant_values=True)
    topo = np.pad(np.where(np.isfinite(z), z, -9999.0), 1, constant_values=-9999.0)

    def hierarchy():  # type: ignore[no-untyped-def]
        dem = rd.rdarray(topo, no_data=-1e9)
        labels = rd.rdarray(np.where(ocean, dh.OCEAN, dh.NO_DEP).astype(np.uint32), no_data=0)
        deps, flow = rd.get_depression_hierarchy(dem, labels)
        return dem, labels, deps, flow

    dem, labels, deps, flow = hierarchy()
    names = ["dep_label", "pit_cell", "out_cell", "pit_elev", "out_elev", "parent", "odep", "geolink"]
    names += ["lchild", "rchild", "ocean_parent", "cell_count", "dep_vol", "total_elevation"]
    with (HERE / "richdem_hierarchy.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([*names, "ocean_linked"])
        for d in deps:
            writer.writerow([*(repr(getattr(d, n)) for n in names), " ".join(map(str, d.ocean_linked))])
    kept = {"label": np.asarray(labels)[1:-1, 1:-1].astype(np.int32)}
    for rain in (0.02, 0.2, 100.0):
        dem, labels, deps, flow = hierarchy()
        water = rd.rdarray(np.where(ocean, 0.0, rain), no_data=-1e9)
        rd.fill_spill_merge(dem, labels, flow, deps, water)
        kept[f"water_{rain}"] = np.asarray(water)[1:-1, 1:-1]
    np.savez_compressed(HERE / "richdem_water.npz", **kept)


GRASS_SCRIPT = """
set -e
export GRASS_OVERWRITE=1 GRASS_MESSAGE_FORMAT=plain
r.in.gdal -o --quiet input={ground} output=ground
r.in.gdal -o --quiet input={whole} output=whole
g.region raster=ground
for stage in {stages}; do
  echo "## r.lake ground $stage"; r.lake elevation=ground water_level=$stage lake=lake coordinates={seed} 2>&1
  echo "## r.volume"; r.mapcalc --quiet "body = if(isnull(lake), null(), 1)"; r.volume input=lake clump=body 2>&1
  echo "## r.stats"; r.stats -an --quiet input=body
  echo "## r.univar"; r.univar -g --quiet map=lake
  echo "## bathtub"; r.mapcalc --quiet "tub = if(ground < $stage, $stage - double(ground), null())"; r.univar -g --quiet map=tub
done
for level in {levels}; do
  r.mapcalc --quiet "cut = if(ground > $level, double(ground) - $level, 0.)"
  r.mapcalc --quiet "fill = if(ground < $level, $level - double(ground), 0.)"
  echo "## cut $level"; r.univar -g --quiet map=cut
  echo "## fill $level"; r.univar -g --quiet map=fill
done
for part in ground whole; do
  r.fill.dir --quiet input=$part output=filled direction=dir
  r.out.gdal --quiet -c -f input=filled output={out}/$part.r_fill_dir.tif type=Float64 nodata=-9999
  r.fill.dir --quiet input=filled output=again direction=dir
  r.out.gdal --quiet -c -f input=again output={out}/$part.r_fill_dir_twice.tif type=Float64 nodata=-9999
  r.terraflow --quiet elevation=$part filled=filled direction=dir swatershed=w accumulation=acc tci=tci directory={out}
  r.out.gdal --quiet -c -f input=filled output={out}/$part.r_terraflow.tif type=Float64 nodata=-9999
done
"""


def grass() -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "run.sh"
        stages, seed = " ".join(map(str, STAGES)), ",".join(map(str, SEED))
        levels = " ".join(map(str, LEVELS))
        text = GRASS_SCRIPT.format(ground=GROUND, whole=WHOLE, stages=stages, levels=levels, seed=seed, out=folder)
        script.write_text(text, encoding="utf-8")
        run = subprocess.run(
            ["grass", "--tmp-location", "XY", "--exec", "bash", str(script)], capture_output=True, text=True, check=True
        )
        said = run.stdout[run.stdout.index("## r.lake") :].splitlines()
        said = [line for line in said if not line.endswith("..100") and line != "100"]  # the progress bars
        (HERE / "grass.txt").write_text("\n".join([*said, ""]), encoding="utf-8")
        kept = {f.stem.replace(".", "_"): read(f).astype(np.float32) for f in sorted(Path(folder).glob("*.tif"))}
        np.savez_compressed(HERE / "filled_grass.npz", **kept)


def versions() -> None:
    peers = ("exactextract", "rasterstats", "pyflwdir", "richdem-fork", "topotoolbox", "scikit-image", "numpy", "rasterio")
    lines = [f"{name} {importlib.metadata.version(name)}" for name in peers]
    grass_says = subprocess.run(["grass", "--version"], capture_output=True, text=True, check=True)
    first = next(line for line in (grass_says.stdout + grass_says.stderr).splitlines() if line.strip())
    (HERE / "versions.txt").write_text("\n".join([*lines, first, ""]), encoding="utf-8")


if __name__ == "__main__":
    for part in sys.argv[1:] or ("exactextract", "rasterstats", "fills", "richdem", "grass", "versions"):
        globals()[part]()
