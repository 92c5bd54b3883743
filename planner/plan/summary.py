"""The plan in figures: summary.json and its short display."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.earthwork.haul import mean_distance_m
from planner.landuse import CHOICES, LAND, TARGETS, UNRESTORED
from planner.plan.drains import drains_told
from planner.plan.dykes import dykes_told
from planner.plan.ledgers import ledgers
from planner.plan.others import told
from planner.plan.prices import exchange, three_ledgers
from planner.plan.years import as_rows, years
from planner.schedule import phase_of
from planner.timing import by_year, timetable
from planner.words import render, share

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord
    from planner.site import Decision

SCHEMA = "planner.summary/1"
PACKAGES = ("subsidence-planner", "geopandas", "shapely", "pyproj", "rasterio", "numpy", "scipy", "numba", "highspy", "folium")


def summarise(plan: PlanRecord) -> dict[str, Any]:
    """The dictionary behind summary.json."""
    site, units = plan.site, plan.units
    locale = site.scenario.locale.told
    targets = {t: _target(units, t) for t in (*CHOICES, UNRESTORED)}
    proof = plan.certificate
    summary = {
        "schema": SCHEMA,
        "site": {
            "name": site.name,
            "name_en": site.scenario.site.name_en or site.name,
            "kind": site.scenario.site.kind,
            "year": site.scenario.site.year,
            "crs": site.crs.to_string(),
            "units": len(units),
            "parcels": len(plan.parcels),
            "area_mu": float(units["area_mu"].sum()),
            "subsidence_mean_m": _mean(units, "subsidence_m"),
            "ponded_before_mu": float((units["water_share"] * units["area_mu"]).sum()),
        },
        **({"set_out": True} if plan.set_out else {}),
        "targets": targets,
        "treatments": _treatments(units),
        "phase": _phases(plan),
        "use_by_year_mu": _uses(plan),
        "years": as_rows(years(plan)),
        "restored_mu": sum(targets[t]["area_mu"] for t in LAND),
        **ledgers(plan),
        "wetland_mu": float(units["area_mu"][units["treatment"] == "wetland"].sum()),
        "water_mu": float(units["water_mu"].sum()),
        "water": {"storage_m3": float(units["storage_m3"].sum()), "reservoirs": _reservoirs(plan)},
        "earthwork": _earthwork(plan),
        **_against_water(plan),
        "economics": _economics(plan),
        "solver": {
            "status": proof.status,
            "objective": proof.objective,
            "bound": proof.bound,
            "gap": proof.gap,
            "gap_of_cost": abs(proof.bound - proof.objective) / plan.economics.cost_cny if plan.economics.cost_cny > 0 else 0.0,
            "seconds": proof.seconds,
            "method": proof.method,
            **{name: [dict(row) for row in getattr(proof, name)] for name in ("binding", "start_prices")},
            "exchange": exchange(plan),
        },
        "rules_alone": {
            "targets": {t: _target(plan.rules, t) for t in (*CHOICES, UNRESTORED)},
            "agreement_mu": float(units["area_mu"][units["target"] == units["rules_target"]].sum()),
            "storage_m3": float(plan.rules["storage_m3"].sum()),
        },
        "alternatives": told(plan),
        "published": [],
        "warnings": [locale.text(render(w, "en")) for w in plan.warnings],
        "warnings_zh": [locale.text(render(w, "zh")) for w in plan.warnings],
        "provenance": provenance(plan),
    }
    if not locale.native:
        summary["locale"] = locale.figures
    summary["published"] = [{**r.model_dump(), "plan": _at(summary, r.key)} for r in site.scenario.reference]
    return summary


def _against_water(plan: PlanRecord) -> dict[str, Any]:
    """What holds water off and what takes it away."""
    return {"dykes": dykes_told(plan), "drainage": drains_told(plan)}


def _economics(plan: PlanRecord) -> dict[str, Any]:
    """What the plan costs and brings, yuan."""
    money = plan.economics
    return {
        "cost_cny": money.cost_cny,
        "works_cny": money.works_cny,
        "haul_cny": money.haul_cny,
        "stockpile_cny": money.stock_cny,
        "traded_cny": money.traded_cny,
        "lump_sums_cny": money.lump_cny,
        "benefit_cny": money.benefit_cny,
        "benefit_cost_ratio": money.benefit_cost_ratio,
        "unfunded_cny": float(money.funds["cny"].iloc[-1]),
        "repaid_cny": float(sum(fund.cny for fund in plan.site.scenario.economics.fund if fund.repaid)),
        "npv_cny": money.npv_cny,
        "ledgers": three_ledgers(plan),
        "payback_year": money.payback_year,
    }


def _at(summary: Mapping[str, Any], key: str) -> float | None:
    """The plan's own figure behind a dotted key of its summary, None where it has none."""
    node: Any = summary
    for name in key.split("."):
        node = node.get(name) if isinstance(node, Mapping) else None
    return float(node) if isinstance(node, int | float) else None


def _mean(units: pd.DataFrame, column: str) -> float:
    """Mean of a column over the land, weighted by area."""
    area = float(units["area_mu"].sum())
    return float((units[column] * units["area_mu"]).sum()) / area if area > 0 else 0.0


