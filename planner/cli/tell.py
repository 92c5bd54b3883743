"""Summaries and comparisons as text for a terminal."""

from __future__ import annotations

from typing import Any

from planner.cli.console import table
from planner.words import pair, render, say, term, text
from planner.words.locale import CN, Locale
from planner.words.render import written

SMALL_M3 = 1e5  # volumes below it are told in m³: 0.04 Mm³ tells nothing
SMALL_CNY = 1e6  # and sums of money below it in yuan
CELL_UNITS = ("", "mu", "", "yuan", "yuan")  # of the table by target
MOST_BODIES = 3  # reservoirs that are named


def plan_text(s: dict[str, Any], lang: str = "en") -> str:
    """A plan's summary (schema planner.summary/1) as text in a language."""
    locale = locale_of(s)
    heads = [locale.words(text(f"cli.head_{name}", lang)) for name in ("target", "mu", "units", "cost", "value")]
    rows = [tuple(locale.cell(cell, unit) for cell, unit in zip(row, CELL_UNITS, strict=True)) for row in _rows(s, lang)]
    lines = [_land(s, lang), _earth(s, lang), _money_line(s, lang), *_proof(s, lang)]
    return "\n".join([locale.text(_head(s, lang)), table(rows, tuple(heads)), *(locale.text(line) for line in lines)])


def locale_of(s: dict[str, Any]) -> Locale:
    """The units a summary's site is told in."""
    known = s.get("locale")
    return CN if known is None else Locale(known["preset"], known["currency"], known["cny_per_unit"])


def _head(s: dict[str, Any], lang: str) -> str:
    site = s["site"]
    name = site["name"] if lang == "zh" else site["name_en"]
    told = "survey" if site["kind"] == "survey" else "named" if _names_itself(name) else "reconstruction"
    return text(f"cli.plan_{told}", lang, name=name, area=_area(site["area_mu"]), units=site["units"])


def _names_itself(name: str) -> bool:
    """Whether a site's name already says that it is a reconstruction."""
    return any(word in name.lower() for word in pair(say("cli.reconstruction_word")))


def _rows(s: dict[str, Any], lang: str) -> list[tuple[str, ...]]:
    step = 1e6 if lang == "en" else 1e4  # M yuan, 万元
    return [
        (
            term("target", t, lang),
            _area(v["area_mu"]),
            f"{v['units']:,}",
            f"{v['cost_cny'] / step:,.1f}",
            f"{v['benefit_cny'] / step:,.1f}",
        )
        for t, v in s["targets"].items()
        if v["units"]
    ]


def _land(s: dict[str, Any], lang: str) -> str:
    areas = {"restored": _area(s["restored_mu"]), "water": _area(s["water_mu"])}
    if not s["water"]["reservoirs"]:
        return text("cli.land", lang, **areas)
    return text("cli.land_lakes", lang, **areas, stored=_volume(s["water"]["storage_m3"], lang), bodies=_bodies(s, lang))


def _earth(s: dict[str, Any], lang: str) -> str:
    earth = s["earthwork"]
    volumes = {k: _volume(earth[f"{k}_m3"], lang) for k in ("cut", "fill", "import", "export")}
    spread = earth.get("spread_m3", 0.0)
    left = say("cli.earth_left", spread=_volume(spread, lang)) if spread > 0 else ""
    return render(
        say(
            "cli.earth",
            cut=volumes["cut"],
            fill=volumes["fill"],
            brought=volumes["import"],
            taken=volumes["export"],
            left=left,
            haul_m=earth["mean_haul_m"],
        ),
        lang,
    )


def _money_line(s: dict[str, Any], lang: str) -> str:
    money = s["economics"]
    sums = {k: _money(money[f"{k}_cny"], lang) for k in ("cost", "haul", "lump_sums", "benefit")}
    ratio = money["benefit_cost_ratio"]
    told = {"cost": sums["cost"], "haul": sums["haul"], "lump": sums["lump_sums"], "value": sums["benefit"]}
    return text("cli.money", lang, **told, ratio=ratio)


def _proof(s: dict[str, Any], lang: str) -> list[str]:
    from planner.plan.limits import limit_name, method_name

    proof = s["solver"]
    how = method_name(proof["method"], lang)
    first = text("cli.proof", lang, status=proof["status"], gap=proof["gap"], seconds=proof["seconds"], method=how)
    return [first] + [
        text("cli.binding", lang, limit=limit_name(row), unit=row["unit"], worth=_worth(row["shadow_price"]))
        for row in proof["binding"]
    ]


def _area(mu: float) -> str:
    """mu with one decimal, or with as many as it takes to see a piece smaller than a mu."""
    return f"{mu:,.1f}" if mu >= 1 or mu == 0 else f"{mu:.4f}"


def _volume(m3: float, lang: str) -> str:
    m3 = max(m3, 0.0) + 0.0  # −0.0 reads as a mistake
    if m3 < SMALL_M3:
        return text("cli.m3", lang, m3=m3)
    return written(m3, "large m3", lang)


def _money(cny: float, lang: str) -> str:
    if abs(cny) < SMALL_CNY:
        return text("cli.yuan", lang, cny=cny)
    return written(cny, "large yuan", lang)


def _worth(cny: float) -> str:
    """A price: whole yuan where it is large, four figures where it is small."""
    return f"{cny:,.0f}" if abs(cny) >= 1000 else f"{cny:,.4g}"


def _bodies(s: dict[str, Any], lang: str) -> str:
    bodies = s["water"]["reservoirs"]
    classed = locale_of(s).native  # classes of SL 252 are China's
    shown = [
        f"{b['id']} {_volume(b['storage_m3'], lang)}" + (f" {term('size', b['size_class'], lang)}" if classed else "")
        for b in bodies[:MOST_BODIES]
    ]
    if len(bodies) > MOST_BODIES:
        shown.append(text("cli.more_bodies", lang, count=len(bodies) - MOST_BODIES))
    return text("word.semicolon", lang).join(shown)


def compare_text(result: dict[str, Any], lang: str = "en") -> str:
    """Plans side by side and what moved, as text in a language."""
    from planner.plan.figures import key_name, with_unit

    names = [p["name"] for p in result["plans"]]
    rows: list[tuple[str, ...]] = [
        (with_unit(key_name(row["key"], lang), row["unit"], lang), *(f"{v:,.2f}" for v in row["values"]))
        for row in result["rows"]
    ]
    parts = [table(rows, ("", *names))]
    for moved in result["moves"]:
        parts.append("\n" + text("cli.from_to", lang, before=moved["from_plan"], after=moved["to_plan"]))
        flows: list[tuple[str, ...]] = [
            (f"{term('target', f['from'], lang)} → {term('target', f['to'], lang)}", f"{f['area_mu']:,.2f}")
            for f in moved["flows"]
            if f["from"] != f["to"]
        ]
        parts.append(table(flows, ("", term("unit", "mu", lang))) if flows else text("cli.nothing_moved", lang))
    return "\n".join(parts)
