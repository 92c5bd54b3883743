"""A comparison of the built with the planned that draws and writes itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from planner.asbuilt import record

if TYPE_CHECKING:
    import folium

    from planner.asbuilt.save import SavesItself


class AsBuilt(record.AsBuilt):
    """What was built of a plan, with its map and its files.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> built = pl.asbuilt(plan, pl.design(plan), date=2030)  # built exactly as designed
    >>> type(built).__name__, built.matrix.shape[0] > 0
    ('AsBuilt', True)
    """

    def map(self, *, lang: str = "en") -> folium.Map:
        """The map with before, plan and built to swipe between, and the figures below; lang `en` or `zh`."""
        from planner.asbuilt.page import draw

        return draw(self, lang=lang)

    def save(self, folder: str | Path, *, overwrite: bool = False, lang: str = "en", again: SavesItself | None = None) -> Path:
        """Writes asbuilt.json, asbuilt.gpkg, asbuilt.html, difference.tif and the tables as CSV, whole or not at all.

        again: the plan that was made again from this survey, into `replan/`; one of an earlier survey goes with that survey.
        Raises OutputExists where the folder holds files already and overwrite is off.
        """
        from planner.asbuilt.save import save

        return save(self, folder, overwrite=overwrite, lang=lang, again=again)
