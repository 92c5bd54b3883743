"""The verb that runs a plan's lakes through the years."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice


@verb()
def water(
    plan: Annotated[Path, typer.Argument(help="The folder that `allocate` wrote.", metavar="PLAN")],
    years: Annotated[
        str, typer.Option("--years", help="Of mean, wet, dry, drought3; commas between.")
    ] = "mean,wet,dry,drought3",
    climate: Annotated[str | None, typer.Option("--climate", help="A climate of the parameters, e.g. huaibei.")] = None,
    series: Annotated[Path | None, typer.Option("--series", help="CSV: year, month, rain_mm, evaporation_mm.")] = None,
    supply: Annotated[float, typer.Option("--supply", help="Water brought to the lakes a year, m³.", min=0.0)] = 0.0,
    use: Annotated[float, typer.Option("--use", help="Water drawn from the lakes a year, m³.", min=0.0)] = 0.0,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for document, page and tables.")] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Run a plan's lakes through mean, wet and dry years: levels, filling, floods, and whether they can be kept."""
    from planner.lakes import water as run
    from planner.plan import load_plan
    from planner.units import mu_from_m2
    from planner.words import render, text

    kinds = [kind.strip() for kind in years.split(",") if kind.strip()]
    found = run(load_plan(plan), kinds, climate=climate, series=series, supply_m3=supply, use_m3=use)
    if output is not None:
        found.save(output, overwrite=overwrite, lang=lang)
    for note in found.notes:
        voice.warn(render(note, lang))
    for body in found.lakes.bodies:
        rows = found.table[found.table["reservoir_id"] == body.name].set_index("run")
        name, level = body.name, body.level_m
        area, basin = mu_from_m2(body.area_m2), mu_from_m2(body.basin_m2)
        kept, lowest = float(rows.at["series", "kept_share"]), float(rows["lowest_m"].min())
        voice.say(text("lakes.told", lang, name=name, level=level, area=area, basin=basin, kept=kept, lowest=lowest))
        largest = mu_from_m2(found.largest_m2[name])
        verdict = text("lakes.verdict_kept" if largest >= area else "lakes.verdict_lost", lang)
        if largest < 1e9:
            voice.say(text("lakes.told_supply", lang, name=name, largest=largest, verdict=verdict))
    voice.document(found.summary())
