"""The chapter on a programme: what is done, when, with whose money, what was left out and what would bring it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.columns import PROGRAMME
from planner.portfolio.programme import MU
from planner.report.document import Block, Document, Picture, Say, Section, Table, Text
from planner.report.drawing import INK, dressed, figure
from planner.words import text

if TYPE_CHECKING:
    from planner.portfolio.noun import Scheduled

COLOURS = ("#14506b", "#6DBE73", "#d9a441", "#B5373A", "#7a6fb0", "#8f9a96", "#4ba3a8", "#c77f4a")
LEFT_OUT = 25  # projects told in the table of what was left out


def heads_of(keys: Iterable[str], lang: str) -> tuple[str, ...]:
    """What columns of a programme are called, without their units."""
    return tuple(PROGRAMME[k].heading(lang) for k in keys)


def fund_name(found: Scheduled, at: int, lang: str) -> str:
    """A fund's name in a language, or its id."""
    fund = found.made.funds[at]
    return (fund.name_en if lang == "en" else fund.name) or fund.name or fund.id


def project_name(found: Scheduled, name: str, lang: str) -> str:
    """A project's id and, where it has one, its name."""
    project = found.made.projects[found.made.index[name]]
    own = (project.name_en if lang == "en" else project.name) or project.name
    return f"{name} {own}" if own else name


def variant_name(variant: str, lang: str) -> str:
    """What a variant is called: as it was given, or where a site was planned by its number."""
    words = variant.split()
    numbered = len(words) == 2 and words[0] == "plan" and words[1].isdigit()
    return text("portfolio.plan_number", lang, number=int(words[1])) if numbered else variant


def title(found: Scheduled, lang: str) -> str:
    """The programme's name in a language."""
    general = found.made.general
    return (general.name_en if lang == "en" else general.name) or general.name or text("portfolio.programme", lang)


def document(found: Scheduled, *, lang: str = "en") -> Document:
    """The chapter as a document of its own."""
    general = found.made.general
    return Document(
        title=title(found, lang),
        subtitle=text("portfolio.subtitle", lang, first=int(found.made.years[0]), last=int(found.made.years[-1])),
        badge=text("word.reconstruction", lang) if general.kind == "reconstruction" else "",
        lang=lang,
        sections=(
            Section(text("word.decides", lang), _first_page(found, lang)),
            Section(text("portfolio.schedule", lang), (_gantt_picture(found, lang), _schedule(found, lang))),
            Section(text("portfolio.money", lang), (_funds_picture(found, lang), _funds(found, lang))),
            Section(text("portfolio.left_out", lang), (Text(text("portfolio.left_out_text", lang)), _left_out(found, lang))),
            *((Section(text("portfolio.earth", lang), (_earth(found, lang),)),) if len(found.earth) else ()),
        ),
        footer=text("portfolio.footer", lang),
    )


def _first_page(found: Scheduled, lang: str) -> tuple[Block, ...]:
    s = found.summary()
    totals, proof = s["totals"], s["solver"]
    told = sentence(found, lang)
    certificate = certified(proof, lang)
    planned = (text("portfolio.planned", lang, plans=proof["columns"], sites=proof["sites"]),) if "columns" in proof else ()
    head = Say(lang).head
    rows = [(head(PROGRAMME[k]), f"{totals[k]:,.1f}") for k in ("restored_mu", *MU)]
    rows += [(head(PROGRAMME[k]), f"{totals[k]:,.0f}") for k in ("cost_cny", "npv_cny", "earth_m3", "bought_m3")]
    table = Table((text("word.figure", lang), text("portfolio.number", lang)), tuple(rows))
    return (Text(told, strong=True), Text(certificate), *(Text(p) for p in planned), table)


def certified(proof: Mapping[str, Any], lang: str) -> str:
    """How good the schedule is proven to be. proof: `solver` of the summary."""
    if proof["gap"] is not None:
        return text("portfolio.certificate", lang, gap=100 * proof["gap"])
    apart = abs(proof["bound_of_columns"] - proof["objective"]) / max(abs(proof["objective"]), 1e-9)
    return text("portfolio.certificate_of_plans", lang, gap=100 * apart)


def sentence(found: Scheduled, lang: str) -> str:
    """What comes of the programme, in one sentence."""
    totals = found.summary()["totals"]
    told = {"done": totals["projects"], "all": len(found.made.projects), "cost": totals["cost_cny"], "npv": totals["npv_cny"]}
    land = {
        "treated": totals["restored_mu"] + totals["reservoir_mu"],
        "mu": totals["restored_mu"],
        "water": totals["reservoir_mu"],
    }
    return text("portfolio.sentence", lang, **told, **land)


def _schedule(found: Scheduled, lang: str) -> Table:
    keys = ("project", "start", "finish", "variant", "cost_cny", "npv_cny", "restored_mu", "reservoir_mu")
    done = found.projects[found.projects["selected"].astype(bool)].sort_values(["start", "finish"], kind="stable")
    rows = tuple(
        (
            project_name(found, str(name), lang),
            str(row["start"]),
            str(row["finish"]),
            variant_name(str(row["variant"]), lang),
            f"{row['cost_cny'] / 1e4:,.1f}",
            f"{row['npv_cny'] / 1e4:z,.1f}",
            f"{row['restored_mu']:,.1f}",
            f"{row['reservoir_mu']:,.1f}",
        )
        for name, row in done.iterrows()
    )
    return Table(heads_of(keys, lang), rows, caption=text("portfolio.ten_thousand", lang), words=(0, 3))