def _target(units: pd.DataFrame, target: str) -> dict[str, float | int]:
    mine = units[units["target"] == target]
    return {
        "area_mu": float(mine["area_mu"].sum()),
        "units": len(mine),
        "cost_cny": float(mine["cost_cny"].sum()),
        "benefit_cny": float(mine["benefit_cny"].sum()),
    }


def _phases(plan: PlanRecord) -> dict[str, dict[str, Any]]:
    """What every phase of the works covers, by its id; its works without the lump sums."""
    units = plan.units
    number = phase_of(units)
    found = {}
    for phase in plan.site.scenario.phase:
        mine = units[number == phase.id]
        sums = {"area_mu": float(mine["area_mu"].sum()), "works_cny": float(mine["cost_cny"].sum())}
        found[str(phase.id)] = {"name": phase.name, "start": phase.start, "end": phase.end, **sums}
    return found


def _uses(plan: PlanRecord) -> dict[str, dict[str, float]]:
    """Area in every use in every year, mu: works, interim uses, final uses."""
    table = by_year(timetable(plan.units, plan.site.scenario), plan.units["area_mu"])
    return {str(year): {str(use): float(mu) for use, mu in row.items() if mu} for year, row in table.iterrows()}


def _treatments(units: pd.DataFrame) -> list[dict[str, Any]]:
    sums = units.groupby(["target", "treatment"], sort=True)["area_mu"].agg(["sum", "size"])
    return [
        {"target": t, "treatment": way, "area_mu": float(row["sum"]), "units": int(row["size"])}
        for (t, way), row in sums.iterrows()
    ]


def _reservoirs(plan: PlanRecord) -> list[dict[str, Any]]:
    rows = pd.DataFrame(plan.reservoirs.drop(columns="geometry")).reset_index()
    rows = rows.rename(columns={"reservoir_id": "id"})
    return [{k: _plain(v) for k, v in row.items()} for row in rows.to_dict("records")]


def _earthwork(plan: PlanRecord) -> dict[str, float]:
    units = plan.units
    cut, fill = float(units["cut_m3"].sum()), float(units["fill_m3"].sum())
    net = fill - plan.site.scenario.number("earthwork.compaction") * cut
    spread = _spread(plan, max(-net, 0.0))
    moved = plan.haul
    work = float((moved["m3"] * moved["distance_m"]).sum()) if len(moved) else 0.0
    return {
        "cut_m3": cut,
        "fill_m3": fill,
        "import_m3": max(net, 0.0),
        "export_m3": max(-net, 0.0) - spread,
        "spread_m3": spread,
        "haul_m3_km": work / 1000.0,
        "mean_haul_m": mean_distance_m(moved),
        "haul_cny": float(moved["cost_cny"].sum()) if len(moved) else 0.0,
    }


def _spread(plan: PlanRecord, surplus: float) -> float:
    """What of the surplus stays on the site as a thin layer because the site.toml lets less leave it, m³."""
    most = plan.site.scenario.earthwork.max_export_m3
    return 0.0 if most is None else max(surplus - most, 0.0)


def provenance(plan: PlanRecord) -> dict[str, Any]:
    """Inputs by hash, versions, decisions, and the parameters that differ from the shipped ones."""
    site = plan.site
    given = {k: p.value for k, p in site.scenario.parameters.items() if p.trust == "given"}
    return {
        "inputs": [{"role": f.role, "path": f.path, "sha256": f.sha256} for f in site.inputs],
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "decisions": [_decided(d) for d in site.decisions],
        "parameters_given": given,
        "area_method": "ellipsoidal area on the CRS's ellipsoid (geodesic), 1 mu = 10000/15 m2; "
        "volumes are plane integrals over the terrain's cells",
    }


def _decided(decision: Decision) -> dict[str, str]:
    """A decision in both languages: what, value, why, and each again in Chinese."""
    parts = {"what": decision.what, "value": decision.value, "why": decision.why}
    return {k: render(m, "en") for k, m in parts.items()} | {f"{k}_zh": render(m, "zh") for k, m in parts.items()}


def _plain(value: Any) -> Any:
    """A JSON value: numpy scalars become Python's, NaN becomes None."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def as_html(plan: PlanRecord) -> str:
    """Key figures as a small table, for notebooks."""
    s = summarise(plan)
    head = f"<b>{escape(s['site']['name'])}</b>" + (" · reconstruction" if s["site"]["kind"] == "reconstruction" else "")
    rows = "".join(
        f"<tr><td><span style='display:inline-block;width:.9em;height:.9em;background:{TARGETS[t].colour}'></span> "
        f"{TARGETS[t].en} {TARGETS[t].zh}</td><td style='text-align:right'>{v['area_mu']:,.0f} mu</td>"
        f"<td style='text-align:right'>{v['cost_cny'] / 1e6:,.1f} M yuan</td></tr>"
        for t, v in s["targets"].items()
        if v["units"]
    )
    foot = (
        f"restored {s['restored_mu']:,.0f} mu · water {s['water_mu']:,.0f} mu, {s['water']['storage_m3'] / 1e6:,.2f} Mm³ · "
        f"cost {s['economics']['cost_cny'] / 1e9:,.3f} bn yuan · value {s['economics']['benefit_cny'] / 1e9:,.2f} bn yuan · "
        f"1:{s['economics']['benefit_cost_ratio']:.2f} · {escape(s['solver']['status'])}, gap {share(s['solver']['gap'], 'en')}"
    )
    return f"<div>{head}<table>{rows}</table><small>{foot}</small></div>"
