"""Zhonghu (Huaibei): the assumptions the reconstruction is made from, and the layers they give.

Offsets are metres east and north of the site's centre. What is published, derived or assumed stands in ../zhonghu/SOURCES.md.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon, box

from recipes import write as files
from recipes.mining import Panel, Seam, district, subsidence
from recipes.network import Cut, fitted, halve, parcels, smooth_ring
from recipes.relief import CANAL, CITY_ROAD, DITCH, LANE, RAILWAY, RIVER, ROAD, Frame, noise
from recipes.sample import (
    Sample,
    Works,
    built,
    corridor,
    countryside,
    frame_of,
    panel_layer,
    pond_by,
    ponds_today,
    section_of,
    village,
)

CRS = "EPSG:4527"
CENTRE = (39_485_210.0, 3_758_130.0)  # 33.95 N 116.84 E, rounded to 10 m
YEAR = 2016
AREA_MU = 36_100.0
LEVEL = 30.5
PLAIN = 32.0
TABLE_DEPTH = 1.5
DRY_FALL, WET_RISE = 0.7, 0.5

OUTLINE = [
    (-2330, 2480), (-1500, 2560), (-400, 2620), (700, 2600), (1500, 2660), (2150, 2600), (2330, 2150), (2190, 1600),
    (2320, 1050), (2480, 500), (2390, -80), (2210, -600), (2290, -1150), (2470, -1650), (2430, -2150), (2200, -2500),
    (1300, -2480), (300, -2540), (-700, -2500), (-1700, -2450), (-2250, -2380), (-2390, -1700), (-2350, -800), (-2420, 200),
    (-2370, 1300),
]  # fmt: skip

XIANGCHENG, YANGZHUANG, DAIHE = ("相城煤矿", "Xiangcheng Mine"), ("杨庄煤矿", "Yangzhuang Mine"), ("岱河煤矿", "Daihe Mine")
SEAM_3 = Seam("3", 3.4, 330.0, 0.88, 1.9, 0.30, 5.0, 1.3)
SEAM_5 = Seam("5", 3.2, 410.0, 0.92, 1.9, 0.30, 6.0, 1.2)
SEAM_6 = Seam("6", 2.0, 460.0, 0.92, 1.8, 0.30, 10.0, 1.0)


def at(dx: float, dy: float) -> tuple[float, float]:
    """A place by its offset from the site's centre, m."""
    return CENTRE[0] + dx, CENTRE[1] + dy


PANELS: list[Panel] = [
    *district("X3", XIANGCHENG, SEAM_3, at(-980, 980), bearing_deg=70, lengths=(1300, 1650, 1850, 2050, 1950, 1700, 1400), width=204, pillar=6, first=1992, years_each=1.1),
    *district("X5", XIANGCHENG, SEAM_5, at(-900, 900), bearing_deg=70, lengths=(1350, 1650, 1850, 1800, 1450, 1150), width=204, pillar=6, first=2001, years_each=1.0),
    *district("D3", DAIHE, SEAM_3, at(1080, 820), bearing_deg=14, lengths=(1450, 1800, 1950, 1950, 1750, 0, 1350, 1050), width=196, pillar=6, first=1996, years_each=1.3),
    *district("D5", DAIHE, SEAM_5, at(1040, 640), bearing_deg=14, lengths=(1400, 1750, 1850, 1700, 1400, 1000), width=200, pillar=6, first=2008, years_each=1.2),
    *district("Y3", YANGZHUANG, SEAM_3, at(-60, -780), bearing_deg=112, lengths=(1050, 1450, 1800, 1950, 2000, 1800, 1450, 1000), width=194, pillar=6, first=1997, years_each=1.2),
    *district("Y5", YANGZHUANG, SEAM_5, at(60, -700), bearing_deg=112, lengths=(1150, 1500, 1750, 1800, 1650, 1300), width=202, pillar=6, first=2008.5, years_each=1.0),
    *district("S6", YANGZHUANG, SEAM_6, at(-1620, -1150), bearing_deg=85, lengths=(1500, 1800, 1900, 1800), width=220, pillar=60, first=2012.2, years_each=0.95),
    *district("E6", DAIHE, SEAM_6, at(1620, -1350), bearing_deg=104, lengths=(1500, 1700, 1800, 1700, 1400), width=220, pillar=60, first=2011.4, years_each=0.95),
    *district("N6", XIANGCHENG, SEAM_6, at(560, 2060), bearing_deg=4, lengths=(1900, 2200, 2000), width=210, pillar=60, first=2013.2, years_each=0.9),
]  # fmt: skip


