"""What the years do to a plan's lakes, with what writes it."""

from __future__ import annotations

from pathlib import Path

from planner.lakes.save import save
from planner.plan.lakes.record import LakeYearsRecord


class LakeYears(LakeYearsRecord):
    """A plan's lakes through the years: `summary()`, `monthly(reservoir)`, `save(folder)`, and its tables.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> len(pl.water(plan, years=("dry",)).monthly("R1"))
    372
    """

    def save(self, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
        """Writes water.json, water.html and the tables as CSV into a folder, whole or not at all.

        Raises OutputExists where the folder holds files already and overwrite is off.
        """
        return save(self, folder, overwrite=overwrite, lang=lang)
