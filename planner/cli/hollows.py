"""The verb that lists the hollows of a terrain, and writes it with all of them full."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.app import verb
from planner.cli.console import Crs, Lang, Overwrite, Voice
from planner.cli.console import table as aligned
from planner.cli.terrain import Neighbours, heads, may_write, put, tell_notes
from planner.columns import HOLLOWS
from planner.errors import UsageError
from planner.words import say, text

if TYPE_CHECKING:
    import pandas as pd


@verb()
def hollows(
    dem: Annotated[str, typer.Argument(help="The ground's elevation: any raster, of any size.")],
    min_volume: Annotated[float | None, typer.Option("--min-volume", help="Leave out what holds less, m³.")] = None,
    min_depth: Annotated[float | None, typer.Option("--min-depth", help="Leave out what is shallower, m.")] = None,
    neighbours: Neighbours = 8,
    filled: Annotated[Path | None, typer.Option("--filled", help="Also write the terrain with every hollow full.")] = None,
    lang: Lang = "en",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the table to this CSV.")] = None,
    crs: Crs = None,
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """List the hollows of a terrain: depth, area, volume, where each spills and what it then is part of."""
    from planner.water import fill
    from planner.water import hollows as of
    from planner.water.depressions import check_filled

    may_write(output, dem, overwrite=overwrite)
    if filled is not None:
        check_filled(dem, filled, overwrite=overwrite)
        if output is not None and output.resolve() == filled.resolve():
            raise UsageError(say("cli.same_file", output=output))
    with voice.rows(text("cli.reading_terrain", lang)) as progress:
        table = of(dem, min_volume_m3=min_volume, min_depth_m=min_depth, neighbours=neighbours, crs=crs, progress=progress)
    notes = table.attrs["notes"]
    tell_notes(notes, lang, voice)
    person = output is None and sys.stdout.isatty()
    put(_by_hollow(table, lang) if person else table.round(3).to_csv(lineterminator="\n"), output, voice, overwrite=overwrite)
    document = {
        "schema": "planner.hollows/1",
        "hollows": table.reset_index().to_dict("records"),
        "notes": [str(note) for note in notes],
    }
    if filled is not None:
        with voice.rows(text("cli.reading_terrain", lang)) as progress:
            told = fill(dem, filled, neighbours=neighbours, crs=crs, overwrite=overwrite, progress=progress)
        voice.say(text("cli.filled", lang, path=filled, volume=told["volume_m3"], area=told["area_m2"]))
        document["filled"] = {"raster": str(filled), **told}
    voice.document(document)


def _by_hollow(table: pd.DataFrame, lang: str) -> str:
    """The rows for a person; a pipe and a file get them comma-separated."""
    rows = [
        (
            str(r.Index),
            *(f"{v:.1f}" for v in (r.pit_x, r.pit_y)),
            *(f"{v:.2f}" for v in (r.pit_level_m, r.spill_level_m, r.depth_m)),
            *(f"{v:,.0f}" for v in (r.area_m2, r.volume_m3)),
            str(r.parent) if r.parent else "",
        )
        for r in table.itertuples(name="Row")
    ]
    return aligned(rows, heads(HOLLOWS.values(), lang))