RIVER_LINE = [
    (2540, 3300), (2520, 2700), (2500, 2200), (2350, 1600), (2490, 1050), (2650, 500), (2560, -80), (2380, -600), (2460, -1150),
    (2640, -1650), (2610, -2150), (2500, -2700), (2460, -3300),
]  # fmt: skip
RAILWAY_LINE = [(-2900, 2300), (-2620, 2520), (-2350, 2790), (-2000, 3020), (-1500, 3300)]
KEPT = [("柳湖村", "Liuhu Village", -1960, 420, 330), ("南岗村", "Nangang Village", 780, -2230, 300)]
MOVED = [
    ("前楼", "Qianlou", -1560, 2080, 260), ("后楼", "Houlou", -1250, 1230, 280), ("小李庄", "Xiaolizhuang", -420, 640, 240),
    ("孟圩", "Mengwei", 330, 2090, 270), ("双桥", "Shuangqiao", 1480, 2180, 250), ("大朱庄", "Dazhuzhuang", 1250, 980, 300),
    ("东湖集", "Donghuji", 1900, -250, 260), ("沈圩", "Shenwei", 420, -520, 280), ("魏庙", "Weimiao", -620, -1480, 250),
    ("西岗", "Xigang", -1720, -560, 270), ("石台", "Shitai", 1760, -1480, 280),
]  # fmt: skip
NAMES = [
    ("渠沟", "Qugou"), ("前陈", "Qianchen"), ("任圩", "Renwei"), ("孟圩", "Mengwei"), ("双桥", "Shuangqiao"), ("北岗", "Beigang"),
    ("柳湖", "Liuhu"), ("前楼", "Qianlou"), ("后楼", "Houlou"), ("王店", "Wangdian"), ("大朱庄", "Dazhuzhuang"), ("河西", "Hexi"),
    ("龙湾", "Longwan"), ("三里庙", "Sanlimiao"), ("小李庄", "Xiaolizhuang"), ("中湖", "Zhonghu"), ("黄桥", "Huangqiao"),
    ("东湖集", "Donghuji"), ("徐楼", "Xulou"), ("西岗", "Xigang"), ("张庙", "Zhangmiao"), ("沈圩", "Shenwei"), ("老窑", "Laoyao"),
    ("堤口", "Dikou"), ("蔡庄", "Caizhuang"), ("魏庙", "Weimiao"), ("杨庄", "Yangzhuang"), ("石台", "Shitai"), ("岱河湾", "Daihewan"),
    ("郭圩", "Guowei"), ("南岗", "Nangang"), ("周楼", "Zhoulou"), ("桑园", "Sangyuan"), ("沱北", "Tuobei"), ("宋庄", "Songzhuang"),
    ("梨园", "Liyuan"), ("十里铺", "Shilipu"), ("马桥", "Maqiao"), ("青谷", "Qinggu"), ("古饶", "Gurao"), ("凤凰台", "Fenghuangtai"),
    ("吴集", "Wuji"), ("高皇", "Gaohuang"), ("土型", "Tuxing"), ("黄里", "Huangli"), ("马场", "Machang"), ("新闸", "Xinzha"),
    ("庙前", "Miaoqian"), ("湖东", "Hudong"), ("湖南", "Hunan"), ("花园", "Huayuan"), ("瓦房", "Wafang"), ("界沟", "Jiegou"),
    ("芦塘", "Lutang"), ("枣园", "Zaoyuan"), ("窑湾", "Yaowan"), ("砖桥", "Zhuanqiao"), ("塘沿", "Tangyan"), ("官路", "Guanlu"),
    ("曹坊", "Caofang"),
]  # fmt: skip
FIELD_BEARING = 0.07
RANKS = ((ROAD, ROAD), (ROAD, CANAL), (CANAL, ROAD), (DITCH, ROAD), (DITCH, LANE))


