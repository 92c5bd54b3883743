"""Writes polygons.csv and has GeographicLib's Python port and GRASS measure it on the CGCS2000 ellipsoid; no test runs it.

Needs geographiclib, shapely, numpy, and `grass` on the path. Semi-major axis 6 378 137 m, flattening 1/298.257222101.
"""

import csv
import importlib.metadata
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import shapely
from geographiclib.geodesic import Geodesic

HERE = Path(__file__).parent
CGCS2000 = Geodesic(6378137.0, 1 / 298.257222101)


def polygons() -> dict[str, shapely.Geometry]:
    rng = np.random.default_rng(11)

    def star(lon: float, lat: float, size_m: float, corners: int) -> shapely.Polygon:
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        r = size_m / 111_000 * rng.uniform(0.5, 1.0, corners)
        xy = np.column_stack((lon + r * np.cos(angle) / np.cos(np.radians(lat)), lat + r * np.sin(angle)))
        return shapely.Polygon(np.round(xy, 9))

    shapes = {}
    for lat in (0.5, 18.2, 33.95, 34.367, 39.0, 53.3, -27.0):
        for size in (60.0, 900.0, 8_000.0):
            shapes[f"star of {size:.0f} m at {lat}"] = star(100 + rng.uniform(0, 20), lat, size, 32)
    outer = star(116.84, 33.95, 3_000.0, 50)
    shapes["with two holes"] = shapely.Polygon(
        outer.exterior, [star(116.835, 33.95, 300.0, 9).exterior, star(116.847, 33.952, 200.0, 7).exterior]
    )
    shapes["in three parts"] = shapely.MultiPolygon([star(117.3, 34.3 + 0.1 * k, 700.0, 12) for k in range(3)])
    shapes["a sliver"] = shapely.Polygon([(110.0, 38.0), (110.02, 38.01), (110.02, 38.01 + 1e-7)])
    shapes["a sheet of 1:10000"] = shapely.box(110.0625, 35.0, 110.125, 35.041666667)
    shapes["a county"] = star(104.0, 30.0, 60_000.0, 200)
    shapes["a degree square"] = shapely.box(95.0, 40.0, 96.0, 41.0)
    shapes["across the date line"] = shapely.Polygon([(179.9, 10.0), (180.1, 10.0), (180.1, 10.2), (179.9, 10.2)])
    return shapes


def ring_area(ring: shapely.LinearRing) -> float:
    found = CGCS2000.Polygon()
    for lon, lat in list(ring.coords)[:-1]:
        found.AddPoint(lat, lon)
    return abs(found.Compute(False, True)[2])


def by_geographiclib(shape: shapely.Geometry) -> float:
    return sum(ring_area(p.exterior) - sum(map(ring_area, p.interiors)) for p in shapely.get_parts(shape))


def by_grass(shapes: dict[str, shapely.Geometry]) -> dict[str, float]:
    """v.to.db of the small ones, with points every 1e-3 degrees along straight lines in longitude and latitude."""
    asked = {n: s for n, s in shapes.items() if s.length < 1.0}
    features = [
        {"type": "Feature", "properties": {"n": k + 1}, "geometry": shapely.geometry.mapping(shapely.segmentize(s, 1e-3))}
        for k, s in enumerate(asked.values())
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "p.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        script = Path(folder) / "run.sh"
        script.write_text(
            f"v.in.ogr -o --quiet input={file} output=p snap=-1 && g.proj -p >&2 && "
            "v.to.db -p --quiet map=p option=area columns=area units=meters separator=comma",
            encoding="utf-8",
        )
        run = subprocess.run(
            ["grass", "--tmp-location", "EPSG:4490", "--exec", "bash", str(script)], capture_output=True, text=True, check=True
        )
    rows = [line.split(",") for line in run.stdout.splitlines() if line and line[0].isdigit()]
    names = list(asked)
    return {names[int(cat) - 1]: float(area) for cat, area in rows}


def main() -> None:
    shapes = polygons()
    grass = by_grass(shapes)
    with (HERE / "polygons.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["name", "geographiclib_m2", "grass_m2", "wkt"])
        for name, shape in shapes.items():
            writer.writerow(
                [name, repr(by_geographiclib(shape)), grass.get(name, ""), shapely.to_wkt(shape, rounding_precision=-1)]
            )
    print("geographiclib", importlib.metadata.version("geographiclib"))


if __name__ == "__main__":
    main()
