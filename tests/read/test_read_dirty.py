"""Every file of the dirty corpus is read as stated or refused in the words stated; nothing else ever comes out."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
from dirty import CASES
from dirty.case import Case, Reads, Refused

from planner.errors import InvalidInput
from planner.read import check, read_site
from planner.read.assemble import area_mu


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk() -> Iterator[None]:
    """The corpus is thrown away: its GeoPackages need not be synced."""
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
    yield
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": None})


def test_the_corpus_is_large_and_its_names_are_distinct() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_dirty(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    if isinstance(case.outcome, Refused):
        with pytest.raises(InvalidInput) as caught:
            read_site(path, **case.options)
        text = str(caught.value)
        assert re.search(case.outcome.match, text), text
        assert text.count("\n") <= 1
        assert len(text) < 500
        report = check(path, **case.options)
        assert not report.ok
        assert text in report.text("en")
        verdict = report.text("zh").splitlines()[-1]
        assert verdict.startswith("不能规划：")
        assert text not in verdict, "a refusal without its Chinese sentence"
        return
    _as_stated(case, case.outcome, path)


def _as_stated(case: Case, outcome: Reads, path: Path) -> None:
    report = check(path, **case.options)
    assert report.error is None
    site = report.site
    assert site is not None
    assert len(site.parcels) == outcome.parcels
    assert area_mu(site.parcels) == pytest.approx(outcome.area_mu, abs=outcome.tolerance_mu)
    assert site.crs.is_projected
    if outcome.crs is not None:
        assert site.crs.to_epsg() == outcome.crs
    if outcome.depths is not None:
        assert site.parcels["subsidence_m"].to_numpy() == pytest.approx(np.array(outcome.depths))
    if outcome.names is not None:
        assert tuple(site.parcels["name"]) == outcome.names
    assert sorted(f.kind for f in report.record.faults if f.role == "polygons") >= sorted(outcome.faults)
    said = report.text("en") + " ".join(str(f.action) for f in report.record.faults)
    for words in outcome.says:
        assert words in said, said
    assert site.parcels.index.is_unique
    assert site.parcels.is_valid.all()
    assert np.isfinite(site.terrain.values[np.isfinite(site.subsidence.values)]).any()
    chinese = [line for line in report.text("zh").splitlines() if line.startswith("  ")]
    assert all(re.search(r"[\u4e00-\u9fff]", line) for line in chinese), chinese
    assert report.to_dict()["ok"] is True
