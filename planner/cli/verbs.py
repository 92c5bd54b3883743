"""The verbs, each as thin as its options allow."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli import tell
from planner.cli.app import verb
from planner.cli.console import Crs, Encoding, Lang, Output, Overwrite, PlanFolder, Voice
from planner.errors import InvalidInput, OutputExists, UsageError
from planner.timelimit import UNLIMITED, WRITING_S, TimeLimit
from planner.timelimit import time_limit as limited
from planner.words import both, render, say, text

if TYPE_CHECKING:
    from planner.facade import Plan

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="key.path=value that wins over the file; repeatable, e.g. --set budget.max_cny=1e9", metavar="KEY=VALUE"
    ),
]


Alternatives = Annotated[
    bool,
    typer.Option(
        "--alternatives/--no-alternatives",
        help="Also work out the cheapest plan and one laid out otherwise under the same limits, three minutes at most.",
    ),
]


@verb()
def demo(
    name: Annotated[str | None, typer.Argument(help="zhonghu, panan (both where none is named), jiawang or aidans.")] = None,
    output: Output = None,
    overwrite: Overwrite = False,
    lang: Lang = "en",
    others: Alternatives = True,
    *,
    voice: Voice,
) -> None:
    """Plan the bundled samples: the sites Zhonghu and Pan'an Lake, or Jiawang's programme of 82 projects (reconstructions)."""
    from planner import samples

    names = samples.NAMES if name is None else (name,)
    folder = output or Path("planner-demo")
    documents = {}
    for one in names:
        _refuse_existing(folder / one, overwrite=overwrite)
    for one in names:
        site = samples.folder(one)
        if one in samples.PROGRAMMES:
            from planner.cli.portfolio import written

            documents[one] = written(site, folder / one, voice, overwrite=overwrite, lang=lang)
            continue
        plan = _plan(site, voice, sets={}, others=others)
        documents[one] = _write(plan, folder / one, voice, overwrite=overwrite, lang=lang)
    voice.document(documents)


@verb()
def allocate(
    site: Annotated[Path, typer.Argument(help="A folder holding site.toml, a site.toml, or a vector file of polygons.")],
    output: Output = None,
    sets: Sets = None,
    lang: Lang = "en",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and report, write nothing.")] = False,
    gap: Annotated[float | None, typer.Option("--gap", help="Relative gap to prove.", min=0.0, max=1.0)] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds for the whole command, from reading to writing.", min=0.001)
    ] = None,
    encoding: Encoding = None,
    crs: Crs = None,
    others: Alternatives = False,
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Make the whole plan of a site: map, layers, tables, figures."""
    wanted = parse_sets(sets or [])
    if gap is not None:
        wanted["solver.gap"] = gap
    if time_limit is not None:
        wanted["solver.time_limit_s"] = time_limit
    folder = output or Path(f"{site.stem if site.is_file() else Path(os.path.realpath(site)).name}-plan")
    if not dry_run:
        _refuse_existing(folder, overwrite=overwrite)
    with limited(time_limit, lambda message: voice.warn(render(message, lang))) as limit:
        plan = _plan(site, voice, sets=wanted, encoding=encoding, crs=crs, others=others, limit=limit)
        if dry_run:
            voice.say(tell.plan_text(plan.summary(), lang))
            _warn(plan.summary(), voice, lang)
            voice.say(text("cli.dry_run", lang))
            voice.document(plan.summary())
            return
        limit.expect(say("timelimit.writing", left=max(limit.left, 0.0)), len(plan.units) * WRITING_S)
        summary = _write(plan, folder, voice, overwrite=overwrite, lang=lang)
        if limit.left < 0:
            limit.tell(say("timelimit.passed", seconds=limit.seconds, over=-limit.left))
        voice.document(summary)


@verb(context_settings={"ignore_unknown_options": True})  # a unit's id may begin with a dash
def explain(
    plan: PlanFolder,
    unit_id: Annotated[str, typer.Argument(help="The planning unit.")],
    lang: Lang = "en",
    *,
    voice: Voice,
) -> None:
    """Say why a unit has its target, why not the others, and what would have to change."""
    from planner.facade import load_plan

    told = load_plan(plan).explain(unit_id)
    voice.say(told.text(lang))
    voice.document(told.to_dict())


