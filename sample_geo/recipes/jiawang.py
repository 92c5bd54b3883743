"""Jiawang's programme: 82 subsidence projects on one district terrain, closing on 69 200 mu. A reconstruction.

Published: 82 projects, 69 200 mu, Pan'an 17 400 mu, Jieyou Lake 770 mu. Everything else, where the other 80 lie and how
large each is, is made from the seed below.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from recipes import write
from recipes.mining import Panel, Seam, district, subsidence
from recipes.network import fitted
from recipes.recipe import Sample, above
from recipes.relief import Frame, hashed, noise

Floats = NDArray[np.float64]
CRS = "EPSG:4527"
CENTRE = (39534770.0, 3804440.0)  # Pan'an Lake, 34.367 N 117.378 E
CELL_M, FINE_M = 20.0, 20.0
SEED, COUNT = 2010, 82
WHOLE_MU, PANAN_MU, JIEYOU_MU = 69_200.0, 17_400.0, 770.0
BOX = (-13_500.0, -6_500.0, 15_500.0, 11_500.0)  # where projects lie, m from the centre: assumed
APART_M = 260.0
PLAIN_M, FALL = 31.0, (0.3 / 6500.0, -0.95 / 6500.0)  # as in recipes/panan.toml
YEAR = 2010.0
MINES = (("权台矿", "Quantai mine"), ("旗山矿", "Qishan mine"), ("韩桥矿", "Hanqiao mine"), ("青山泉矿", "Qingshanquan mine"))
PLACES = (
    ("大吴", "Dawu"),
    ("青山泉", "Qingshanquan"),
    ("紫庄", "Zizhuang"),
    ("塔山", "Tashan"),
    ("汴塘", "Biantang"),
    ("江庄", "Jiangzhuang"),
    ("贾汪", "Jiawang"),
    ("潘安", "Pan'an"),
    ("老矿", "Laokuang"),
    ("夏桥", "Xiaqiao"),
    ("权台", "Quantai"),
    ("旗山", "Qishan"),
    ("韩桥", "Hanqiao"),
    ("董庄", "Dongzhuang"),
    ("瓦庄", "Wazhuang"),
    ("马庄", "Mazhuang"),
    ("西段", "Xiduan"),
    ("白集", "Baiji"),
    ("屯头", "Tuntou"),
    ("耿集", "Gengji"),
)


def areas() -> Floats:
    """Mu of the 82 projects: the two published ones first, the others log-normal, whole tenths, closing on the total."""
    spread = np.sqrt(-2 * np.log(1 - hashed(np.arange(COUNT - 2), 1, SEED))) * np.cos(
        2 * np.pi * hashed(np.arange(COUNT - 2), 2, SEED)
    )
    sizes = np.exp(0.55 * spread)
    rest = WHOLE_MU - PANAN_MU - JIEYOU_MU
    mu = np.floor(sizes / sizes.sum() * rest * 10) / 10
    mu[0] += rest - mu.sum()
    return np.r_[PANAN_MU, JIEYOU_MU, np.round(mu, 1)]


def places(mu: Floats) -> Floats:
    """Middles of the projects, m from the centre, (82, 2): as far apart as their sizes ask, the largest placed first."""
    radius = np.sqrt(mu * 10_000 / 15 / np.pi) * 1.25
    found = np.full((COUNT, 2), np.nan)
    found[0], found[1] = (0.0, 0.0), (3_150.0, 1_500.0)
    for i in (2 + np.argsort(-mu[2:], kind="stable")).tolist():
        known = np.flatnonzero(np.isfinite(found[:, 0]))
        for k in range(4000):
            x, y = (BOX[a] + (BOX[a + 2] - BOX[a]) * float(hashed(i, 100 + 2 * k + a, SEED)) for a in (0, 1))
            if (np.hypot(*(found[known] - (x, y)).T) > radius[known] + radius[i] + APART_M).all():
                found[i] = x, y
                break
        else:
            raise ValueError(f"project {i}: no room left in the box; widen it")
    return found


def panels_of(i: int, mu: float, middle: Floats) -> list[Panel]:
    """Panels side by side under a project, in the long run as large as it."""
    wide = float(np.sqrt(mu * 10_000 / 15))
    count = max(1, round(wide / 320))
    length = wide * (0.85 + 0.4 * float(hashed(i, 7, SEED)))
    depth = 250.0 + 200.0 * float(hashed(i, 8, SEED))
    thick = (1.9 + 3.3 * float(hashed(i, 9, SEED))) if i != 1 else 6.6
    seam = Seam("1", round(thick, 2), round(depth), 0.82, 1.9, 0.30, 0.0, 2.0)
    mine = MINES[int(4 * float(hashed(i, 10, SEED)))]
    centre = (CENTRE[0] + float(middle[0]), CENTRE[1] + float(middle[1]))
    lengths = tuple(float(round(length * (0.8 + 0.4 * float(hashed(i, 20 + k, SEED))))) for k in range(count))
    first = 1988.0 + 14.0 * float(hashed(i, 11, SEED))
    bearing = 180.0 * float(hashed(i, 12, SEED))
    return district(
        f"J{i + 1:02d}-",
        mine,
        seam,
        centre,
        bearing_deg=bearing,
        lengths=lengths,
        width=300.0,
        pillar=20.0,
        first=first,
        years_each=1.0,
    )


def outline(panels: list[Panel], area_mu: float) -> Polygon:
    """The contour of what these panels sank that holds an area, scaled until it holds it on the ellipsoid."""
    x, y = np.mean([(p.x, p.y) for p in panels], axis=0)
    reach = 1.6 * float(np.sqrt(area_mu * 10_000 / 15)) + 400.0
    frame = Frame.around((x - reach, y - reach, x + reach, y + reach), margin=0, cell=FINE_M)
    lost = subsidence(panels, frame.x, frame.y, YEAR)
    low, high = 0.02, float(lost.max())
    for _ in range(24):
        middle = 0.5 * (low + high)
        shape = max(above(frame, lost, middle, least_m2=1e4).geoms, key=lambda s: s.area, default=Polygon())
        low, high = (middle, high) if shape.area * 15 / 10_000 > area_mu else (low, middle)
    shape = max(above(frame, lost, low, least_m2=1e4).geoms, key=lambda s: s.area)
    ring = Polygon(Polygon(shape.exterior).buffer(30.0).buffer(-60.0).buffer(30.0).simplify(8.0).exterior)
    return fitted(ring, [], CRS, area_mu=area_mu)


def sample() -> Sample:
    """The programme's layers: projects, panels, the district's ground and what it lost."""
    mu = areas()
    middles = places(mu)
    rows, panels = [], []
    for i in range(COUNT):
        mine = panels_of(i, mu[i], middles[i])
        shape = outline(mine, float(mu[i]))
        panels += mine
        k = int(20 * float(hashed(i, 13, SEED)))
        zh, en = (
            ("潘安湖", "Pan'an Lake")
            if i == 0
            else ("解忧湖", "Jieyou Lake")
            if i == 1
            else (f"{PLACES[k][0]}{i + 1}号", f"{PLACES[k][1]} no. {i + 1}")
        )
        rows.append(
            {
                "project_id": f"JW{i + 1:02d}",
                "name": zh,
                "name_en": en,
                "mine": mine[0].mine,
                "area_mu": round(float(mu[i]), 1),
                "geometry": shape,
            }
        )
    projects = gpd.GeoDataFrame(rows, crs=CRS)
    projects["geometry"] = _apart(projects)
    frame = Frame.around(tuple(projects.total_bounds), margin=400, cell=CELL_M)
    lost = np.round(subsidence(panels, frame.x, frame.y, YEAR), 2)
    plain = PLAIN_M + FALL[0] * (frame.x - CENTRE[0]) + FALL[1] * (frame.y - CENTRE[1])
    plain = plain + 0.25 * noise(frame.x, frame.y, 1100.0, 61) + 0.08 * noise(frame.x, frame.y, 280.0, 62)
    return Sample(CRS, {"dem.tif": (frame, np.round(plain - lost, 2)), "subsidence.tif": (frame, lost)}, {"projects": projects})


def _apart(projects: gpd.GeoDataFrame) -> list[Polygon]:
    """Outlines without what lies in another: the smaller keeps its own, the larger is scaled until it closes again."""
    shapes = list(projects.geometry)
    mu = projects["area_mu"].to_numpy()
    for i in np.argsort(-mu, kind="stable").tolist():
        others = shapely.union_all([shapes[k].buffer(10.0) for k in range(len(shapes)) if k != i and mu[k] <= mu[i]])
        if not others.intersects(shapes[i]):
            continue
        whole = shapes[i]
        for _ in range(12):
            cut = max(shapely.get_parts(whole.difference(others)), key=lambda s: s.area)
            cut = Polygon(cut.exterior)
            holes = []
            shapes[i] = fitted(cut, holes, CRS, area_mu=float(mu[i]))
            if shapes[i].intersection(others).area < 1.0:
                break
            whole = shapes[i]
    return shapes


def build(target: Path) -> None:
    """Writes the programme's layers beside its hand-written files."""
    write.folder(target, sample())
