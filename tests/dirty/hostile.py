"""Files and descriptions that try to get out, blow up, or run."""

import os
import stat
import zipfile
from pathlib import Path

from dirty.case import Cases, frame, site

CASES = Cases()
GOOD = '[layers]\npolygons = "a.gpkg"\n'


def put(folder: Path) -> None:
    frame().to_file(folder / "a.gpkg")


def inside(folder: Path, polygons: str) -> Path:
    (folder / "in").mkdir()
    put(folder)
    return site(folder / "in", f'[layers]\npolygons = "{polygons}"\n')


@CASES.refused("lies outside the site's folder; move it there, or allow it")
def path_up(f: Path) -> Path:
    return inside(f, "../a.gpkg")


@CASES.reads("inputs may lie outside the site's folder", options={"sets": {"site.outside_paths": True}})
def path_up_allowed(f: Path) -> Path:
    return inside(f, "../a.gpkg")


@CASES.refused("lies outside the site's folder")
def path_absolute(f: Path) -> Path:
    return inside(f, str(f / "a.gpkg"))


@CASES.refused("lies outside the site's folder")
def path_by_a_link(f: Path) -> Path:
    home = inside(f, "link.gpkg")
    os.symlink(f / "a.gpkg", home / "link.gpkg")
    return home


@CASES.refused("only files on this machine are read")
def path_to_the_net(f: Path) -> Path:
    return site(f, '[layers]\npolygons = "https://example.com/a.gpkg"\n')


@CASES.refused("only files on this machine are read")
def path_to_a_virtual_disk(f: Path) -> Path:
    return site(f, '[layers]\npolygons = "/vsicurl/https://example.com/a.gpkg"\n')


@CASES.refused("only files on this machine are read")
def path_to_a_share(f: Path) -> Path:
    return site(f, '[layers]\npolygons = "\\\\\\\\server\\\\share\\\\a.gpkg"\n')


@CASES.refused("holds a NUL character")
def path_with_nul(f: Path) -> Path:
    return site(f, '[layers]\npolygons = "a\\u0000.gpkg"\n')


@CASES.refused("no such file|not a usable path")
def path_too_long(f: Path) -> Path:
    return site(f, f'[layers]\npolygons = "{"a" * 5000}.gpkg"\n')


@CASES.refused("unknown key 'budget.max_cn'; did you mean 'max_cny'")
def unknown_key(f: Path) -> Path:
    put(f)
    return site(f, GOOD + "[budget]\nmax_cn = 1.0\n")


@CASES.refused("not valid TOML")
def half_a_toml(f: Path) -> Path:
    return site(f, "[layers\npolygons = ")


@CASES.refused("nested too deeply|not valid TOML")
def toml_without_bottom(f: Path) -> Path:
    return site(f, "x = " + "[" * 100_000)


@CASES.refused("not valid TOML|unknown key")
def toml_of_bytes(f: Path) -> Path:
    (f / "site.toml").write_bytes(bytes(range(256)))
    return f


@CASES.refused("layers is missing|polygons is missing")
def toml_of_nothing(f: Path) -> Path:
    return site(f, "")


@CASES.refused("wants to write to '../../evil.shp', outside its folder")
def archive_that_climbs(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.zip", "w") as archive:
        archive.writestr("../../evil.shp", b"x")
    return f / "a.zip"


@CASES.refused("wants to write to")
def archive_with_a_drive(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.zip", "w") as archive:
        archive.writestr("C:/evil.shp", b"x")
    return f / "a.zip"


@CASES.refused("is a link; refused")
def archive_with_a_link(f: Path) -> Path:
    member = zipfile.ZipInfo("a.gpkg")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(f / "a.zip", "w") as archive:
        archive.writestr(member, "/etc/passwd")
    return f / "a.zip"


@CASES.refused("would expand from .* to 300 MB")
def archive_that_blows_up(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.gpkg", "w") as file:
        for _ in range(300):
            file.write(bytes(1_000_000))
    return f / "a.zip"


@CASES.refused("not a readable zip archive")
def archive_of_rubbish(f: Path) -> Path:
    (f / "a.zip").write_bytes(b"PK\x03\x04" + bytes(range(200)))
    return f / "a.zip"


@CASES.refused(r"not a readable zip archive \(Error -3 while decompressing")
def archive_with_spoilt_bytes(f: Path) -> Path:
    """Found by fuzzing: the index is whole, the compressed bytes are not."""
    with zipfile.ZipFile(f / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", "{" + "abc, " * 5_000 + "}")
    raw = bytearray((f / "a.zip").read_bytes())
    raw[45:60] = bytes(15)
    (f / "a.zip").write_bytes(bytes(raw))
    return f / "a.zip"


@CASES.refused("not a readable workbook")
def workbook_with_spoilt_bytes(f: Path) -> Path:
    """The same in a workbook."""
    with zipfile.ZipFile(f / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x>" + "abc, " * 5_000 + "</x>")
    raw = bytearray((f / "a.xlsx").read_bytes())
    raw[50:70] = bytes(20)
    (f / "a.xlsx").write_bytes(bytes(raw))
    return f / "a.xlsx"


ENTITY = '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><Document><name>&x;</name></Document></kml>'


@CASES.refused("declares XML entities, which no KML needs")
def kml_with_entities(f: Path) -> Path:
    (f / "a.kml").write_text(ENTITY)
    return f / "a.kml"


@CASES.refused("declares XML entities")
def kmz_with_entities(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", ENTITY)
    return f / "a.kmz"


@CASES.refused("declares XML entities")
def workbook_with_entities(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", ENTITY)
    return f / "a.xlsx"


@CASES.refused("not a readable workbook")
def workbook_of_nothing(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.xlsx", "w") as archive:
        archive.writestr("hello.txt", "x")
    return f / "a.xlsx"


@CASES.refused("first bytes are not those of a GeoJSON")
def a_virtual_layer_called_geojson(f: Path) -> Path:
    (f / "a.geojson").write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    return f / "a.geojson"


@CASES.refused("first bytes are not those of a KML")
def a_virtual_layer_called_kml(f: Path) -> Path:
    (f / "a.kml").write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='kml'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    return f / "a.kml"


@CASES.refused("max_cny")
def budget_of_not_a_number(f: Path) -> Path:
    put(f)
    return site(f, GOOD + "[budget]\nmax_cny = nan\n")


@CASES.refused("no such file|No such file")
def nothing_at_all(f: Path) -> Path:
    return f / "missing" / "a.gpkg"