def placed(points: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Offsets as coordinates, (n, 2)."""
    return np.array(points, float) + np.array(CENTRE)


def bent(points: list[tuple[float, float]]) -> LineString:
    """A smooth line along offsets."""
    xy = placed(points)
    for _ in range(3):
        xy = np.vstack(
            [xy[:1], np.column_stack([0.75 * xy[:-1] + 0.25 * xy[1:], 0.25 * xy[:-1] + 0.75 * xy[1:]]).reshape(-1, 2), xy[-1:]]
        )
    return LineString(np.round(xy, 2))


def enclaves() -> list[Polygon]:
    """The two villages that stay; they are no part of the treated area."""
    return [village(*at(x, y), size, k) for k, (_, _, x, y, size) in enumerate(KEPT)]


def outline() -> Polygon:
    """The treated area between the roads and the river, before it is scaled to the published area."""
    return smooth_ring(placed(OUTLINE))


def plain(frame: Frame) -> NDArray[np.float64]:
    """The ground before mining, m: 1:8 000 down to the south-east with broad swells."""
    x, y = frame.x - CENTRE[0], frame.y - CENTRE[1]
    return PLAIN - (0.55 * x - 0.83 * y) / 8_000 + 0.12 * noise(x, y, 900.0, 11) + 0.05 * noise(x, y, 260.0, 12)


def table(frame: Frame) -> NDArray[np.float64]:
    """The water table of a normal year, m: half as steep as the ground."""
    x, y = frame.x - CENTRE[0], frame.y - CENTRE[1]
    return PLAIN - TABLE_DEPTH - (0.55 * x - 0.83 * y) / 16_000


def recipe() -> Sample:
    """The whole site from the assumptions above."""
    holes = enclaves()
    edge = fitted(outline(), holes, CRS, area_mu=AREA_MU)
    _, cuts = halve(edge, largest_m2=620_000.0, bearing=FIELD_BEARING, seed=5)
    pieces = parcels(edge, cuts, holes)
    frame = Frame.around(edge.bounds, margin=220, cell=5.0)
    lost = subsidence(PANELS, frame.x, frame.y, YEAR)
    ground = np.round(_built(frame, edge, pieces, cuts) - lost, 2)
    wide = Frame.around(edge.bounds, margin=700, cell=100.0)
    depth = np.maximum(table(frame) - ground, 0.0)
    site = Polygon(edge.exterior, [h.exterior for h in holes])
    return Sample(
        frame=frame,
        rasters={"dem.tif": ground, "subsidence.tif": lost},
        coarse=(
            wide,
            {f"water_table_{k}.tif": table(wide) + d for k, d in (("normal", 0.0), ("dry", -DRY_FALL), ("wet", WET_RISE))},
        ),
        layers={
            "parcels": _parcels(pieces),
            "panels": panel_layer(PANELS, CRS),
            "constraints": _constraints(site, holes),
            "landuse": _landuse(frame, depth, site),
            "boundary": frame_of([{"name": "中湖治理范围", "name_en": "Zhonghu treated area", "geometry": site}], CRS),
        },
    )


def write(target: Path) -> None:
    """Writes the site's layers into a folder."""
    files.folder(target, recipe(), CRS, package="zhonghu.gpkg")


def _built(frame: Frame, edge: Polygon, pieces: list[Polygon], cuts: list[Cut]) -> NDArray[np.float64]:
    """The ground before mining with all that people had built on it, m."""
    world = box(*frame.bounds)
    river = bent(RIVER_LINE)
    lines = [(c.line, section_of(c, RANKS, 21)) for c in cuts]
    fields: list[Polygon] = []
    rest = shapely.get_parts(world.difference(edge.buffer(60)).difference(river.buffer(90)))
    for k, piece in enumerate([*pieces, *(p for p in rest if p.area > 40_000)]):
        inner, lanes = countryside(piece, bearing=FIELD_BEARING, largest_m2=70_000.0, seed=100 + k)
        fields += inner
        lines += [(c.line, section_of(c, ((LANE, DITCH),), 22)) for c in lanes]
    ring = edge.buffer(40).exterior.difference(river.buffer(75))
    lines += [(part, CITY_ROAD) for part in shapely.get_parts(ring)]
    lines += [(river, RIVER), (bent(RAILWAY_LINE), RAILWAY)]
    villages = [village(*at(x, y), size, 10 + k) for k, (_, _, x, y, size) in enumerate(MOVED)] + enclaves()
    ponds = [pond_by(v, k) for k, v in enumerate(villages)]
    hills = [(*at(-2480, 2290), 95.0, 17.0)]
    return built(frame, plain(frame), fields, Works(lines, villages, 1.1, ponds, hills), seed=31)


def _parcels(pieces: list[Polygon]) -> gpd.GeoDataFrame:
    """Parcels in reading order with names, the nearest mine and the phase of the works."""
    ordered = sorted(pieces, key=lambda p: (-round(p.centroid.y / 620), p.centroid.x))
    rows = []
    for k, (piece, (zh, en)) in enumerate(zip(ordered, NAMES, strict=False)):
        middle = piece.centroid
        mine = min(PANELS, key=lambda p: (p.x - middle.x) ** 2 + (p.y - middle.y) ** 2)
        rows.append(
            {
                "parcel_id": f"ZH-{k + 1:02d}",
                "name": f"{zh}片区",
                "name_en": f"{en} block",
                "mine": mine.mine,
                "mine_en": mine.mine_en,
                "phase": 1 if middle.y > CENTRE[1] + 1150 else 2,
                "geometry": piece,
            }
        )
    return frame_of(rows, CRS)


def _constraints(site: Polygon, holes: list[Polygon]) -> gpd.GeoDataFrame:
    """What rules targets out, whatever the ground is like."""
    river = bent(RIVER_LINE)
    roads = site.exterior.difference(river.buffer(300))
    belt = site.intersection(roads.buffer(45))
    line = LineString(placed([(-2700, -380), (-1150, -190), (620, -40), (2700, -620)]))
    rows = [
        ("village", f"{zh}保留区", f"{en}, kept: 50 m belt", "reservoir", hole.buffer(50).intersection(site))
        for (zh, en, *_), hole in zip(KEPT, holes, strict=True)
    ]
    rows += [
        ("green_belt", "环城道路防护绿带", "Green belt along the ring roads", "construction,arable,reservoir", belt),
        (
            "levee",
            "龙岱河堤防保护范围",
            "Longdai River levee protection",
            "construction,arable,reservoir",
            corridor(river, 330, site),
        ),
        ("power_line", "220千伏输电线路走廊", "220 kV power line corridor", "construction", corridor(line, 60, site)),
        ("substation", "110千伏变电站", "110 kV substation", "arable,reservoir", box(*at(-2150, 1480), *at(-2030, 1590))),
        (
            "heritage",
            "古墓群保护范围",
            "Ancient tombs, protected",
            "construction,arable,reservoir",
            village(*at(-1780, -2050), 230, 40),
        ),
        ("heritage", "老窑址", "Old kiln site", "construction,arable,reservoir", village(*at(2020, 1720), 170, 41)),
        (
            "railway",
            "矿区铁路安全保护区",
            "Mine railway safety zone",
            "construction,reservoir",
            corridor(bent(RAILWAY_LINE), 500, site),
        ),
        ("water_source", "备用水源井保护区", "Reserve well field", "construction", village(*at(-300, 2330), 260, 42)),
    ]
    keys = ("kind", "name", "name_en", "forbids", "geometry")
    return frame_of([dict(zip(keys, row, strict=True)) for row in rows if not row[4].is_empty], CRS)


def _landuse(frame: Frame, depth: NDArray[np.float64], site: Polygon) -> gpd.GeoDataFrame:
    """Land use today: open water as the terrain and the water table give it, the villages to be moved, fields elsewhere."""
    water = ponds_today(frame, depth, site, least_m2=4_000.0)
    villages = shapely.unary_union([village(*at(x, y), size, 10 + k) for k, (_, _, x, y, size) in enumerate(MOVED)])
    villages = villages.intersection(site).difference(water)
    rows = [
        {"landuse": "坑塘水面", "landuse_en": "open water", "geometry": water},
        {"landuse": "村庄", "landuse_en": "village", "geometry": villages},
        {"landuse": "旱地", "landuse_en": "dry cropland", "geometry": site.difference(water).difference(villages)},
    ]
    return frame_of(rows, CRS)
