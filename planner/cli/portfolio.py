"""`planner portfolio`: many projects, years, funds and shared earth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice, table
from planner.processes import serve
from planner.timelimit import time_limit as limited
from planner.words import render, say

if TYPE_CHECKING:
    from planner.portfolio import Portfolio


@verb()
def portfolio(
    file: Annotated[
        Path, typer.Argument(help="A TOML file with [portfolio], projects and funds; or a folder with portfolio.toml.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write; without it nothing is written.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes that plan sites here.", min=1)] = None,
    scheduler: Annotated[str | None, typer.Option("--scheduler", help="Address of a Dask scheduler.")] = None,
    cache: Annotated[Path | None, typer.Option("--cache", help="Folder that keeps finished plans of sites.")] = None,
    gap: Annotated[float | None, typer.Option("--gap", help="Relative gap to prove.", min=0.0, max=1.0)] = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", help="Seconds for the whole command, sites and files included.", min=0.001),
    ] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Schedule a programme: which projects, in which variant and year, with whose money and whose earth; and prove it."""
    given: dict[str, Any] = {"workers": workers, "scheduler": scheduler, "cache": cache, "gap": gap, "time_limit_s": time_limit}
    settings = {k: v for k, v in given.items() if v is not None}
    if workers is not None and workers > 1 and scheduler is None:
        serve()  # imports while this process does
    with limited(time_limit, lambda message: voice.warn(render(message, lang))) as limit:
        found = written(file, output, voice, overwrite=overwrite, lang=lang, limit=limit, **settings)
        if limit.left < 0:
            limit.tell(say("timelimit.passed", seconds=limit.seconds, over=-limit.left))
    voice.document(found)


def written(file: Path, output: Path | None, voice: Voice, *, overwrite: bool, lang: str, **settings: Any) -> dict[str, Any]:
    """Solves a programme, tells it, and writes it where a folder is given; its summary."""
    from planner.portfolio import portfolio as solved
    from planner.portfolio.write import OWNED, may_write
    from planner.words import text

    if output is not None:
        may_write(output, overwrite=overwrite)
    with voice.progress() as progress:
        found = solved(
            file,
            progress=progress.solving,
            told=(lambda message: voice.warn(render(message, lang))) if voice.verbose else None,
            counted=progress.counting,
            **settings,
        )
    voice.say(told(found, lang))
    if output is not None:
        found.save(output, overwrite=overwrite, lang=lang)
        names = [name for name in OWNED if (output / name).exists()]
        voice.say(text("finance.wrote", lang, files=names, folder=output))
    return found.summary()


def told(found: Portfolio, lang: str) -> str:
    """The schedule and the proof for a person."""
    from planner.portfolio.chapter import certified, heads_of, project_name, sentence, variant_name
    from planner.words import text

    s = found.summary()
    rows: list[tuple[str, ...]] = [
        (
            project_name(found, p["id"], lang),
            variant_name(p["variant"], lang),
            f"{p['start']}-{p['finish']}",
            f"{p['cost_cny'] / 1e4:,.1f}",
        )
        for p in sorted(s["selected"], key=lambda p: (p["start"], p["id"]))
    ]
    heads = (*heads_of(("project", "variant", "year"), lang), text("unit.1e4_yuan", lang))
    return "\n".join([table(rows, heads), sentence(found, lang), certified(s["solver"], lang)])
