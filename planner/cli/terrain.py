"""The verbs that need no plan: how much a hollow holds, and what a mine does to the ground."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.app import verb
from planner.cli.console import Crs, Encoding, Lang, Output, Overwrite, Voice
from planner.cli.console import table as aligned
from planner.columns import STAGES, Column
from planner.errors import InvalidInput, UsageError
from planner.words import Message, say, text

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.water import StorageTable

Neighbours = Annotated[int, typer.Option("--neighbours", help="8: water passes corners of cells; 4: edges only.")]


@verb()
def storage(
    dem: Annotated[str, typer.Argument(help="The ground's elevation: any raster, of any size.")],
    within: Annotated[Path | None, typer.Option("--within", help="Only inside these polygons.")] = None,
    level: Annotated[list[float] | None, typer.Option("--level", help="A stage, m; repeatable.")] = None,
    step: Annotated[float | None, typer.Option("--step", help="Stages this far apart, m.")] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="Only the water body connected to X,Y.", metavar="X,Y")] = None,
    connected: Annotated[bool, typer.Option("--connected", help="One connected water body per polygon.")] = False,
    neighbours: Neighbours = 8,
    bias_sd: Annotated[float | None, typer.Option("--bias-sd", help="Error of the whole terrain's height, m (1 sd).")] = None,
    noise_sd: Annotated[float | None, typer.Option("--noise-sd", help="Its error from place to place, m (1 sd).")] = None,
    correlation: Annotated[float | None, typer.Option("--correlation", help="How far that holds together, m.")] = None,
    level_sd: Annotated[float | None, typer.Option("--level-sd", help="Error of the water level, m (1 sd).")] = None,
    lang: Lang = "en",
    output: Output = None,
    encoding: Encoding = None,
    crs: Crs = None,
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Tell area and storage by stage over a terrain with their error bars, and the level at which the water leaves."""
    from planner.water import Errors, storage_table

    may_write(output, dem, within, overwrite=overwrite)
    shapes = None if within is None else _vector(within, encoding, "polygons", crs)
    given = {"bias_sd_m": bias_sd, "noise_sd_m": noise_sd, "correlation_m": correlation, "level_sd_m": level_sd}
    errors = Errors(**{name: value for name, value in given.items() if value is not None})
    asked: dict[str, Any] = {"within": shapes, "levels": level, "step": step, "seed": _point(seed), "connected": connected}
    with voice.rows(text("cli.reading_terrain", lang)) as progress:
        table = storage_table(dem, **asked, neighbours=neighbours, crs=crs, errors=errors, progress=progress)
    tell_notes(table.notes, lang, voice)
    person = output is None and sys.stdout.isatty()
    put(_by_stage(table, lang) if person else table.to_csv(), output, voice, overwrite=overwrite)
    voice.document(table.to_dict())


def _by_stage(found: StorageTable, lang: str) -> str:
    """The rows for a person; a pipe and a file get them comma-separated."""
    rows = [(f"{r.level_m:.2f}", *(f"{v:,.0f}" for v in r[1:])) for r in found.rows.itertuples(index=False, name="Row")]
    spill = found.spill_level_m
    leaves = text("cli.no_rim", lang) if spill is None else text("cli.spills", lang, level=spill)
    return aligned(rows, heads(STAGES.values(), lang)) + f"\n{leaves}"


def heads(columns: Iterable[Column], lang: str) -> tuple[str, ...]:
    """Headings of columns with their units."""
    from planner.plan.figures import with_unit

    return tuple(with_unit(column.heading(lang), column.unit, lang) for column in columns)


@verb()
def predict(
    panels: Annotated[Path, typer.Argument(help="Mining panels: polygons with thickness_m, depth_m, q, tan_beta, b …")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A GeoTIFF, or a CSV with --at.")] = None,
    cell: Annotated[float, typer.Option("--cell", help="Cell of the raster, m.", min=0.01)] = 10.0,
    at: Annotated[Path | None, typer.Option("--at", help="Predict at these points instead.")] = None,
    years: Annotated[
        float | None, typer.Option("--years", help="Years after extraction; all movement without it.", min=0)
    ] = None,
    encoding: Encoding = None,
    crs: Crs = None,
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Predict subsidence and deformation from mining panels by the probability-integral method."""
    from planner.subsidence import check_panels
    from planner.subsidence.files import predict_raster, predict_table

    may_write(output, panels, at, overwrite=overwrite)
    frame = _vector(panels, encoding, "panels", crs)
    if at is not None:
        table = predict_table(frame, _vector(at, encoding, "points", crs), years=years)
        for line in check_panels(frame).warnings:
            voice.warn(text("cli.warning", voice.lang, warning=line))
        put(table.to_csv(index_label="point", lineterminator="\n"), output, voice, overwrite=overwrite)
        voice.document({"schema": "planner.predict/1", "points": table.to_dict("records")})
        return
    target = output or Path(f"{panels.stem}-subsidence.tif")
    done = predict_raster(frame, target, cell_m=cell, years=years, overwrite=overwrite)
    for line in done["warnings"]:
        voice.warn(text("cli.warning", voice.lang, warning=line))
    fields = done["fields"]
    voice.say("\n".join(f"{name:<18} {round(v['min'], 4) + 0.0:>12.4f} … {v['max']:.4f}" for name, v in fields.items()))
    voice.say(
        text("cli.trough", voice.lang, volume=done["volume_m3"], path=target, rows=done["rows"], cols=done["cols"], cell=cell)
    )
    figures = {"volume_m3": done["volume_m3"], "rows": done["rows"], "cols": done["cols"], "fields": fields}
    voice.document({"schema": "planner.predict/1", "raster": str(target), **figures})


def _point(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(say("cli.seed", text=text)) from None
    return x, y


def _vector(path: Path, encoding: str | None, role: str, crs: str | None = None) -> gpd.GeoDataFrame:
    """A vector file, its attributes decoded; its CRS, or the one that was given where it names none."""
    from planner.read.record import Record
    from planner.read.sources import Ask, open_vector

    frame = open_vector(Ask(path, str(path), role, encoding=encoding), Record())
    if frame.crs is None:
        if crs is None:
            raise InvalidInput(say("cli.no_crs", path=path))
        frame = frame.set_crs(crs)
    return frame


def may_write(output: Path | None, *inputs: str | Path | None, overwrite: bool) -> None:
    """Refuses before the work is done what must not be written over: what is there already, and what is read."""
    if output is None or not output.exists():
        return
    from planner.files import refuse_existing
    from planner.water.files import raster_files

    for given in inputs:
        files = [] if given is None else [Path(given)]
        with contextlib.suppress(InvalidInput):  # told where it is read
            files += [] if given is None else raster_files(given)
        if output.resolve() in {f.resolve() for f in files}:
            raise UsageError(say("cli.read_from_here", output=output))
    refuse_existing(output, overwrite=overwrite)


def tell_notes(notes: Sequence[Message], lang: str, voice: Voice) -> None:
    """What had to be decided, a line each."""
    for note in notes:
        voice.warn(text("cli.note", lang, note=note))


def put(text: str, output: Path | None, voice: Voice, *, overwrite: bool) -> None:
    """A table on stdout, or whole in a file."""
    if output is None:
        voice.say(text.rstrip("\n"))
        return
    from planner.files import write_whole

    write_whole(output, text, overwrite=overwrite)
    voice.wrote(output)
