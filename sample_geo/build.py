"""Builds the layers of the sample sites, town and programme from the recipes: `python sample_geo/build.py [FOLDER]`.

The same recipe gives the same layers. What is published, derived or assumed stands in each site's SOURCES.md.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from recipes import city, jiawang, write
from recipes.recipe import panan, zhonghu

HERE = Path(__file__).parent


def main(target: Path = HERE) -> None:
    """Writes both samples' layers under a folder, default: beside this script."""
    for recipe, shapefiles in ((zhonghu, ()), (panan, ("parcels",))):
        began = time.perf_counter()
        place = target / recipe.__name__
        write.folder(place, recipe(), shapefiles=shapefiles)
        size = sum(f.stat().st_size for f in place.iterdir())
        print(f"{place.name}: {size / 1e6:.2f} MB in {time.perf_counter() - began:.1f} s")
    city.write(target / "city")
    jiawang.build(target / "jiawang")


if __name__ == "__main__":
    main(*(Path(a) for a in sys.argv[1:2]))
