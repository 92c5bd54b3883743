"""The verb that holds a new survey against a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice

if TYPE_CHECKING:
    from planner.asbuilt.noun import AsBuilt
    from planner.facade import Plan

TOLD: Final = 3  # pieces of standing land whose other use is told


@verb()
def asbuilt(
    plan: Annotated[Path, typer.Argument(help="The folder that `allocate` wrote.", metavar="PLAN")],
    terrain: Annotated[Path, typer.Option("--terrain", help="The new survey of the ground: any raster of elevations.")],
    landuse: Annotated[
        Path | None, typer.Option("--landuse", help="What stands there now: polygons with a land-use column.")
    ] = None,
    date: Annotated[str | None, typer.Option("--date", help="Of the survey: 2027, 2027-06 or 2027-06-30.")] = None,
    again: Annotated[bool, typer.Option("--replan", help="Keep what stands and plan the rest again, into DIR/replan.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for document, page, layers and tables.")] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Hold a new survey against a plan: what was built, by how much it is off, and what is to be accepted."""
    from planner.asbuilt import asbuilt as compare
    from planner.asbuilt.replan import replan
    from planner.asbuilt.save import REPLAN
    from planner.errors import UsageError
    from planner.facade import Plan, load_plan
    from planner.words import render, say

    if again and output is None:
        raise UsageError(say("asbuilt.replan_where"))
    found = compare(load_plan(plan), terrain, landuse, date=date)
    new = Plan.of(replan(found)) if again else None
    if output is not None:
        found.save(output, overwrite=overwrite, lang=lang, again=new)
    document = found.summary()
    shift = found.survey.shift
    lod = found.survey.lod95_m
    told = say("asbuilt.told", share=found.achieved_share, lod=lod, east=shift.east, north=shift.north, up=shift.up)
    voice.say(render(told, lang))
    for note in found.notes:
        voice.warn(render(note, lang))
    if new is not None and output is not None:
        document["replan"] = new.summary()
        document["not_kept"] = _not_kept(found, new, lang, voice)
        voice.say(f"{render(say('asbuilt.replanned'), lang)}: {output / REPLAN}")
    voice.document(document)


def _not_kept(found: AsBuilt, new: Plan, lang: str, voice: Voice) -> list[dict[str, Any]]:
    """What stands and is given another use by the new plan, told for the largest pieces; all of it as records."""
    from planner.asbuilt.replan import not_kept, standing
    from planner.words import render, text

    table = not_kept(found, new)
    stood = float(found.units.loc[standing(found), "area_mu"].sum())
    if len(table):
        voice.warn(text("asbuilt.not_kept", lang, n=len(table), mu=float(table["area_mu"].sum()), stood=stood))
        for unit, row in table.head(TOLD).iterrows():
            why = " ".join(render(m, lang) for m in row["why"])
            named = {"unit": str(unit), "mu": float(row["area_mu"]), "was": row["stood"], "now": row["target"], "why": why}
            voice.warn(text("asbuilt.not_kept_unit", lang, **named))
    told = table.assign(why=[[render(m, lang) for m in why] for why in table["why"]])
    return [dict(row) for row in told.reset_index(names="unit_id").to_dict("records")]
