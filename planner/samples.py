"""The bundled samples: reconstructions that close on published totals, and real ground (sample_geo/*/SOURCES.md).

Examples
--------
>>> import planner as pl
>>> pl.samples.aidans().name, pl.samples.folder("zhonghu").name
("St Aidan's opencast void", 'zhonghu')
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from planner.errors import InvalidInput, UsageError
from planner.parameters import nearest
from planner.words import say

if TYPE_CHECKING:
    import pandas as pd

    from planner.site import Site

NAMES: Final = ("zhonghu", "panan")
PROGRAMMES: Final = ("jiawang",)  # many projects, scheduled; not among the sites that `demo` plans by default
REAL: Final = ("aidans",)  # real ground, planned where it is named


def folder(name: str) -> Path:
    """Where a sample's site.toml and layers lie: inside an installed package, or beside it in a source tree.

    Raises UsageError for a name that is no sample, InvalidInput where the sample was not shipped.
    """
    known = (*NAMES, *PROGRAMMES, *REAL)
    if name not in known:
        raise UsageError(say("samples.unknown", name=name, nearest=nearest(name, known), known=known))
    here = Path(__file__).resolve().parent
    places = (here / "sample_geo" / name, here.parent / "sample_geo" / name)
    for place in places:
        if (place / "site.toml").is_file():
            return place
    raise InvalidInput(say("samples.missing", name=name, place=places[0], place_2=places[1]))


def zhonghu() -> Site:
    """Zhonghu, Huaibei: 36 100 mu around a lake, as reconstructed."""
    return _read("zhonghu")


def panan() -> Site:
    """Pan'an Lake, Jiawang, Xuzhou: 17 400 mu of subsided farmland, as reconstructed."""
    return _read("panan")


def aidans() -> Site:
    """St Aidan's, Yorkshire: a flooded opencast void, real terrain of 3″ cells."""
    return _read("aidans")


def two_units() -> pd.DataFrame:
    """Options of two units, 10 mu each, to try the grammar on: green or arable, u1 better arable, u2 better green."""
    import pandas as pd

    names = pd.MultiIndex.from_product([["u1", "u2"], ["green:level", "arable:level"]], names=["unit_id", "option"])
    columns = {"target": ["green", "arable"] * 2, "treatment": "level", "area_mu": 10.0}
    return pd.DataFrame({**columns, "benefit_cny": [3.0, 6.0, 5.0, 2.0], "cost_cny": 1.0}, index=names)


def _read(name: str) -> Site:
    from planner.read import read_site

    return read_site(folder(name))
