"""The made-up ground and polygons that the peers and the planner are given: `python world.py` writes them beside itself.

ground.tif: 120 × 160 cells of 5 × 4 m, float32, rounded to centimetres, with nested hollows, terraces and level floors (ties),
2 cm of noise, two holes without data, one of them in a hollow, and a ragged margin without data in the west and north-east.
whole.tif: the same without missing cells. polygons.csv: what each polygon is for and its outline as WKT, EPSG:4527.
"""

from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin
from scipy import ndimage

HERE = Path(__file__).parent
ROWS, COLS, CELL_X, CELL_Y = 120, 160, 5.0, 4.0
WEST, NORTH = 39_500_000.0, 3_757_000.0


def whole() -> np.ndarray:
    rng = np.random.default_rng(20261122)
    y, x = np.mgrid[:ROWS, :COLS].astype(float)
    z = 32.0 + 0.004 * (x - 80) - 0.006 * (y - 60)
    z += 12.0 * ndimage.gaussian_filter(rng.normal(size=z.shape), 5)
    for row, col, depth, wide in ((60, 60, 4.0, 22), (52, 50, 1.5, 6), (68, 72, 1.2, 5), (35, 125, 3.0, 12), (95, 115, 2.0, 9)):
        z -= depth * np.exp(-((y - row) ** 2 + (x - col) ** 2) / (2.0 * wide**2))
    z += 3.5 * np.exp(-((y - 61) ** 2 + (x - 61) ** 2) / 18.0)  # an island
    z = np.where((x > 95) & (z > 32.2), np.minimum(z, np.maximum(32.2, np.floor(z * 2) / 2)), z)  # terraces
    z = np.where((y < 60) & (x > 100), np.maximum(z, 29.6), z)  # a level floor
    level = ((x > 95) & (z >= 32.2)) | (z == 29.6)
    return np.round(z + np.where(level, 0.0, rng.normal(0, 0.02, z.shape)), 2).astype(np.float32)


def with_holes(z: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:ROWS, :COLS]
    ragged = np.cumsum(rng.integers(-1, 2, ROWS))
    missing = (x < 4 + np.abs(ragged)[:, None] % 5) | (x - y > 148)
    missing |= (y >= 92) & (y < 97) & (x >= 112) & (x < 119)  # in the hollow in the south-east
    missing |= (y >= 15) & (y < 24) & (x >= 60) & (x < 63)
    return np.where(missing, np.float32(np.nan), z)


def polygons() -> dict[str, shapely.Geometry]:
    rng = np.random.default_rng(3)
    w, n, e, s = WEST, NORTH, WEST + COLS * CELL_X, NORTH - ROWS * CELL_Y

    def star(x: float, y: float, size: float, corners: int) -> shapely.Polygon:
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        r = size * rng.uniform(0.35, 1.0, corners)
        xy = np.column_stack((w + x + r * np.cos(angle), s + y + r * np.sin(angle)))
        return shapely.Polygon(np.round(xy, 3))

    lake = star(300, 240, 150, 40)
    shapes = {
        "one whole cell": shapely.box(w + 300, s + 200, w + 305, s + 204),
        "a part of one cell": shapely.box(w + 301, s + 201, w + 303.5, s + 203),
        "on the cells' borders": shapely.box(w + 200, s + 100, w + 300, s + 180),
        "half a cell off": shapely.box(w + 202.5, s + 102, w + 302.5, s + 182),
        "many corners": lake,
        "with a hole": shapely.Polygon(lake.exterior, [shapely.box(w + 280, s + 220, w + 320.5, s + 260.3).exterior]),
        "in two parts": shapely.MultiPolygon([star(120, 360, 60, 12), star(650, 110, 70, 9)]),
        "a sliver along": shapely.box(w + 100, s + 300.2, w + 700, s + 300.7),
        "a sliver across": shapely.Polygon([(w + 60, s + 40), (w + 760, s + 450), (w + 760, s + 450.05)]),
        "half outside": star(790, 240, 120, 15),
        "corner outside": shapely.box(e - 33.3, n - 21.7, e + 50, n + 50),
        "wholly outside": shapely.box(e + 10, s, e + 60, n),
        "over the hole without data": shapely.box(w + 540, s + 70, w + 610, s + 130),
        "only where nothing is known": shapely.box(w + 561, s + 93, w + 594, s + 111),
        "over the ragged margin": shapely.box(w - 20, s + 50, w + 60, s + 400),
        "larger than the terrain": shapely.box(w - 1000, s - 1000, e + 1000, n + 1000),
    }
    for k in range(1, 25):
        x, y, size, corners = rng.uniform(0, 800), rng.uniform(0, 480), rng.uniform(8, 140), int(rng.integers(3, 60))
        shapes[f"star {k}"] = star(x, y, size, corners)
    return shapes


def write() -> None:
    ground = whole()
    place = from_origin(WEST, NORTH, CELL_X, CELL_Y)
    common = {"driver": "GTiff", "width": COLS, "height": ROWS, "count": 1, "dtype": "float32", "crs": "EPSG:4527"}
    for name, values in (("whole", ground), ("ground", with_holes(ground))):
        with rasterio.open(HERE / f"{name}.tif", "w", transform=place, nodata=np.nan, compress="deflate", **common) as out:
            out.write(values, 1)
    rows = [f'"{name}","{shapely.to_wkt(shape, rounding_precision=3)}"' for name, shape in polygons().items()]
    (HERE / "polygons.csv").write_text("\n".join(["name,wkt", *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    write()
