"""The verbs that take a saved plan elsewhere: into other programs' formats, and through the whole way again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice
from planner.errors import UsageError
from planner.words import say

LAYERS: Final = ("units", "parcels", "reservoirs")
GRIDS: Final = ("depth", "level")
PlanFolder = Annotated[Path, typer.Argument(help="The folder that `allocate` wrote.", metavar="PLAN")]


@verb()
def export(
    plan: PlanFolder,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The file; its suffix names the format (.shp .zip .parquet .kml .dxf .tif …)."),
    ],
    layer: Annotated[str, typer.Option("--layer", help=f"{', '.join(LAYERS)}; for .tif: {', '.join(GRIDS)}.")] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="Of a shapefile's text.")] = "GBK",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Write a saved plan's layer for another program, or its water as a cloud-optimised GeoTIFF."""
    from planner.export import export_as, water_grids, write_cog
    from planner.facade import load_plan

    grid = output.suffix.lower() in (".tif", ".tiff")
    chosen = layer or ("depth" if grid else "units")
    known = GRIDS if grid else LAYERS
    if chosen not in known:
        raise UsageError(say("cli.layer", chosen=chosen, suffix=output.suffix, known=list(known)))
    saved = load_plan(plan)
    if grid:
        depth, level = water_grids(saved)
        picked = depth if chosen == "depth" else level
        write_cog(picked, saved.site.crs, output, name=f"water_{chosen}_m", overwrite=overwrite)
    else:
        export_as(getattr(saved, chosen), output, encoding=encoding, overwrite=overwrite)
    voice.wrote(output)
    voice.document({"schema": "planner.export/1", "file": str(output), "layer": chosen})


@verb()
def replay(
    plan: PlanFolder,
    *,
    voice: Voice,
) -> None:
    """Make a saved plan again from its provenance and say what differs."""
    from planner.plan.replay import replay as play

    found = play(plan)
    voice.say(found.text())
    voice.document(found.to_dict())


@verb()
def report(
    plan: PlanFolder,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for report.html and report.pdf.")] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Write a saved plan's report: one page for the decision, then how, from what, and what it means; HTML and A4 PDF."""
    from planner.facade import load_plan

    page, paper = load_plan(plan).report(output or plan, lang=lang, overwrite=overwrite)
    voice.wrote(page, paper)
    voice.document({"schema": "planner.report/1", "html": str(page), "pdf": str(paper)})
