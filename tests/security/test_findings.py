"""What fuzzing found, each as a small file; and a few rounds of it anew, each ending in a result or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from dirty.case import frame
from fuzz.__main__ import one
from fuzz.targets import TARGETS, seeds

from planner.errors import InvalidInput
from planner.read import read_site


def test_a_crs_whose_name_is_no_text(tmp_path: Path) -> None:
    """GDAL makes no text of it, and pyogrio stumbled over that (seed 3226)."""
    frame().to_file(tmp_path / "a.shp")
    told = (tmp_path / "a.prj").read_bytes()
    for old, new in (
        (b"CGCS2000_3_Degree", b"CGCS2000_3_\xff\xff\xff\xffee"),
        (b"GCS_", b"\xffCS_"),
        (b"Meridian", b"Meridia@"),
    ):
        told = told.replace(old, new)
        (tmp_path / "a.prj").write_bytes(told)
        try:
            read_site(tmp_path / "a.shp")
        except InvalidInput as error:
            assert str(error).count("\n") <= 1


@pytest.mark.parametrize("encoding", ["id", "utf-7", "base64", "big5", "gb2312", "x" * 300, "ebcdic", "utf-16"])
def test_an_encoding_of_xml_that_is_none(encoding: str, tmp_path: Path) -> None:
    """Python was asked for it and had no such text encoding (seed 500186)."""
    ring = " ".join(f"{117 + i / 1000},{34 + j / 1000}" for i, j in ((0, 0), (1, 0), (1, 1), (0, 0)))
    shape = f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    text = (
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name>{shape}</Placemark></Document></kml>'
    )
    (tmp_path / "a.kml").write_text(f'<?xml version="1.0" encoding="{encoding}"?>{text}')
    try:
        read_site(tmp_path / "a.kml")
    except InvalidInput as error:
        assert str(error).count("\n") <= 1


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    seeds(folder)
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_a_few_rounds_of_fuzzing(target: str, good: Path, tmp_path: Path) -> None:
    known = {"vector": (3226, 500186), "raster": (1795869917,)}.get(target, ())
    for seed in (*known, *range(20_000, 20_008)):
        assert one(target, seed, good, tmp_path / "work") == "", f"python tests/fuzz --again {target} {seed}"
