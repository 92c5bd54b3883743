"""Chinese for what storage curves say in English."""

from __future__ import annotations

import re
from typing import Final

from planner.words import Message, render

_LEVELS = r"(?P<levels>[-\d., …]+)"
NOTES_ZH: Final = (
    (rf"no water at {_LEVELS} m: the bed lies at (?P<bed>\S+) m", r"\g<levels>米处无水：底高程为\g<bed>米"),
    (
        rf"at {_LEVELS} m the water leaves over the rim at (?P<rim>\S+) m, (?P<over>\S+) m lower; "
        "what lies above the rim is held only behind a dyke",
        r"\g<levels>米时水已从高程\g<rim>米的溢出口流出（低\g<over>米）；溢出口以上的水量须筑堤才能存住",
    ),
    (
        rf"at {_LEVELS} m the water stands at the edge of the data \(from (?P<edge>\S+) m on\); beyond it may hold more",
        r"\g<levels>米时水面已到数据边缘（自\g<edge>米起）；数据以外可能还存有水量",
    ),
    (r"the water leaves too far away to be followed in memory; no spill level", "溢出口过远，内存中无法追踪；未给出溢流水位"),
    (r"(?P<less>\S+) m² of (?P<all>\S+) m² have no ground and hold nothing",
     r"\g<all>平方米中有\g<less>平方米无地面数据，不计水量"),
    (r"the terrain names no CRS; its coordinates are taken to be metres", "地形文件未给出坐标系；坐标按米处理"),
    (r"the terrain has (?P<bands>\d+) bands; band (?P<band>\d+) is read", r"地形文件有\g<bands>个波段；读取第\g<band>波段"),
    (r"the terrain holds no ground: every cell is missing", "地形数据没有有效地面：所有像元均缺失"),
    (r"the terrain names no CRS; taken to be in the polygons', (?P<crs>.+)",
     r"地形文件未给出坐标系；按图斑的坐标系（\g<crs>）处理"),
    (r"the terrain is called (?P<name>'.+'): elevations, upward, are expected; ", r"地形数据名为\g<name>：应为向上的高程；"),
    (r"(?P<share>\S+) of the ground lies at exactly 0 m, none lower; ", r"\g<share>的地面恰为0米且无更低者；"),
    (r"where 0 stands for missing ground, declare it as no-data; ", "若0表示缺失，请声明为无数据值；"),
    (r"where the numbers are depths below a surface, give the surface less the depth",
     "若数值为水面或原地面以下的深度，请改用该面高程减去深度"),
    (r"^polygon (?P<number>\d+): ", r"第\g<number>个图斑："),
    (r"(?P<count>\d+) cells of (?P<value>\S+) without a declared no-data value; taken as missing",
     r"\g<count>个像元的值为\g<value>，文件未声明无数据值；按缺失处理"),
    (r"elevations in (?P<unit>.+): times (?P<factor>\S+)", r"高程单位为\g<unit>：乘以\g<factor>"),
    (r"the vertical axis points down: depths turned into elevations", "垂直轴向下：水深已换算为高程"),
    (r": turned north-up", "：已翻转为北朝上"),
    (r": rotated; resampled north-up \(bilinear\)", "：影像有旋转；已双线性重采样为北朝上"),
)  # fmt: skip


def note_zh(note: Message | str) -> str:
    """A note of a storage curve in Chinese; unchanged where there is none."""
    text = render(note, "zh")
    for english, chinese in NOTES_ZH:
        text = re.sub(english, chinese, text)
    return text
