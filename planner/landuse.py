"""The targets a piece of land can be given and the treatments that lead there, with their names and colours."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Target:
    """A land-use target: key, English and Chinese name, colours of the soft, high-contrast and survey-style palettes."""

    key: str
    en: str
    zh: str
    colour: str
    contrast: str
    survey: str


TARGETS: Final = {
    t.key: t
    for t in (
        Target("construction", "Construction land", "建设用地", "#B5373A", "#A82E16", "#FF0000"),
        Target("arable", "Arable land", "耕地", "#FFF0A0", "#FFFF43", "#FFFF00"),
        Target("green", "Green space", "绿地", "#6DBE73", "#53C6A2", "#00B050"),
        Target("reservoir", "Reservoir", "水库水面", "#174A8A", "#011C87", "#0070C0"),
        Target("unrestored", "Unrestored", "未治理", "#B9B4AB", "#8C8C8C", "#BFBFBF"),
    )
}
LAND: Final = ("construction", "arable", "green")  # what counts as restored mu
CHOICES: Final = ("construction", "arable", "green", "reservoir")
UNRESTORED: Final = "unrestored"


@dataclass(frozen=True)
class Treatment:
    """A way to reach a target: key, the targets it serves, English and Chinese name."""

    key: str
    targets: tuple[str, ...]
    en: str
    zh: str


TREATMENTS: Final = {
    t.key: t
    for t in (
        Treatment("level", LAND, "level within the unit", "就地平整"),
        Treatment("fill", LAND, "fill to the platform with lake spoil", "挖深填浅，填至设计高程"),
        Treatment("raise", ("construction", "green"), "fill above the platform", "抬高填方"),
        Treatment("mound", ("green",), "landscape mound", "堆山造景"),
        Treatment("wetland", ("green",), "purification wetland", "净化湿地"),
        Treatment("forest", ("green",), "plant as it lies", "就地造林"),
        Treatment("keep", ("reservoir",), "keep the bed as it is", "保持现状湖底"),
        Treatment("dig_1", ("reservoir",), "dig the bed 1 m deeper", "挖深1米"),
        Treatment("dig_2", ("reservoir",), "dig the bed 2 m deeper", "挖深2米"),
        Treatment("dig_3", ("reservoir",), "dig the bed 3 m deeper", "挖深3米"),
        Treatment("dig_4", ("reservoir",), "dig the bed 4 m deeper", "挖深4米"),
        Treatment("none", (UNRESTORED,), "leave as it is", "维持现状"),
    )
}
DIG_DEPTH_M: Final = {"keep": 0.0, "dig_1": 1.0, "dig_2": 2.0, "dig_3": 3.0, "dig_4": 4.0}


@dataclass(frozen=True)
class Cover:
    """What covers the land today: key, English and Chinese name, colour, and words that land-use columns call it by."""

    key: str
    en: str
    zh: str
    colour: str
    words: tuple[str, ...]


# By meaning, in the order a legend has them; colours as Chinese readers expect them (built red, arable yellow, water blue).
# The first cover one of whose words occurs in a text has it: the narrow ones stand before the wide ones.
# Source: first and second level names and codes of GB/T 21010-2017; words of common English legends.
COVERS: Final = tuple(
    Cover(key, en, zh, colour, tuple(words.split()))
    for key, en, zh, colour, words in (
        (
            "water",
            "Water",
            "水域",
            "#5B9BD5",
            "坑塘 水面 河流 湖泊 沟渠 滩涂 水域 积水 1101 1102 1103 1104 1107 water pond lake river",
        ),
        ("paddy", "Paddy field", "水田", "#F2D36B", "水田 0101 paddy"),
        ("cropland", "Cropland", "耕地", "#F7E29A", "旱地 水浇地 耕地 农田 0102 0103 crop arable farmland"),
        ("orchard", "Orchard", "园地", "#C9D98A", "园地 果园 茶园 0201 0202 0203 0204 orchard"),
        ("forest", "Woodland", "林地", "#5FA564", "林 0301 0302 0305 0307 wood forest"),
        ("grass", "Grassland", "草地", "#B5D99C", "草 0401 0403 0404 grass meadow"),
        ("wetland", "Wetland", "湿地", "#8CC7B8", "湿地 沼泽 0303 0304 0306 0402 1105 1106 1108 wetland marsh"),
        ("mining", "Mine and works", "工矿用地", "#A9746E", "工矿 采矿 工业 仓储 矿 0601 0602 mine mining industr"),
        ("traffic", "Roads and rail", "交通用地", "#9A9A9A", "公路 道路 铁路 交通 1001 1003 1004 1006 road rail traffic"),
        (
            "village",
            "Village and town",
            "村镇",
            "#D98880",
            "村 宅基 居民 城 镇 住宅 建设 0701 0702 village town settlement built urban",
        ),
        ("bare", "Unused land", "未利用地", "#DDD3C2", "裸 未利用 荒 盐碱 bare unused"),
    )
)


def cover_of(text: str) -> Cover | None:
    """The cover a land-use text means; None where no word of it is known."""
    lowered = text.lower()
    return next((cover for cover in COVERS if any(word in lowered for word in cover.words)), None)


CODE: Final = re.compile(r"(?<![0-9a-z])\d{2,6}[a-z]?(?![0-9a-z])")
PARTS: Final = re.compile(rf"[()\[\]{{}}<>,;/|:·_（）【】〔〕、，；：]|{CODE.pattern}")


def means_use(text: str, names: Collection[str], codes: tuple[str, ...]) -> bool:
    """Whether a land-use text is one of some uses: by a name, or by a code of the national classification it begins with.

    Names and codes stand alone or together (`0103 旱地`, `旱地（0103）`), in any case; spaces between Chinese characters do not
    count. names: in lower case. codes: beginnings of codes.
    """
    plain = re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", " ".join(text.lower().split()))
    return any(part.strip() in names for part in (plain, *PARTS.split(plain))) or any(
        code.startswith(codes) for code in CODE.findall(plain)
    )


ONE_ZONE: Final = {"fill": "level"}  # works that are one zone side by side: both grade the ground to a platform
