"""The targets a piece of land can be given and the treatments that lead there, with their names and colours."""

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
