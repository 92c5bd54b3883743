"""Text in the encodings files really have, whatever they say of themselves."""

import json
from pathlib import Path

from dirty.case import Cases, frame

CASES = Cases()
NAMES = ("贾汪一号", "中湖")


def shapefile(folder: Path, *, encoding: str, cpg: str | None, ldid: int = 0) -> Path:
    path = folder / "塌陷区.shp"
    frame().to_file(path, encoding=encoding)
    said = path.with_suffix(".cpg")
    said.unlink(missing_ok=True)
    if cpg is not None:
        said.write_text(cpg)
    dbf = path.with_suffix(".dbf")
    raw = bytearray(dbf.read_bytes())
    raw[29] = ldid
    dbf.write_bytes(bytes(raw))
    return path


@CASES.reads("GB18030", "does not say", names=NAMES)
def gbk_without_cpg(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg=None)


@CASES.reads("GB18030", names=NAMES)
def gbk_with_language_byte_of_windows_latin(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg=None, ldid=0x57)


@CASES.reads("GB18030", names=NAMES)
def gbk_with_language_byte_of_gbk(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg=None, ldid=0x4D)


@CASES.reads("GB18030", "ISO-8859-1", names=NAMES)
def gbk_that_says_latin(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg="ISO-8859-1")


@CASES.reads("GB18030", "OEM", names=NAMES)
def gbk_that_says_oem(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg="OEM")


@CASES.reads("GB18030", "UTF-8", names=NAMES)
def gbk_that_lies_utf8(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg="UTF-8")


@CASES.reads("GB18030", names=NAMES)
def gbk_that_says_so(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg="GBK")


@CASES.reads("UTF-8", names=NAMES)
def utf8_without_cpg(f: Path) -> Path:
    return shapefile(f, encoding="UTF-8", cpg=None)


@CASES.reads("UTF-8", names=NAMES)
def utf8_that_lies_gbk(f: Path) -> Path:
    return shapefile(f, encoding="UTF-8", cpg="GBK", ldid=0x4D)


@CASES.reads("UTF-8", names=NAMES)
def utf8_that_says_so(f: Path) -> Path:
    return shapefile(f, encoding="UTF-8", cpg="UTF-8")


@CASES.reads("cp1252", names=("Müller", "Grünau"))
def latin_that_says_so(f: Path) -> Path:
    path = f / "a.shp"
    frame(id=["P1", "P2"], name=["Müller", "Grünau"], depth=[2.0, 3.0]).to_file(path, encoding="cp1252")
    path.with_suffix(".cpg").write_text("ISO-8859-1")
    return path


@CASES.reads(names=("潘安湖", "賈汪"), options={"encoding": "Big5"})
def big5_by_option(f: Path) -> Path:
    path = f / "a.shp"
    frame(id=["P1", "P2"], name=["潘安湖", "賈汪"], depth=[2.0, 3.0]).to_file(path, encoding="Big5")
    path.with_suffix(".cpg").unlink()
    return path


@CASES.refused("no encoding 'GB-nonsense'", encoding="GB-nonsense")
def an_encoding_that_is_none(f: Path) -> Path:
    return shapefile(f, encoding="GBK", cpg=None)


@CASES.reads("GB18030", names=("贾" * 5, "中湖"))
def gbk_cut_inside_a_character(f: Path) -> Path:
    path = f / "a.shp"
    frame(id=["P1", "P2"], name=["贾" * 5, "中湖"], depth=[2.0, 3.0]).to_file(path, encoding="GBK")
    dbf = path.with_suffix(".dbf")
    raw = dbf.read_bytes()
    dbf.write_bytes(raw.replace("贾".encode("gbk") * 5 + b" ", "贾".encode("gbk") * 5 + b"\xbc"))
    path.with_suffix(".cpg").unlink()
    return path


@CASES.refused("neither UTF-8 nor GB18030; name the encoding")
def bytes_of_no_encoding(f: Path) -> Path:
    path = f / "a.csv"
    path.write_bytes(b"id,depth,wkt\n\xff\xff\xfe,2,x\n")
    return path


CSV = "编号,名称,深度,WKT\n" + "\n".join(
    f'{r["编号"]},{r["名称"]},{r["深度"]},"{r["geometry"].wkt}"' for _, r in frame().iterrows()
)


@CASES.reads(names=NAMES)
def csv_with_byte_order_mark(f: Path) -> Path:
    (f / "a.csv").write_bytes(CSV.encode("utf-8-sig"))
    return f / "a.csv"


@CASES.reads("GB18030", names=NAMES)
def csv_in_gbk(f: Path) -> Path:
    (f / "a.csv").write_bytes(CSV.encode("gbk"))
    return f / "a.csv"


@CASES.reads("utf-16", names=NAMES)
def csv_in_utf16(f: Path) -> Path:
    (f / "a.csv").write_bytes(CSV.encode("utf-16"))
    return f / "a.csv"


@CASES.reads("GB18030", names=NAMES, crs=4527)
def geojson_in_gbk(f: Path) -> Path:
    text = json.dumps(json.loads(frame().to_crs(4326).to_json()), ensure_ascii=False)
    (f / "a.geojson").write_bytes(text.encode("gbk"))
    return f / "a.geojson"
