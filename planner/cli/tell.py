"""Summaries and comparisons as text for a terminal."""

from __future__ import annotations

from typing import Any

from planner.cli.console import table
from planner.landuse import TARGETS


def plan_text(s: dict[str, Any], lang: str = "en") -> str:
    """A plan's summary (schema planner.summary/1) as text in a language."""
    return _plan_zh(s) if lang == "zh" else _plan_en(s)


def _rows(s: dict[str, Any], lang: str) -> list[tuple[str, ...]]:
    return [
        (
            getattr(TARGETS[t], lang),
            f"{v['area_mu']:,.1f}",
            f"{v['units']:,}",
            f"{v['cost_cny'] / 1e6:,.1f}",
            f"{v['benefit_cny'] / 1e6:,.1f}",
        )
        for t, v in s["targets"].items()
        if v["units"]
    ]


def _plan_en(s: dict[str, Any]) -> str:
    water, earth, money, proof = s["water"], s["earthwork"], s["economics"], s["solver"]
    kind = " (reconstruction, not survey data)" if s["site"]["kind"] == "reconstruction" else ""
    lines = [
        f"{s['site']['name_en']}{kind}: {s['site']['area_mu']:,.1f} mu in {s['site']['units']:,} units",
        table(_rows(s, "en"), ("target", "mu", "units", "cost M yuan", "value M yuan")),
        f"restored {s['restored_mu']:,.1f} mu; water {s['water_mu']:,.1f} mu holding {water['storage_m3'] / 1e6:,.2f} Mm³ "
        f"({_bodies(s)})",
        f"earth: cut {earth['cut_m3'] / 1e6:,.2f}, fill {earth['fill_m3'] / 1e6:,.2f}, import {earth['import_m3'] / 1e6:,.2f}, "
        f"export {earth['export_m3'] / 1e6:,.2f} Mm³; mean haul {earth['mean_haul_m']:,.0f} m",
        f"money: cost {money['cost_cny'] / 1e6:,.1f} M yuan (lump sums {money['lump_sums_cny'] / 1e6:,.1f}), value "
        f"{money['benefit_cny'] / 1e6:,.1f} M yuan, input:output 1:{money['benefit_cost_ratio']:.2f}",
        f"proof: {proof['status']}, gap {proof['gap']:.1e} in {proof['seconds']:.1f} s by {proof['method']}",
    ]
    lines += [f"  {b['rule']}: one more {b['unit']} is worth {b['shadow_price']:,.4g} yuan" for b in proof["binding"]]
    return "\n".join(lines)


def _plan_zh(s: dict[str, Any]) -> str:
    water, earth, money, proof = s["water"], s["earthwork"], s["economics"], s["solver"]
    kind = "（重建数据，非实测）" if s["site"]["kind"] == "reconstruction" else ""
    lines = [
        f"{s['site']['name']}{kind}：{s['site']['area_mu']:,.1f}亩，{s['site']['units']:,}个单元",
        table(_rows(s, "zh"), ("用途", "亩", "单元", "投资（百万元）", "收益（百万元）")),
        f"恢复{s['restored_mu']:,.1f}亩；水面{s['water_mu']:,.1f}亩，"
        f"蓄水{water['storage_m3'] / 1e4:,.0f}万立方米（{_bodies(s)}）",
        f"土方：挖{earth['cut_m3'] / 1e4:,.0f}，填{earth['fill_m3'] / 1e4:,.0f}，外购{earth['import_m3'] / 1e4:,.0f}，"
        f"外运{earth['export_m3'] / 1e4:,.0f}万立方米；平均运距{earth['mean_haul_m']:,.0f}米",
        f"资金：投资{money['cost_cny'] / 1e4:,.0f}万元（其中单列{money['lump_sums_cny'] / 1e4:,.0f}万元），收益"
        f"{money['benefit_cny'] / 1e4:,.0f}万元，投入产出比1:{money['benefit_cost_ratio']:.2f}",
        f"证明：{proof['status']}，间隙{proof['gap']:.1e}，{proof['seconds']:.1f}秒，{proof['method']}",
    ]
    lines += [f"  {b['rule']}：每增加一{b['unit']}价值{b['shadow_price']:,.4g}元" for b in proof["binding"]]
    return "\n".join(lines)


def _bodies(s: dict[str, Any]) -> str:
    bodies = s["water"]["reservoirs"]
    shown = [f"{b['id']} {b['storage_m3'] / 1e6:,.2f} Mm³ {b['size_class']}" for b in bodies[:3]]
    return "; ".join(shown) + (f"; {len(bodies) - 3} more" if len(bodies) > 3 else "")


def compare_text(result: dict[str, Any]) -> str:
    """Plans side by side and what moved, as text."""
    names = [p["name"] for p in result["plans"]]
    rows: list[tuple[str, ...]] = [(row["what"], *(f"{v:,.2f}" for v in row["values"])) for row in result["rows"]]
    parts = [table(rows, ("", *names))]
    for moved in result["moves"]:
        parts.append(f"\n{moved['from_plan']} → {moved['to_plan']}, mu:")
        flows: list[tuple[str, ...]] = [
            (f"{f['from']} → {f['to']}", f"{f['area_mu']:,.2f}") for f in moved["flows"] if f["from"] != f["to"]
        ]
        parts.append(table(flows, ("", "mu")) if flows else "nothing moved")
    return "\n".join(parts)
