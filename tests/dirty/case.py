"""A dirty case: how its files are made, how it is asked for, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

X0, Y0 = 39_500_000.0, 3_760_000.0  # on the central meridian of zone 39: plane and ellipsoidal areas agree to 1e-6
W, H = 300.0, 200.0  # m; one square is 60 000 m² = 90 mu
MU = 90.0


@dataclass(frozen=True)
class Reads:
    """The site must be read: how many parcels, how many mu, what must be said, which depths and names."""

    parcels: int = 2
    area_mu: float = 2 * MU
    says: tuple[str, ...] = ()
    depths: tuple[float, ...] | None = (2.0, 3.0)
    names: tuple[str, ...] | None = None
    crs: int | None = None
    faults: tuple[str, ...] = ()
    tolerance_mu: float = 0.01


@dataclass(frozen=True)
class Refused:
    """The site must be refused, in one or two lines that match."""

    match: str


@dataclass(frozen=True)
class Case:
    """One case: name, maker (returns the path to ask for), outcome, options of the call."""

    name: str
    make: Callable[[Path], Path]
    outcome: Reads | Refused
    options: dict[str, Any] = field(default_factory=dict)


class Cases(list[Case]):
    """A list that functions register in."""

    def reads(self, *says: str, options: dict[str, Any] | None = None, **expected: Any) -> Callable[[Any], Any]:
        """The decorated maker's site must be read, saying these words."""
        return self._add(Reads(says=says, **expected), options)

    def refused(self, match: str, **options: Any) -> Callable[[Any], Any]:
        """The decorated maker's site must be refused in these words (a regular expression)."""
        return self._add(Refused(match), options)

    def _add(self, outcome: Reads | Refused, options: dict[str, Any] | None) -> Callable[[Any], Any]:
        def keep(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
            self.append(Case(make.__name__, make, outcome, options or {}))
            return make

        return keep


def squares(n: int = 2, *, x: float = X0, y: float = Y0) -> list[Any]:
    """Squares of 90 mu side by side."""
    return [shapely.box(x + i * W, y, x + (i + 1) * W, y + H) for i in range(n)]


def frame(geometry: list[Any] | None = None, *, crs: Any = 4527, **columns: Any) -> gpd.GeoDataFrame:
    """Polygons with depths 2, 3, … and Chinese names, unless said otherwise."""
    shapes = squares() if geometry is None else geometry
    n = len(shapes)
    data = columns or {
        "编号": [f"P{i + 1}" for i in range(n)],
        "名称": ["贾汪一号", "中湖", "三", "四", "五"][:n],
        "深度": [2.0 + i for i in range(n)],
    }
    return gpd.GeoDataFrame(data, geometry=shapes, crs=crs)


def site(folder: Path, text: str) -> Path:
    """A site.toml beside the files."""
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder
