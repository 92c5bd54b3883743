"""The reader's refusals in Chinese: each English sentence has its Chinese one, with the same names and numbers in it."""

# ruff: noqa: E501 - a sentence and its translation stand on one line, to be read side by side

from __future__ import annotations

import re
from typing import Final

from planner.words import Message, render

# (English pattern, Chinese sentence); \1, \2 … are what the pattern's groups found.
_SENTENCES: Final = (
    (r"(.+): no such file or folder(.*)", r"\1：没有这个文件或文件夹\2"),
    (r"(.+): no such file; `planner init POLYGONS` writes one", r"\1：没有这个文件；可用 `planner init 沉陷区文件` 生成"),
    (r"(.+): no such file(.*)", r"\1：没有这个文件\2"),
    (r"(.+): no site\.toml in this folder; name the file: (.+), or write one with .*", r"\1：文件夹中没有 site.toml；请指明文件：\2，或用 `planner init` 生成"),
    (r"(.+): no site\.toml in this folder, or write one with .*", r"\1：文件夹中没有 site.toml；可用 `planner init 沉陷区文件` 生成"),
    (r"(.+) lies outside the site's folder; .*", r"\1 在场地文件夹之外；请移入，或用 --set site.outside_paths=true 允许"),
    (r"(.+): only files on this machine are read; download it first", r"\1：只读取本机文件；请先下载"),
    (r"(.+): holds no cells but may point to a server; .*", r"\1：不含栅格数据，可能指向服务器；只读取本机栅格"),
    (r"(.+): (\.\S+|a file without suffix) is not read as a raster; use one of (.+)", r"\1：不支持 \2 栅格；可用格式：\3"),
    (r"path (.+) is empty or holds a NUL character", r"路径 \1 为空或含 NUL 字符"),
    (r"(.+): not a usable path \((.+), (\d+) characters\)", r"\1：路径不可用（\2，\3 个字符）"),
    (r"(.+): the file is empty \(0 bytes\)", r"\1：空文件（0 字节）"),
    (r"(.+): holds no features", r"\1：没有要素"),
    (r"(.+): its first bytes are not those of an? (.+) file; .*", r"\1：文件头不是 \2 格式；是否改过扩展名或被截断？"),
    (r"(.+): cannot be read as a raster \((.+)\)", r"\1：不能作为栅格读取（\2）"),
    (r"(.+): cannot be read as (.+?) \((.+)\)", r"\1：不能作为 \2 读取（\3）"),
    (r"(.+): cannot be read \((.+)\)", r"\1：不能读取（\2）"),
    (r"(.+): (\.\S+|a file without suffix) is not read; use one of (.+)", r"\1：不支持 \2；可用格式：\3"),
    (r"(.+): may not be read; check its permissions", r"\1：无权读取；请检查文件权限"),
    (r"(.+): vanished while it was read; .*", r"\1：读取时文件消失；请放回后重试"),
    (r"(.+): its text is neither UTF-8 nor GB18030; .*", r"\1：文字既非 UTF-8 也非 GB18030；请用 --encoding 指明编码"),
    (r"(.+): (?:byte \d+|its text) is not (.+); name the encoding with --encoding", r"\1：文字不是 \2 编码；请用 --encoding 指明"),
    (r"(.+): no encoding (.+?); e\.g\. .*", r'\1：没有编码 \2；例如 "GB18030"、"UTF-8"、"Big5"'),
    (r"(.+): holds (\d+) polygon layers \((.+)\); say which: (.+)", r"\1：有 \2 个面图层（\3）；请指明：\4"),
    (r"(.+): no layer (.+?)； ?(.*)it has (.+)", r"\1：没有图层 \2；\3现有：\4"),
    (r"(.+): no layer with geometry; it has (.+)", r"\1：没有带图形的图层；现有：\2"),
    (r"(.+): no layer (.+); it has (.+)", r"\1：没有图层 \2；现有：\3"),
    (r"(.+): no sheet (.+); it has (.+)", r"\1：没有工作表 \2；现有：\3"),
    (r"(.+): one vector file is expected in the archive, found (.+); .*", r"\1：压缩包中应只有一个矢量文件，找到：\2；请解压后指明"),
    (r"(.+): polygon (.+) has (\d+) vertices, at least 3 are needed", r"\1：面 \2 只有 \3 个点，至少需要 3 个"),
    (r"(.+): no geometry; it needs a WKT column, .* \(it has (.*)\)", r"\1：没有图形；需要 WKT 列，或每行一个顶点的 x、y 列（现有：\2）"),
    (r"(.+): row (\d+), column (.+): (.+) is not WKT", r"\1：第 \2 行，\3 列：\4 不是 WKT"),
    (r"(.+): row (\d+), column (.+): (.+) is no number", r"\1：第 \2 行，\3 列：\4 不是数"),
    (r"(.+): row (\d+), column (.+): (.+) is no coordinate", r"\1：第 \2 行，\3 列：\4 不是坐标"),
    (r"(.+): row (\d+), column (.+): infinite", r"\1：第 \2 行，\3 列：数值无穷大"),
    (r"(.+): row (\d+), column (.+): (.+) is negative while others are positive", r"\1：第 \2 行，\3 列：\4 为负，而其他为正"),
    (r"(.+): column (.+) holds true/false, not depths", r"\1：\2 列是真假值，不是深度"),
    (r"(.+): column (.+) goes up to (\S+): centimetres or millimetres\? .*", r'\1：\2 列最大 \3：厘米还是毫米？请指明：layers.polygons.unit = "cm"（或 "mm"）'),
    (r"(.+): depth (\S+) (\w+) in (.+) is deeper than any known subsidence .*", r'\1：\4 列深度 \2 \3 超过已知最大沉陷（60 米）；请给出单位：layers.polygons.unit = "mm"'),
    (r"layers\.polygons\.unit = (.+): .*", r'layers.polygons.unit = \1：应为 "m"、"cm" 或 "mm"'),
    (r"no depth: .*", r'没有深度：未识别出深度字段，也未给出 layers.subsidence；请指明字段：layers.polygons = {path = "…", depth = "…"}，或给出栅格或数值'),
    (r"parcel (.+) and (\d+) more have no depth; .*", r"地块 \1 等（另有 \2 个）没有深度；请补全字段或给出 layers.subsidence"),
    (r"(.+): no column (.+?)； ?(.*)it has (.+)", r"\1：没有字段 \2；\3现有：\4"),
    (r"(.+): no column (.+); it has (.+)", r"\1：没有字段 \2；现有：\3"),
    (r"(.+): holds no polygon with an area; its (\d+) features are (.+)", r"\1：没有具有面积的面；其 \2 个要素为 \3"),
    (r"(.+): no CRS, and x ≈ (\S+) without a zone number fits every zone; say which with (\S+) or --crs.*", r'\1：没有坐标系，x ≈ \2 不带带号，任何带都可能；请用 \3 或 --crs 指明，如 "EPSG:4548"（中央经线 117°）'),
    (r"(.+): no CRS, axes look swapped \((.+)\) and there is no zone number; .*", r"\1：没有坐标系，坐标轴似互换（\2），且无带号；请给出坐标系并调换坐标"),
    (r"(.+): no CRS, and x (.+), y (.+) do not tell one; .*", r'\1：没有坐标系，x \2、y \3 无法判断；请用 --crs 指明，如 "EPSG:4548"'),
    (r"(.+): (.+) is an old datum, off by 60–150 m, and needs local parameters: .*", r'\1：\2 为旧坐标系，相差 60–150 米，需要当地转换参数：layers.polygons.crs = "+proj=… +towgs84=dx,dy,dz,rx,ry,rz,s"；若实为 CGCS2000，写 crs = "EPSG:45xx"'),
    (r"(.+): (.+) is an old datum, off by 60–150 m; .*", r"\1：\2 为旧坐标系，相差 60–150 米；请先用当地参数转换到 CGCS2000"),
    (r"(.+): the file says central meridian (\S+) but its x ≈ (\S+) is zone (\d+) \((.+)\); .*", r"\1：文件声明中央经线 \2，但 x ≈ \3 为 \4 带（\5）；请用 layers.polygons.crs 指明"),
    (r"(.+): (.+) is no CRS; .*", r'\1：\2 不是坐标系；请写 EPSG 代码，如 crs = "EPSG:4527"'),
    (r"site\.crs: (.+) is not a projection in metres; .*", r'site.crs：\1 不是米制投影；例如 crs = "EPSG:4527"'),
    (r"polygons at (.+) do not meet (.+) at (.+?): (.+); check layers\.\*\.crs", r"沉陷区（\1）与 \2（\3）不相交：\4；请检查各图层坐标系"),
    (r"(.+) does not cover the polygons: (\S+) mu lie outside it \(parcel (.+): (\S+) mu\); .*", r"\1 未覆盖沉陷区：\2 亩在其外（地块 \3：\4 亩）；请用更大的地形或裁剪沉陷区"),
    (r"(.+) has no data over (\S+) mu of the polygons, first in parcel (.+) at x (\S+), y (\S+); .*", r"\1 在沉陷区内有 \2 亩无数据，首处在地块 \3，x \4，y \5；请填补空洞或裁剪沉陷区"),
    (r"polygons: (\S+) polygons lie on top of each other, more than (\S+) pairs meet; .*", r"\1 个面互相压盖，超过 \2 对相交；请先融合（如 QGIS 的融合工具）"),
    (r"boundary: no polygon lies inside it; .*", r"边界：没有沉陷区在边界内；请检查位置"),
    (r"(.+): ground lost runs from (\S+) to (\S+) m; .*", r"\1：下沉量为 \2 至 \3 米；不能为负（抬升）"),
    (r"(.+): ground lost up to (\S+) m is no subsidence; .*", r"\1：下沉量达 \2 米，不合理；是否为毫米？请换算为米"),
    (r"layers\.water_table: (.+) is broken by up to (\S+) m; .*", r"layers.water_table：\1 不成立，最多相差 \2 米；请检查枯、平、丰水位"),
    (r"(.+): the water table has no data inside the polygons; .*", r"\1：沉陷区内地下水位无数据；请扩大栅格范围"),
    (r"layers\.residual = (\S+): .*", r"layers.residual = \1：残余沉降（毫米）不能为负"),
    (r"targets\.(\w+)\.min_mu = (\S+) is above the site's area of (\S+) mu; .*", r"targets.\1.min_mu = \2 超过场地面积 \3 亩；请调低或增加沉陷区"),
    (r"targets\.(\w+): min_mu (\S+) is above max_mu (\S+)", r"targets.\1：min_mu \2 大于 max_mu \3"),
    (r"(reservoir\.\w+) = (\S+) m is above the highest rim, (\S+) m; .*", r"\1 = \2 米高于最高岸边 \3 米；请降到周围地面以下"),
    (r"(reservoir\.\w+) = (\S+) m is (\S+) m below the lowest ground, (\S+) m; .*", r"\1 = \2 米低于最低地面 \4 米达 \3 米；请提高"),
    (r"(reservoir\.\w+) = (\S+) m is above (reservoir\.\w+) = (\S+) m; .*", r"\1 = \2 米高于 \3 = \4 米；应为死水位 ≤ 正常水位 ≤ 洪水位"),
    (r"lock: no parcel (.+)", r"lock：没有地块 \1"),
    (r"(.+): row (\d+): forbids (.+); use (.+)", r"\1：第 \2 行：禁止用途 \3 无法识别；可用：\4"),
    (r"(.+): the VRT brings code of its own \((.+)\); refused", r"\1：VRT 自带代码（\2）；拒绝读取"),
    (r"(.+): (?:'.+' )?declares XML entities.*", r"\1：含 XML 实体声明；拒绝读取"),
    (r"(.+): unknown key (.+)", r"\1：未知键 \2"),
    (r"(.+): not valid TOML \((.+)\)", r"\1：不是有效的 TOML（\2）"),
    (r"(.+): nested too deeply to be a site\.toml", r"\1：嵌套过深，不是 site.toml"),
    (r"(.+): (\S+) is missing", r"\1：缺少 \2"),
    (r"(.+): the archive wants to write to (.+), outside its folder; refused", r"\1：压缩包要写到其文件夹之外的 \2；拒绝"),
    (r"(.+): (.+) in the archive is a link; refused", r"\1：压缩包中的 \2 是链接；拒绝"),
    (r"(.+): (?:.+ )?would expand (?:from (\S+) )?to (\S+) MB; .*", r"\1：解压后将达 \3 MB；若信任请自行解压"),
    (r"(.+): not a readable zip archive \((.+)\)", r"\1：不是可读的 zip 压缩包（\2）"),
    (r"(.+): not a readable workbook \((.+)\)", r"\1：不是可读的工作簿（\2）"),
    (r"(.+): (\S+) GB would take about (\S+) GB of memory, (\S+) GB may be used; .*", r"\1：\2 GB 的文件约需内存 \3 GB，可用 \4 GB；请先裁剪到场地范围（ogr2ogr -spat）"),
    (r"(.+): (\S+) M cells over the polygons would take (\S+) GB, (\S+) GB may be used; use cells (\d+) times as wide.*", r"\1：沉陷区内 \2 百万格需 \3 GB，可用 \4 GB；请把格宽放大 \5 倍（gdalwarp -tr）或分块处理"),
    (r"(.+) = (.+): (.+)", r"\1 = \2：取值无效（\3）"),
)  # fmt: skip
_REASONS: Final = (
    ("x and y look swapped in one of them", "其中之一的 x、y 似互换"),
    (
        r"one of them is probably in another zone \(central meridian (\S+) instead of (\S+)\)",
        r"其中之一可能在另一带（中央经线 \1 而非 \2）",
    ),
    ("one of them has a zone number in x and the other has not", "一个带带号，另一个不带"),
    (r"they miss each other by (\d+) m: probably another datum, or the wrong tile", r"相距 \1 米：可能坐标系不同或图幅有误"),
    (
        r"they lie (\S+) km apart: probably another sheet, or a wrong CRS in one of them",
        r"相距 \1 公里：可能是另一图幅，或其中之一坐标系有误",
    ),
)
_MEANT: Final = re.compile(r"; did you mean ('.+?')\?;?")


def in_chinese(message: Message) -> str:
    """A refusal of the reader in Chinese; the English one where it is not the reader's own."""
    refusal = render(message, "zh")
    if refusal != str(message):
        return refusal
    text = _MEANT.sub(r"；是否指 \1？", refusal)
    for pattern, sentence in _SENTENCES:
        hit = re.fullmatch(pattern, text, flags=re.DOTALL)
        if hit is not None:
            found = hit.expand(sentence)
            for english, chinese in _REASONS:
                found = re.sub(english, chinese, found)
            return found
    return refusal
