"""The verb that hands a plan's ground to those who build it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice

if TYPE_CHECKING:
    from planner.groundworks import Drawing


@verb()
def design(
    plan: Annotated[Path, typer.Argument(help="The folder that `allocate` wrote.", metavar="PLAN")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for surface, lines, points, section and checks.")],
    step: Annotated[float, typer.Option("--step", help="Between contours, m.", min=0.05)] = 0.5,
    line: Annotated[str | None, typer.Option("--line", help="Of the section: x,y x,y … in the plan's CRS.")] = None,
    terrain: Annotated[
        Path | None,
        typer.Option(
            "--terrain",
            help="Today's ground on cells of its own, of any size: laid there band by band.",
            metavar="FILE",
        ),
    ] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Draw the ground as it is to be built: surface with side slopes, contours, breaklines, stakes, section, checks."""
    from planner.errors import UsageError
    from planner.groundworks import design_raster, drawing
    from planner.groundworks.save import save
    from planner.plan import load_plan
    from planner.words import say

    try:
        path = None if line is None else [(float(x), float(y)) for x, y in (p.split(",") for p in line.split())]
    except ValueError:
        path = []
    if path is not None and len(path) < 2:
        raise UsageError(say("groundworks.no_line", line=str(line)))
    ways: dict[str, Any] = {"overwrite": overwrite, "lang": lang, "step_m": step, "line": path}
    if terrain is not None:
        found = design_raster(plan, terrain, output, **ways)
        voice.say(_size_told(found, lang))
    else:
        found = drawing(load_plan(plan))
        save(found, output, **ways)
    _told(found, lang, voice)
    voice.document(found.summary())


def _size_told(found: Drawing, lang: str) -> str:
    """How many cells went by, and which of them are drawn."""
    from planner.words import text

    told = found.size or {}
    cells = {"rows": told["rows"], "columns": told["columns"], "cell": told["cell_m"]}
    lakes = found.storage[found.storage["plan_m3"] > 0]
    short = float((lakes["design_m3"] / lakes["plan_m3"] - 1).abs().max()) if len(lakes) else 0.0
    return text("groundworks.banded", lang, short=short, drawn=told["cell_m"] * told["drawn_every"], **cells)


def _told(found: Drawing, lang: str, voice: Voice) -> None:
    """Volumes, closing, ditches, dykes and checks, a line each."""
    from planner.words import text

    v = found.volumes
    voice.say(
        text(
            "groundworks.told",
            lang,
            cut=v["cut_m3"],
            fill=v["fill_m3"],
            block_cut=v["block_cut_m3"],
            block_fill=v["block_fill_m3"],
        )
    )
    beds, lines = found.storage["bed_m"], found.ditches
    if (beds != 0).any() or v["land_m"] > 0:
        deepest = float(beds.abs().max()) if len(beds) else 0.0
        voice.say(
            text("groundworks.closed", lang, beds=int((beds != 0).sum()), bed=deepest, land=v["land_m"], left=v["left_m3"])
        )
    if len(lines):
        length, cut = float(lines["length_m"].sum()), v["ditch_cut_m3"]
        voice.say(text("groundworks.ditches", lang, n=len(lines), length=length, cut=cut))
    if len(found.dykes):
        voice.say(_dykes_told(found, lang))
    for row in found.checks.itertuples():
        told = {"check": str(row.check), "value": f"{round(float(row.value), 6) + 0.0:.3g} {row.unit}".strip()}
        if row.verdict == "told":
            voice.say(text("groundworks.check_told", lang, **told))
        else:
            voice.say(text("groundworks.check", lang, **told, limit=row.limit, verdict=str(row.verdict)))


def _dykes_told(found: Drawing, lang: str) -> str:
    """The dykes in a line: how many, how long and high, their earth and cost, what of it the choice counted."""
    from planner.words import text

    banks = found.dykes
    return text(
        "groundworks.dykes",
        lang,
        n=len(banks),
        length=float(banks["length_m"].sum()),
        height=float(banks["height_m"].max()),
        fill=found.volumes["dyke_m3"],
        cost=float(banks["cost_cny"].sum()),
        priced=found.volumes["priced_dyke_m3"],
    )