@verb("map")
def map_(
    plan: PlanFolder,
    output: Output = None,
    pdf: Annotated[str, typer.Option("--pdf", help="A sheet for the wall instead: A4 or A3, as PDF.", metavar="A4|A3")] = "",
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Draw the interactive map of a saved plan: one HTML file that opens with no network; or a sheet as PDF."""
    from planner.facade import load_plan
    from planner.files import write_whole

    page: bytes | str
    if pdf:
        from planner.report import map_pdf

        target = output or Path("map.pdf")
        page = map_pdf(load_plan(plan), paper=pdf.upper(), lang=lang)  # type: ignore[arg-type]  # it says what it takes
    else:
        target = output or Path("map.html")
        page = load_plan(plan).map(lang=lang).page()
    write_whole(target, page, overwrite=overwrite)
    voice.wrote(target)
    voice.document({"map": str(target), "bytes": target.stat().st_size})


@verb()
def compare(
    plans: Annotated[list[Path], typer.Argument(help="Two or more folders that `planner allocate` wrote.")],
    output: Output = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Put plans side by side: mu, m³, yuan, and what moved from target to target."""
    from planner.facade import load_plan
    from planner.plan.compare import compare_plans

    if len(plans) < 2:
        raise UsageError(say("plan.two_plans"))
    loaded = [load_plan(folder) for folder in plans]
    result = compare_plans(loaded, names=[str(p) for p in plans])
    if output is not None:
        from planner.files import write_whole
        from planner.maps import compare_html

        write_whole(output, compare_html(loaded, names=[p.name for p in plans], lang=lang).encode(), overwrite=overwrite)
    voice.say(tell.compare_text(result, lang))
    for warning in result["warnings_zh" if lang == "zh" else "warnings"]:
        voice.warn(warning)
    voice.document(result)


@verb()
def check(
    site: Annotated[Path, typer.Argument(help="A folder holding site.toml, a site.toml, or a vector file of polygons.")],
    faults: Annotated[Path | None, typer.Option("--faults", help="Write what is wrong as a layer (GeoPackage).")] = None,
    lang: Lang = "en",
    encoding: Encoding = None,
    crs: Crs = None,
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Read and repair a site and report what was found, what was decided and why, and what is wrong."""
    from planner.read import check as check_site

    report = check_site(site, encoding=encoding, crs=crs)
    if faults is not None:
        report.write_faults(faults, overwrite=overwrite)
    voice.say(report.text(lang))
    voice.document(report.to_dict())
    if not report.ok:
        if voice.as_json or voice.quiet:  # the report has told it otherwise
            voice.fail(text("cli.error", lang, error=report.error))
        raise typer.Exit(InvalidInput.exit_code)


@verb()
def init(
    polygons: Annotated[Path, typer.Argument(help="The subsidence polygons: any vector file.")],
    terrain: Annotated[Path | None, typer.Option("--terrain", help="The ground's elevation: any raster.")] = None,
    output: Output = None,
    lang: Lang = "en",
    encoding: Encoding = None,
    crs: Crs = None,
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Write a commented, runnable site.toml for your own files."""
    from planner.files import write_whole
    from planner.read import init_text

    target = output or Path("site.toml")
    write_whole(
        target,
        init_text(polygons, terrain, beside=target.parent, lang=lang, encoding=encoding, crs=crs).encode(),
        overwrite=overwrite,
    )
    voice.say(text("cli.wrote_next", lang, path=target))
    voice.document({"site": str(target)})


def parse_sets(items: list[str]) -> dict[str, Any]:
    """--set key.path=value as dotted keys; a value that is no TOML value is taken as text.

    Raises UsageError where there is no `=`.
    """
    result: dict[str, Any] = {}
    for item in items:
        key, equals, text = item.partition("=")
        if not equals or not key.strip():
            raise UsageError(say("cli.set", item=item))
        try:
            result[key.strip()] = tomllib.loads(f"value = {text.strip()}")["value"]
        except tomllib.TOMLDecodeError:
            result[key.strip()] = text.strip()
    return result


def _refuse_existing(folder: Path, *, overwrite: bool) -> None:
    """Refuses before the work is done, not after; the writing itself checks again, under its lock."""
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise OutputExists(say("cli.holds_files", folder=folder))


def _plan(
    site: Path,
    voice: Voice,
    *,
    sets: dict[str, Any],
    encoding: str | None = None,
    crs: str | None = None,
    others: bool = False,
    limit: TimeLimit = UNLIMITED,
) -> Plan:
    from planner.facade import make_plan
    from planner.plan.others import KEYS, PATIENCE_S, RAISES

    with voice.progress() as bar:
        plan = make_plan(site, announce=bar.announce, progress=bar.solving, encoding=encoding, crs=crs, limit=limit, **sets)
        if not others:
            return plan
        seconds = limit.for_each(len(KEYS) - 1 + len(RAISES), PATIENCE_S)
        if not seconds:
            limit.tell(say("timelimit.no_alternatives"))
            return plan
        bar.announce("alternatives")
        return plan.alternatives(seconds=seconds)


def _write(plan: Plan, folder: Path, voice: Voice, *, overwrite: bool, lang: str) -> dict[str, Any]:
    with voice.progress() as bar:
        bar.announce("write")
        plan.save(folder, overwrite=overwrite, lang=lang)
    summary = plan.summary()
    voice.say(tell.plan_text(summary, lang))
    _warn(summary, voice, lang)
    voice.say(text("cli.map", lang, path=folder / "map.html") + "\n")
    return summary


def _warn(summary: dict[str, Any], voice: Voice, lang: str) -> None:
    for line, zh in zip(summary["warnings"], summary["warnings_zh"], strict=True):
        voice.warn(text("cli.warning", lang, warning=both(line, zh)))
