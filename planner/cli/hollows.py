"""The verb that lists the hollows of a terrain, and writes it with all of them full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.app import app
from planner.cli.console import AsJson, Overwrite, Quiet, Verbose, Voice


@app.command()
def hollows(
    dem: Annotated[Path, typer.Argument(help="The ground's elevation: any raster, of any size.")],
    min_volume: Annotated[float | None, typer.Option("--min-volume", help="Leave out what holds less, m³.")] = None,
    min_depth: Annotated[float | None, typer.Option("--min-depth", help="Leave out what is shallower, m.")] = None,
    neighbours: Annotated[int, typer.Option("--neighbours", help="8: water passes corners of cells; 4: edges only.")] = 8,
    filled: Annotated[Path | None, typer.Option("--filled", help="Also write the terrain with every hollow full.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the table to this CSV.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """List the hollows of a terrain: depth, area, volume, where each spills and what it then is part of."""
    from planner.water import fill
    from planner.water import hollows as of

    voice = Voice(as_json, quiet, verbose)
    table = of(dem, min_volume_m3=min_volume, min_depth_m=min_depth, neighbours=neighbours)
    text = str(table.round(3).to_csv(lineterminator="\n"))
    if output is None:
        voice.say(text.rstrip("\n"))
    else:
        from planner.files import write_whole

        write_whole(output, text, overwrite=overwrite)
        voice.say(f"wrote {output}: {len(table)} hollows")
    document = {"schema": "planner.hollows/1", "hollows": table.reset_index().to_dict("records")}
    if filled is not None:
        told = fill(dem, filled, neighbours=neighbours, overwrite=overwrite)
        voice.say(f"wrote {filled}: {told['volume_m3']:,.0f} m³ fill every hollow, over {told['area_m2']:,.0f} m²")
        document["filled"] = {"raster": str(filled), **told}
    voice.document(document)
