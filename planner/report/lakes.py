"""The lakes through the years in a report: how low they fall, how long they take to fill, what keeps them, floods."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planner.columns import LAKE_FLOODS, LAKE_YEARS, RESERVOIRS
from planner.report.document import Block, Picture, Say, Section, Table, Text
from planner.report.drawing import dressed, figure
from planner.words import render, text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from planner.plan import Plan

COLOURS: Final = {"mean": "#22659F", "wet": "#2E7347", "dry": "#DD6A3E", "drought3": "#AD3A36", "series": "#5F6B73"}
LOWEST: Final = ("mean", "dry", "drought3")  # years whose lowest level the table tells
MOST_LAKES: Final = 5  # whose years are told, the largest
MUCH_LESS: Final = 0.9  # of what the lakes hold when they are full: from here on the difference is told first
LEAST_SPAN_M: Final = 0.25  # of height that the picture of the levels shows


def through_years(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """What mean and dry years and a series do to the largest lakes, what keeps them, and the crest a storm needs."""
    title = say("report.lakes")
    years = s["water"].get("years")
    if years is None or plan.lake_years is None:
        why = say("report.no_lake") if plan.unfollowed is None else render(plan.unfollowed, say.lang)
        return Section(title, (Text(why),))
    size = {row["id"]: float(row["storage_m3"]) for row in s["water"]["reservoirs"]}
    lakes = sorted(years["reservoirs"], key=lambda lake: -size.get(lake["id"], 0.0))[:MOST_LAKES]
    held, left = float(plan.reservoirs["storage_m3"].sum()), s["water"]["settled"]
    share = left["mean_m3"] / left["full_m3"]
    kept = say("report.lakes_kept", held=held, mean=left["mean_m3"], lowest=left["lowest_m3"], share=share)
    heads = (
        say.head(RESERVOIRS["reservoir_id"]),
        say.head(RESERVOIRS["level_m"]),
        *(say.figure(say("report.lakes_lowest", run=say(f"lakes.run_{run}")), "m") for run in LOWEST),
        say.head(LAKE_YEARS["kept_share"]),
        say.figure(LAKE_YEARS["fill_years"].heading(say.lang), "a"),
        say.head(LAKE_FLOODS["largest_mu"]),
        say.head(LAKE_FLOODS["crest_m"]),
    )
    note = say("report.lakes_note", climate=years["climate"], slack=plan.site.scenario.number("water.kept_m"))
    blocks: list[Block] = [
        Text(kept, strong=share < MUCH_LESS),
        Table(heads, tuple(_row(lake) for lake in lakes), note),
    ]
    if lakes:
        name, level = lakes[0]["id"], float(lakes[0]["level_m"])
        months = plan.lake_years.monthly(name)
        caption = say("report.lakes_curves", name=name)
        blocks.append(Picture(partial(curves, months[months["run"] == "series"], level, lang=say.lang), caption))
    blocks += [Text(str(note)) for note in years["notes_zh" if say.lang == "zh" else "notes"]]
    return Section(title, tuple(blocks))


def _row(lake: Mapping[str, Any]) -> tuple[str, ...]:
    """A lake's line: normal level, lowest levels, years kept, years to fill, largest, crest."""
    runs = lake["years"]
    lows = (f"{runs[run]['lowest_m']:.2f}" for run in LOWEST)
    filled, largest = lake["fill_years"].get("mean"), lake["largest_mu"]
    return (
        str(lake["id"]),
        f"{lake['level_m']:.2f}",
        *lows,
        f"{runs['series']['kept_share']:.0%}",
        "–" if filled is None else f"{filled:.1f}",
        "∞" if largest is None else f"{largest:,.0f}",
        f"{lake['flood']['crest_m']:.2f}",
    )


def curves(months: pd.DataFrame, level_m: float, width: float, lang: str) -> Figure:
    """Levels of a lake month by month, a line a kind of year. level_m: normal."""
    made, axes = figure(width, 0.42)
    for kind, colour in COLOURS.items():
        mine = months[months["run"] == kind]
        if len(mine):
            label = text(f"lakes.run_{kind}", lang)
            axes.plot(np.arange(1, len(mine) + 1), mine["level_m"], color=colour, lw=1.3, label=label)
    axes.axhline(level_m, color="#1d2321", lw=0.8, ls="--", label=text("word.normal_level", lang))
    low, high = axes.get_ylim()
    if high - low < LEAST_SPAN_M:  # millimetres that fill the picture look like a drought
        axes.set_ylim(level_m - 0.8 * LEAST_SPAN_M, level_m + 0.2 * LEAST_SPAN_M)
    dressed(axes, x=text("lakes.month", lang), y=text("lakes.level_axis", lang), legend=True)
    return made
