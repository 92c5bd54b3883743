"""Plans side by side on one offline page: swipe and difference map, figures, and what moved from target to target."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import CRSMismatch, InvalidInput, UsageError
from planner.landuse import CHOICES, TARGETS, UNRESTORED
from planner.maps.draw import draw_views
from planner.maps.folium_layer import text_of
from planner.maps.view import MapView
from planner.maps.views import AMOUNTS, compared_specs
from planner.plan.figures import FIGURES, Figure, with_unit
from planner.words import LANGS, pair, say, term, text

if TYPE_CHECKING:
    from planner.plan import Plan

Pair = tuple[str, str]
# Units of the table, what one is of the figure's own, digits: one number serves both languages.
STEPS: Final = {
    "mu": ("mu", 1.0, 1),
    "m3": ("1e4_m3", 1e4, 1),
    "yuan": ("1e4_yuan", 1e4, 0),
    "solver.gap": ("%", 0.01, 4),
}
SLIVER_M2 = 0.01  # pieces of two partitions below this are rounding, not land


def compare_html(plans: Sequence[Plan], *, names: Sequence[str], lang: str = "en") -> str:
    """The page that compares two or more plans of a place.

    Raises UsageError for fewer than two plans, CRSMismatch where they do not share a CRS, InvalidInput where they share
    no land.
    """
    if len(plans) < 2 or len(plans) != len(names):
        raise UsageError(say("maps.compare_needs", plans=len(plans), names=len(names)))
    first = plans[0]
    for plan in plans[1:]:
        if plan.site.crs != first.site.crs:
            raise CRSMismatch(
                say(
                    "maps.compare_crs",
                    one=plan.site.name,
                    one_crs=plan.site.crs.name,
                    other=first.site.name,
                    other_crs=first.site.crs.name,
                )
            )
    pieces = shared_units([plan.units for plan in plans])
    about = first.site.scenario.site
    view = MapView(
        name=first.site.name,
        name_en=about.name_en,
        kind=about.kind,
        approval_number=about.approval_number,
        crs=first.site.crs,
        units=pieces,
        terrain=first.site.terrain,
    )
    listed = [{"name": name, "column": f"plan_{k}", "targets": list(TARGETS)} for k, name in enumerate(names, start=1)]
    title = text("maps.plans_compared", lang)
    flows = [(names[0], name, flow_table(pieces, 1, k)) for k, name in enumerate(names[1:], start=2)]
    body = f"<style>{text_of('web/compare.css')}</style>" + _section([plan.summary() for plan in plans], names, flows)
    more = {"other": "plan_2", "compare": listed}
    return draw_views(view, compared_specs(names), lang=lang, title=title, more=more, tail=body).page()


def shared_units(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Pieces of land with their target in every plan: `plan_k`, `changed_k` (target, or "same" as in the first), amounts `…_k`.

    Where the plans have the same units these are the pieces; otherwise the units are cut by each other, and amounts are shared
    out by area. Raises InvalidInput where nothing is shared.
    """
    first = frames[0]
    same = all(f.index.equals(first.index) and np.allclose(f["area_mu"], first["area_mu"], rtol=1e-9) for f in frames[1:])
    if same:
        rows = [np.arange(len(first))] * len(frames)
        shapes, share = np.asarray(first.geometry.array, dtype=object), [np.ones(len(first))] * len(frames)
        ids = [str(i) for i in first.index]
    else:
        rows, shapes, share = _overlay(frames)
        ids = ["·".join(str(f.index[r]) for f, r in zip(frames, place, strict=True)) for place in zip(*rows, strict=True)]
    if len(shapes) == 0:
        raise InvalidInput(say("maps.no_shared_land"))
    columns: dict[str, Any] = {}
    for k, (frame, row, part) in enumerate(zip(frames, rows, share, strict=True), start=1):
        columns[f"plan_{k}"] = frame["target"].to_numpy(object)[row]
        for name in AMOUNTS:
            columns[f"{name}_{k}"] = (
                frame[name].to_numpy(float)[row] * part if name in frame.columns else np.full(len(row), np.nan)
            )
        if k > 1:
            columns[f"changed_{k}"] = np.where(columns[f"plan_{k}"] == columns["plan_1"], "same", columns[f"plan_{k}"])
    columns["target"] = columns["plan_1"]
    columns["area_mu"] = first["area_mu"].to_numpy(float)[rows[0]] * share[0]
    for name in ("parcel_id", "subsidence_m", "water_depth_m", "residual_mm"):
        if name in first.columns:
            columns[name] = first[name].to_numpy()[rows[0]]
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=first.crs, index=pd.Index(ids, name="unit_id"))