def _funds(found: Scheduled, lang: str) -> Table:
    heads = heads_of(("fund", "year", "given_cny", "spent_cny", "left_cny", "shadow_price"), lang)
    place = {fund.id: k for k, fund in enumerate(found.made.funds)}
    rows = tuple(
        (
            fund_name(found, place[r.id], lang),
            str(r.year),
            *("–" if not np.isfinite(v) else f"{v / 1e4:,.1f}" for v in (r.given_cny, r.spent_cny, r.left_cny)),
            f"{r.shadow_price:.3f}" if found.made.general.objective == "npv" else f"{r.shadow_price:.3g}",
        )
        for r in found.funds.itertuples()
    )
    return Table(heads, rows, caption=text("portfolio.prices", lang))


def _left_out(found: Scheduled, lang: str) -> Table:
    out = found.projects[~found.projects["selected"].astype(bool)].sort_values("loss", kind="stable")
    rows = []
    for name, row in out.head(LEFT_OUT).iterrows():
        loss, cny = float(row["loss"]), float(row["loss_cny"])
        if not np.isfinite(loss) or loss <= 0:
            told = text("portfolio.in_reach" if np.isfinite(loss) else "portfolio.never", lang)
        elif np.isfinite(cny):
            told = text("portfolio.would_lose", lang, loss=cny)
        else:
            told = text("portfolio.would_lose_of", lang, loss=loss, what=_aim(found, lang))
        rows.append((project_name(found, str(name), lang), told))
    return Table((*heads_of(["project"], lang), text("portfolio.bring_in", lang)), tuple(rows), words=(0, 1))


def _aim(found: Scheduled, lang: str) -> str:
    """What the objective counts, where that is one thing, with its unit; else that it is the objective."""
    names = [name for name, weight in found.solution.relaxed.model.weights.items() if weight]
    return Say(lang).head(PROGRAMME[names[0]]) if len(names) == 1 else text("portfolio.objective", lang)


def _earth(found: Scheduled, lang: str) -> Table:
    heads = tuple(Say(lang).head(PROGRAMME[k]) for k in ("from", "to", "year", "m3", "km"))
    rows = []
    for r in found.earth.itertuples(index=False):
        giver, taker, year, m3, km = r
        source = project_name(found, giver, lang) if giver else text("portfolio.bought", lang)
        rows.append((source, project_name(found, taker, lang), str(year), f"{m3:,.0f}", "–" if np.isnan(km) else f"{km:.1f}"))
    return Table(heads, tuple(rows), words=(0, 1))


def _gantt_picture(found: Scheduled, lang: str) -> Picture:
    count = max(len(found.solution.chosen), 1)
    ratio = min(max(0.12 + 0.022 * count, 0.3), 1.35)
    return Picture(partial(_gantt, found, lang, ratio), text("portfolio.gantt", lang))


def _gantt(found: Scheduled, lang: str, ratio: float, width: float) -> Any:
    """A bar a project over its years, darker where more is paid."""
    made, axes = figure(width, ratio)
    done = found.projects[found.projects["selected"].astype(bool)].sort_values(["start", "finish"], kind="stable")
    paid = found.schedule.groupby(["id", "year"])["cny"].sum()
    most = max(float(paid.max()), 1e-9) if len(paid) else 1.0
    for at, name in enumerate(done.index):
        for year, cny in paid.get(name, {}).items() if len(paid) and name in paid.index.get_level_values(0) else ():
            axes.barh(at, 1.0, left=year - 0.5, color=COLOURS[0], alpha=0.25 + 0.75 * float(cny) / most, height=0.8)
    size = 7.0 if len(done) < 30 else 4.5
    axes.set_yticks(range(len(done)), [project_name(found, str(n), lang)[:24] for n in done.index])
    axes.tick_params(axis="y", labelsize=size)
    axes.set_ylim(len(done) - 0.4, -0.6)
    axes.tick_params(axis="x", top=True, labeltop=True)
    axes.set_xlim(found.made.years[0] - 0.5, found.made.years[-1] + 0.5)
    axes.locator_params(axis="x", integer=True)
    dressed(axes)
    return made


def _funds_picture(found: Scheduled, lang: str) -> Picture:
    return Picture(partial(_stack, found, lang), text("portfolio.stack", lang))


def _stack(found: Scheduled, lang: str, width: float) -> Any:
    """What each fund pays by year, stacked; what is there, kept money included, as a line."""
    made, axes = figure(width, 0.42)
    years = found.made.years
    below = np.zeros(len(years))
    for f, fund in enumerate(found.made.funds):
        mine = found.funds[found.funds["id"] == fund.id]["spent_cny"].to_numpy() / 1e8
        axes.bar(years, mine, bottom=below, color=COLOURS[f % len(COLOURS)], label=fund_name(found, f, lang))
        below = below + mine
    limits = found.funds.groupby("year")["given_cny"].sum().to_numpy() / 1e8
    if np.isfinite(limits).all():
        axes.step(years, limits, where="mid", color=INK, lw=1.0, ls="--", label=PROGRAMME["given_cny"].heading(lang))
    axes.locator_params(axis="x", integer=True)
    dressed(axes, y=text("portfolio.hundred_million", lang), legend=True)
    return made
