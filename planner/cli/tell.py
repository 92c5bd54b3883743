"""Summaries and comparisons as text for a terminal."""

from __future__ import annotations

from typing import Any

from planner.cli.console import table
from planner.landuse import TARGETS

SMALL_M3 = 1e5  # volumes below it are told in m³: 0.04 Mm³ tells nothing
SMALL_CNY = 1e6  # and sums of money below it in yuan


def plan_text(s: dict[str, Any], lang: str = "en") -> str:
    """A plan's summary (schema planner.summary/1) as text in a language."""
    return _plan_zh(s) if lang == "zh" else _plan_en(s)


def _rows(s: dict[str, Any], lang: str) -> list[tuple[str, ...]]:
    return [
        (
            getattr(TARGETS[t], lang),
            _area(v["area_mu"]),
            f"{v['units']:,}",
            f"{v['cost_cny'] / (1e6 if lang == 'en' else 1e4):,.1f}",
            f"{v['benefit_cny'] / (1e6 if lang == 'en' else 1e4):,.1f}",
        )
        for t, v in s["targets"].items()
        if v["units"]
    ]


def _area(mu: float) -> str:
    """mu with one decimal, or with as many as it takes to see a piece smaller than a mu."""
    return f"{mu:,.1f}" if mu >= 1 or mu == 0 else f"{mu:.4f}"


def _volume(m3: float, lang: str) -> str:
    m3 = max(m3, 0.0) + 0.0  # −0.0 reads as a mistake
    if lang == "zh":
        return f"{m3 / 1e4:,.1f}万立方米" if m3 >= SMALL_M3 else f"{m3:,.0f}立方米"
    return f"{m3 / 1e6:,.2f} Mm³" if m3 >= SMALL_M3 else f"{m3:,.0f} m³"


def _money(cny: float, lang: str) -> str:
    if lang == "zh":
        return f"{cny / 1e4:,.0f}万元" if abs(cny) >= SMALL_CNY else f"{cny:,.0f}元"
    return f"{cny / 1e6:,.1f} M yuan" if abs(cny) >= SMALL_CNY else f"{cny:,.0f} yuan"


def _worth(cny: float) -> str:
    """A price: whole yuan where it is large, four figures where it is small."""
    return f"{cny:,.0f}" if abs(cny) >= 1000 else f"{cny:,.4g}"


def _plan_en(s: dict[str, Any]) -> str:
    water, earth, money, proof = s["water"], s["earthwork"], s["economics"], s["solver"]
    named = "reconstruction" in s["site"]["name_en"].lower()
    kind = (
        "" if s["site"]["kind"] != "reconstruction" else " - not survey data" if named else " - reconstruction, not survey data"
    )
    volumes = {k: _volume(earth[f"{k}_m3"], "en") for k in ("cut", "fill", "import", "export")}
    left = f", spread over the site {_volume(earth['spread_m3'], 'en')}" if earth.get("spread_m3", 0.0) > 0 else ""
    lines = [
        f"{s['site']['name_en']}{kind}: {_area(s['site']['area_mu'])} mu in {s['site']['units']:,} units",
        table(_rows(s, "en"), ("target", "mu", "units", "cost M yuan", "value M yuan")),
        f"restored {_area(s['restored_mu'])} mu; water {_area(s['water_mu'])} mu"
        + (f" holding {_volume(water['storage_m3'], 'en')} ({_bodies(s, 'en')})" if water["reservoirs"] else ""),
        f"earth: cut {volumes['cut']}, fill {volumes['fill']}, import {volumes['import']}, export {volumes['export']}{left}; "
        f"mean haul {earth['mean_haul_m']:,.0f} m",
        f"money: cost {_money(money['cost_cny'], 'en')} (lump sums {_money(money['lump_sums_cny'], 'en')}), value "
        f"{_money(money['benefit_cny'], 'en')}, input:output 1:{money['benefit_cost_ratio']:.2f}",
        f"proof: {proof['status'].replace('_', ' ')}, gap {proof['gap']:.1e} in {proof['seconds']:.1f} s by {proof['method']}",
    ]
    lines += [f"  {b['rule']}: one more {b['unit']} is worth {_worth(b['shadow_price'])} yuan" for b in proof["binding"]]
    return "\n".join(lines)


