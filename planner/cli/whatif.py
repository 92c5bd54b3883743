"""The verb that asks what if: limits that cannot all be kept, tables over values, the price of keeping land as it is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice, table
from planner.cli.verbs import Sets, parse_sets
from planner.errors import UsageError
from planner.words import say, text

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "planner.whatif/1"


@verb()
def whatif(
    site: Annotated[Path, typer.Argument(help="A folder with site.toml, a site.toml, or a vector file.")],
    sets: Sets = None,
    priority: Annotated[
        list[str] | None,
        typer.Option("--priority", help="A limit's key; repeatable. The first named gives last.", metavar="KEY"),
    ] = None,
    varied: Annotated[
        list[str] | None,
        typer.Option("--vary", help="key=a,b,c: a table of plans over the values; repeatable.", metavar="KEY=A,B,C"),
    ] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", help="parcel=P17,target=green: what keeping it costs.", metavar="parcel=…,target=…")
    ] = None,
    curve: Annotated[
        str | None,
        typer.Option("--curve", help="green=15000,16000: what each further mu costs, plan by plan.", metavar="TARGET=MU,MU"),
    ] = None,
    people: Annotated[
        float | None, typer.Option("--people", help="With --curve: share the price out among so many.", metavar="N")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the plan here.")] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """The best plan where limits cannot all be kept and what each gave; tables over values; the price of keeping land."""
    changed = parse_sets(sets or [])
    document: dict[str, Any] = {"schema": SCHEMA}
    if keep is not None:
        document["keep"] = _keep(site, keep, changed, voice, lang)
    if varied:
        document["vary"] = _vary(site, varied, changed, voice, lang)
    if people is not None and curve is None:
        raise UsageError(say("whatif.people"))
    if curve is not None:
        document["curve"] = _curve(site, curve, people, changed, voice, lang)
    if keep is None and not varied and curve is None:
        document |= _best(site, changed, priority or [], (output, overwrite), voice, lang)
    voice.document(document)


def _best(
    site: Path, sets: dict[str, Any], priority: list[str], target: tuple[Path | None, bool], voice: Voice, lang: str
) -> dict[str, Any]:
    """The best plan, what each limit gave, and the plan written where that was asked."""
    from planner.facade import Plan
    from planner.plan.whatif import whatif as best

    found = best(site, priority=priority, **sets)
    head = tuple(text(f"whatif.{key}", lang) for key in ("limit", "asked", "set", "gave", "possible"))
    voice.say(table([(str(key), *(f"{v:,.10g}" for v in row)) for key, *row in found.gave.itertuples()], head))
    summary = found.plan.summary()
    proof = summary["solver"]
    voice.say(text("whatif.value", lang, value=proof["objective"], gap=proof["gap"]))
    folder, overwrite = target
    if folder is not None:
        Plan.of(found.plan).save(folder, overwrite=overwrite, lang=lang)
        voice.wrote(folder)
    rows = found.gave.reset_index().to_dict("records")
    return {"limits": rows, "plan": {k: summary[k] for k in ("targets", "restored_mu", "water", "economics", "solver")}}


def _vary(site: Path, items: list[str], sets: dict[str, Any], voice: Voice, lang: str) -> list[dict[str, Any]]:
    """Plans over values, as a table."""
    from planner.plan.whatif import vary

    values = {}
    for item in items:
        key, equals, listed = item.partition("=")
        if not equals or not listed.strip():
            raise UsageError(say("whatif.vary", item=item))
        values[key.strip()] = [parse_sets([f"x={part}"])["x"] for part in listed.split(",")]
    found = vary(site, values, **sets)
    shown = [
        c for c in ("status", "objective_cny", "change_cny", "restored_mu", "water_mu", "storage_m3", "cost_cny") if c in found
    ]
    rows = [
        (*map(str, case if isinstance(case, tuple) else (case,)), *(_cell(v) for v in row))
        for case, row in zip(found.index, found[shown].itertuples(index=False, name=None), strict=True)
    ]
    voice.say(table(rows, (*values, *(text(f"whatif.{c}", lang) for c in shown))))
    if "proven" in found and not found["proven"].iloc[1:].all():
        voice.warn(text("whatif.within_gap", lang))
    return _records(found)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else "–" if value != value else f"{value:,.0f}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON, what is not known as null."""
    plain = frame.reset_index().astype(object)
    return [dict(row) for row in plain.where(plain.notna(), None).to_dict("records")]


def _keep(site: Path, asked: str, sets: dict[str, Any], voice: Voice, lang: str) -> dict[str, Any]:
    """What keeping a parcel or unit as a target costs."""
    from planner.city import price_of_green
    from planner.read import read_site

    pairs = dict(part.partition("=")[::2] for part in asked.split(","))
    if not set(pairs) <= {"parcel", "unit", "target", "people"} or not all(pairs.values()):
        raise UsageError(say("whatif.keep", item=asked))
    people = float(pairs["people"]) if "people" in pairs else None
    where = {key: pairs[key] for key in ("parcel", "unit", "target") if key in pairs}
    found = price_of_green(read_site(site, sets=sets), people=people, **where)
    code = "whatif.price" if found.proven else "whatif.no_difference"
    told = {"best": found.best_cny, "low": found.low_cny, "high": found.high_cny, "area": found.area_mu}
    voice.say(text(code, lang, **told))
    return {
        "best_cny": found.best_cny,
        "low_cny": found.low_cny,
        "high_cny": found.high_cny,
        "area_mu": found.area_mu,
        "cny_per_mu": found.cny_per_mu,
        "cny_per_head": found.cny_per_head,
        "proven": found.proven,
    }


def _curve(site: Path, asked: str, people: float | None, sets: dict[str, Any], voice: Voice, lang: str) -> list[dict[str, Any]]:
    """What each further mu of a target costs, as a table."""
    from planner.city import price_curve

    target, equals, listed = asked.partition("=")
    try:
        areas = [float(part) for part in listed.split(",")]
    except ValueError:
        raise UsageError(say("whatif.curve", item=asked)) from None
    if not equals or not target.strip():
        raise UsageError(say("whatif.curve", item=asked))
    found = price_curve(site, areas, target=target.strip(), people=people, **sets)
    shown = ["objective_cny", "best_cny", "low_cny", "high_cny", "cny_per_mu", *(["cny_per_head"] if people else [])]
    rows = []
    for least, row in zip(found.index, found.to_dict("records"), strict=True):
        made = row["objective_cny"] == row["objective_cny"] and row["objective_cny"] is not None
        cells = [_cell(math.nan if row[c] is None else row[c]) for c in shown]
        rows.append(
            (
                f"{least:,.10g}",
                *(cells if made else [text(f"whatif.{row['status']}".replace(" ", "_"), lang), *["–"] * (len(shown) - 1)]),
            )
        )
    voice.say(
        table(rows, (text("whatif.least_of", lang, target=target.strip()), *(text(f"whatif.curve_{c}", lang) for c in shown)))
    )
    if any(proven is False for proven in found["proven"]):  # None of the first plan, and where there is none
        voice.warn(text("whatif.none_proven", lang))
    return _records(found)