def _overlay(frames: Sequence[gpd.GeoDataFrame]) -> tuple[list[Any], Any, list[Any]]:
    """Pieces of all partitions: the row each came from, by plan; the piece; its share of each row's plane area."""
    shapes = np.asarray(frames[0].geometry.array, dtype=object)
    rows = [np.arange(len(shapes))]
    for frame in frames[1:]:
        other = np.asarray(frame.geometry.array, dtype=object)
        i, j = shapely.STRtree(other).query(shapes, predicate="intersects")
        cut = shapely.intersection(shapes[i], other[j])
        keep = shapely.area(cut) > SLIVER_M2
        shapes = np.array([_polygonal(piece) for piece in cut[keep]], dtype=object)
        rows = [*(row[i[keep]] for row in rows), j[keep]]
    areas = shapely.area(shapes)
    share = [
        areas / shapely.area(np.asarray(frame.geometry.array, dtype=object))[row]
        for frame, row in zip(frames, rows, strict=True)
    ]
    return rows, shapes, share


def _polygonal(shape: Any) -> Any:
    """The polygons of a geometry; touching borders leave lines and points beside them."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    return shapely.MultiPolygon([p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])


def flow_table(pieces: gpd.GeoDataFrame, before: int, after: int) -> pd.DataFrame:
    """Mu that went from each target (rows) of plan `before` to each (columns) of plan `after`; plans are numbered from 1."""
    table = pieces.pivot_table(index=f"plan_{before}", columns=f"plan_{after}", values="area_mu", aggfunc="sum", fill_value=0.0)
    order = [*CHOICES, UNRESTORED]
    return table.reindex(index=order, columns=order, fill_value=0.0)


def both(en: str, zh: str) -> str:
    """A text in both languages; the page shows the one of its `lang`."""
    return f'<span class="en">{escape(en)}</span><span class="zh">{escape(zh)}</span>'


def told(code: str, **values: Any) -> str:
    """A text of the words in both languages."""
    return both(*pair(say(code, **values)))


def _figures() -> list[tuple[str, Figure, float, int]]:
    """The key figures that plans are compared by and how far they are proven: heading, figure, its step, digits."""
    found = []
    for figure in FIGURES:
        if figure.compared or figure.key == "solver.gap":
            unit, step, digits = STEPS.get(figure.key, STEPS.get(figure.unit, ("", 1.0, 2)))
            names = (with_unit(figure.name(lang), unit, lang) for lang in LANGS)
            found.append((both(*names), figure, step, digits))
    return found


def _section(summaries: Sequence[Any], names: Sequence[str], flows: Sequence[tuple[str, str, pd.DataFrame]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    differ = "".join(f'<th scope="col">{escape(name)} − {escape(names[0])}</th>' for name in names[1:])
    lines = []
    for name, figure, step, digits in _figures():
        values = [(figure.of(s) or 0.0) / step for s in summaries]
        cells = "".join(f"<td>{v:,.{digits}f}</td>" for v in values)
        cells += "".join(f"<td>{v - values[0]:+z,.{digits}f}</td>" for v in values[1:])
        lines.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    table = f"<table><thead><tr><th></th>{head}{differ}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    parts = [f"<h2>{told('maps.side_by_side')}</h2>", f'<div class="wide">{table}</div>']
    for before, after, flow in flows:
        moved = float(flow.to_numpy().sum() - np.trace(flow.to_numpy()))
        parts.append(f"<h2>{escape(before)} → {escape(after)}</h2><p>{told('maps.moved', area=moved)}</p>")
        parts.append(f'<div class="flows">{sankey(flow, before, after)}{_flow_html(flow, before, after)}</div>')
    return f'<main class="planner-compare">{"".join(parts)}</main>'


def _flow_html(flow: pd.DataFrame, before: str, after: str) -> str:
    used = [t for t in flow.index if flow.loc[t].sum() > 0 or flow[t].sum() > 0]
    head = "".join(f'<th scope="col">{both(TARGETS[t].en, TARGETS[t].zh)}</th>' for t in used)
    lines = []
    for row in used:
        cells = "".join(
            f'<td class="{"same" if row == col else ""}">{flow.loc[row, col]:,.1f}</td>'
            if flow.loc[row, col] > 0
            else "<td>·</td>"
            for col in used
        )
        cells += f"<td>{flow.loc[row].sum():,.1f}</td>"
        lines.append(f'<tr><th scope="row">{both(TARGETS[row].en, TARGETS[row].zh)}</th>{cells}</tr>')
    foot = "".join(f"<td>{flow[t].sum():,.1f}</td>" for t in used) + f"<td>{flow.to_numpy().sum():,.1f}</td>"
    caption, total = told("maps.flow_table", before=before, after=after), told("word.total")
    return (
        f"<table><caption>{caption}</caption><thead><tr><th></th>{head}<th scope='col'>{total}</th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody><tfoot><tr><th scope='row'>{total}</th>{foot}</tr></tfoot></table>"
    )


def sankey(flow: pd.DataFrame, before: str, after: str) -> str:
    """Flows between targets as an SVG picture: bars left and right, ribbons as wide as the mu that moved."""
    total = float(flow.to_numpy().sum())
    if total <= 0:
        return ""
    width, height, bar, gap, top = 560.0, 320.0, 16.0, 10.0, 24.0
    left = [t for t in flow.index if flow.loc[t].sum() > 0]
    right = [t for t in flow.columns if flow[t].sum() > 0]
    scale = (height - top - gap * (max(len(left), len(right)) - 1)) / total
    shapes = [
        f'<text x="0" y="14">{escape(before)}</text><text x="{width:.0f}" y="14" text-anchor="end">{escape(after)}</text>'
    ]
    start_left, start_right = _stack(left, flow.sum(axis=1), scale, gap, top), _stack(right, flow.sum(axis=0), scale, gap, top)
    fill_left, fill_right = dict(start_left), dict(start_right)
    x0, x1 = 130.0, width - 130.0
    for row in left:
        for col in right:
            size = float(flow.loc[row, col]) * scale
            if size <= 0:
                continue
            a, b = fill_left[row], fill_right[col]
            fill_left[row], fill_right[col] = a + size, b + size
            middle = (x0 + x1) / 2
            path = (
                f"M{x0 + bar:.1f} {a:.1f}C{middle:.1f} {a:.1f} {middle:.1f} {b:.1f} {x1 - bar:.1f} {b:.1f}V{b + size:.1f}"
                f"C{middle:.1f} {b + size:.1f} {middle:.1f} {a + size:.1f} {x0 + bar:.1f} {a + size:.1f}Z"
            )
            strength = 0.35 if row == col else 0.8
            ends = " → ".join(f"{TARGETS[t].en} {TARGETS[t].zh}" for t in (row, col))  # a picture's tip has one text for both
            title = f"{ends}: {flow.loc[row, col]:,.1f} {' '.join(term('unit', 'mu', lang) for lang in LANGS)}"
            shapes.append(
                f'<path d="{path}" fill="{TARGETS[row].colour}" fill-opacity="{strength}"><title>{title}</title></path>'
            )
    shapes += _bars(left, start_left, flow.sum(axis=1), scale, x0, bar=bar, anchor="end", text_x=x0 - 6)
    shapes += _bars(right, start_right, flow.sum(axis=0), scale, x1 - bar, bar=bar, anchor="start", text_x=x1 + 6)
    label = escape(f"{before} → {after}", quote=True)
    return f'<svg viewBox="0 0 {width:.0f} {height + 22:.0f}" role="img" aria-label="{label}">{"".join(shapes)}</svg>'


def _stack(targets: Sequence[str], sums: Any, scale: float, gap: float, top: float) -> dict[str, float]:
    """Where each bar starts, from the top."""
    starts, at = {}, top
    for target in targets:
        starts[target] = at
        at += float(sums[target]) * scale + gap
    return starts


def _bars(
    targets: Sequence[str],
    starts: dict[str, float],
    sums: Any,
    scale: float,
    x: float,
    *,
    bar: float,
    anchor: str,
    text_x: float,
) -> list[str]:
    shapes = []
    for t in targets:
        tall = float(sums[t]) * scale
        place = f'x="{x:.1f}" y="{starts[t]:.1f}" width="{bar}" height="{max(tall, 1):.1f}"'
        shapes.append(f'<rect {place} fill="{TARGETS[t].colour}" stroke="#555"/>')
        y = starts[t] + max(tall, 10) / 2 + 4
        for lang, name in (("en", TARGETS[t].en), ("zh", TARGETS[t].zh)):
            shapes.append(f'<text class="{lang}" x="{text_x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{name}</text>')
    return shapes