def _plan_zh(s: dict[str, Any]) -> str:
    from planner.plan.wording import STATES_ZH, UNITS_ZH, method_zh, rule_zh

    water, earth, money, proof = s["water"], s["earthwork"], s["economics"], s["solver"]
    kind = "（重建数据，非实测）" if s["site"]["kind"] == "reconstruction" else ""
    volumes = {k: _volume(earth[f"{k}_m3"], "zh") for k in ("cut", "fill", "import", "export")}
    left = f"，场内摊铺{_volume(earth['spread_m3'], 'zh')}" if earth.get("spread_m3", 0.0) > 0 else ""
    lines = [
        f"{s['site']['name']}{kind}：{_area(s['site']['area_mu'])}亩，{s['site']['units']:,}个单元",
        table(_rows(s, "zh"), ("用途", "亩", "单元", "投资（万元）", "收益（万元）")),
        f"恢复{_area(s['restored_mu'])}亩；水面{_area(s['water_mu'])}亩"
        + (f"，蓄水{_volume(water['storage_m3'], 'zh')}（{_bodies(s, 'zh')}）" if water["reservoirs"] else ""),
        f"土方：挖{volumes['cut']}，填{volumes['fill']}，外购{volumes['import']}，外运{volumes['export']}{left}；"
        f"平均运距{earth['mean_haul_m']:,.0f}米",
        f"资金：投资{_money(money['cost_cny'], 'zh')}（其中单列{_money(money['lump_sums_cny'], 'zh')}），收益"
        f"{_money(money['benefit_cny'], 'zh')}，投入产出比1:{money['benefit_cost_ratio']:.2f}",
        f"证明：{STATES_ZH.get(proof['status'], proof['status'])}，间隙{proof['gap']:.1e}，{proof['seconds']:.1f}秒，"
        f"{method_zh(proof['method'])}",
    ]
    lines += [
        f"  {rule_zh(b['rule'])}：限值每增加一{UNITS_ZH.get(b['unit'], b['unit'])}，价值变化{_worth(b['shadow_price'])}元"
        for b in proof["binding"]
    ]
    return "\n".join(lines)


def _bodies(s: dict[str, Any], lang: str) -> str:
    from planner.plan.wording import SIZES_ZH

    bodies = s["water"]["reservoirs"]
    shown = [
        f"{b['id']} {_volume(b['storage_m3'], lang)} {b['size_class'] if lang == 'en' else SIZES_ZH.get(b['size_class'], '')}"
        for b in bodies[:3]
    ]
    rest = len(bodies) - 3
    more = ("" if rest <= 0 else f"；另{rest}处") if lang == "zh" else ("" if rest <= 0 else f"; {rest} more")
    return ("；" if lang == "zh" else "; ").join(shown) + more


def compare_text(result: dict[str, Any], lang: str = "en") -> str:
    """Plans side by side and what moved, as text in a language."""
    from planner.plan.wording import FIGURES_ZH

    names = [p["name"] for p in result["plans"]]
    rows: list[tuple[str, ...]] = [
        (FIGURES_ZH.get(row["what"], row["what"]) if lang == "zh" else row["what"], *(f"{v:,.2f}" for v in row["values"]))
        for row in result["rows"]
    ]
    parts = [table(rows, ("", *names))]
    unit, nothing = ("亩", "没有变化") if lang == "zh" else ("mu", "nothing moved")
    for moved in result["moves"]:
        parts.append(f"\n{moved['from_plan']} → {moved['to_plan']}" + ("：" if lang == "zh" else f", {unit}:"))
        flows: list[tuple[str, ...]] = [
            (f"{getattr(TARGETS[f['from']], lang)} → {getattr(TARGETS[f['to']], lang)}", f"{f['area_mu']:,.2f}")
            for f in moved["flows"]
            if f["from"] != f["to"]
        ]
        parts.append(table(flows, ("", unit)) if flows else nothing)
    return "\n".join(parts)
