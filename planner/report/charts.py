"""The report's pictures, in the colours of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.landuse import TARGETS, UNRESTORED
from planner.report.document import Say
from planner.report.drawing import FAINT, INK, dressed, figure
from planner.report.fonts import font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from planner.plan import Plan


def target_name(key: str, say: Say) -> str:
    """A target's name in the report's language."""
    return say(TARGETS[key].en, TARGETS[key].zh)


def plan_map(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """The plan by target over the relief, with reservoir shores, legend, scale bar and north arrow."""
    from matplotlib.patches import Patch, PathPatch

    made, axes = figure(width, ratio)
    axes.set_axis_off()
    axes.set_aspect("equal")
    _relief(axes, plan)
    handles = []
    shapes = np.asarray(plan.units.geometry.array, dtype=object)
    chosen = plan.units["target"].to_numpy(object)
    for key in TARGETS:
        mine = shapes[chosen == key]
        if not len(mine):
            continue
        merged = shapely.get_parts(shapely.union_all(mine, grid_size=0.1))  # no seams between units of one colour
        patch = PathPatch(_path(merged), facecolor=TARGETS[key].colour, edgecolor="none", alpha=0.85)
        axes.add_patch(patch)
        area = float(plan.units["area_mu"].to_numpy(float)[chosen == key].sum())
        handles.append(
            Patch(
                facecolor=TARGETS[key].colour,
                alpha=0.85,
                edgecolor="#555",
                lw=0.4,
                label=f"{target_name(key, say)} {say.mu(area)}",
            )
        )
    shores = [g for g in plan.reservoirs.geometry if g is not None and not g.is_empty] if len(plan.reservoirs) else []
    for shore in shores:
        for ring in shapely.get_rings(shapely.get_parts(shore)):
            axes.plot(*shapely.get_coordinates(ring).T, color="#0b2f5c", lw=0.6)
    west, south, east, north = (float(v) for v in plan.units.total_bounds)
    pad = 0.03 * max(east - west, north - south)
    axes.set_xlim(west - pad, east + pad)
    axes.set_ylim(south - pad, north + pad)
    made.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(5, len(handles)),
        prop=font(7.5 * max(1.0, width / 9)),
        frameon=False,
        handlelength=1.2,
    )
    _scale(axes, say, west, south, east - west, pad)
    return made


def _path(shapes: Any) -> Any:
    """Polygons as one compound path."""
    from matplotlib.path import Path

    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shapes)))
    sizes = shapely.get_num_coordinates(rings)
    codes = np.full(int(sizes.sum()), Path.LINETO, dtype=Path.code_type)
    ends = np.cumsum(sizes)
    codes[ends - sizes] = Path.MOVETO
    codes[ends - 1] = Path.CLOSEPOLY
    return Path(shapely.get_coordinates(rings), codes)


def _relief(axes: Axes, plan: Plan) -> None:
    """The terrain as shaded relief, coarse enough for print."""
    grid = plan.site.terrain
    step = max(1, max(grid.shape) // 900)
    ground = grid.values[::step, ::step]
    known = np.isfinite(ground)
    if not known.any():
        return
    filled = np.where(known, ground, np.nanmean(ground))
    dy, dx = np.gradient(filled, grid.cell_y * step, grid.cell_x * step)
    steep = float(np.quantile(np.hypot(dx, dy)[known], 0.97))
    light = 0.93 + (0.35 / steep if steep > 1e-9 else 0.0) * (dx + dy) / np.sqrt(2) * -0.35
    west, south, east, north = grid.bounds
    shade = np.where(known, np.clip(light, 0.5, 1.0), np.nan)
    axes.imshow(
        shade, extent=(west, east, south, north), cmap="gray", vmin=0, vmax=1, interpolation="bilinear", rasterized=True
    )


def _scale(axes: Axes, say: Say, west: float, south: float, span: float, pad: float) -> None:
    """A scale bar of a round length and a north arrow."""
    rough = span / 5
    step = 10.0 ** np.floor(np.log10(rough))
    length = float(next(k * step for k in (5.0, 2.0, 1.0) if k * step <= rough))
    y = south - 0.2 * pad
    axes.plot([west, west + length], [y, y], color=INK, lw=2.2, solid_capstyle="butt", clip_on=False)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(west + length / 2, y + 0.25 * pad, text, fontproperties=font(7), ha="center", va="bottom", color=INK)
    axes.annotate(
        say("N", "北"),
        xy=(0.985, 0.99),
        xytext=(0.985, 0.90),
        xycoords="axes fraction",
        ha="center",
        fontproperties=font(8),
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2},
    )


def storage_curves(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Level over storage of the largest reservoirs, the normal level marked."""
    made, axes = figure(width, ratio)
    order = plan.reservoirs.sort_values("storage_m3", ascending=False, kind="stable").head(5)
    colours = ("#174A8A", "#B5373A", "#3E8E4A", "#8A6A17", "#6B4A86")
    for colour, (name, row) in zip(colours, order.iterrows(), strict=False):
        table = plan.storage_tables.get(str(name))
        if table is None:
            continue
        axes.plot(table["storage_m3"] / 1e6, table["level_m"], color=colour, lw=1.5, label=str(name))
        axes.plot([row["normal_m3"] / 1e6], [row["level_m"]], marker="o", ms=4, color=colour)
    axes.grid(color="#e3e6e4", lw=0.6)
    axes.set_xlim(left=0)
    if len(axes.lines):
        axes.legend(prop=font(7.5), frameon=False)
    dressed(axes, x=say("storage, million m³", "蓄水量（百万立方米）"), y=say("level, m", "水位（米）"))
    return made


def cash_flow(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Cost and value by year, and the discounted sum so far."""
    made, axes = figure(width, ratio)
    flow = plan.economics.flow
    years = flow.index.to_numpy()
    axes.bar(years, flow["benefit_cny"] / 1e8, color="#6DBE73", width=0.7, label=say("value", "收益"))
    axes.bar(years, -flow["cost_cny"] / 1e8, color="#B5373A", width=0.7, label=say("cost", "投资"))
    axes.plot(
        years, flow["discounted_cny"].cumsum() / 1e8, color=INK, lw=1.4, marker=".", label=say("discounted sum", "累计净现值")
    )
    axes.axhline(0, color=FAINT, lw=0.7)
    axes.grid(axis="y", color="#e3e6e4", lw=0.6)
    axes.legend(prop=font(7.5), frameon=False)
    axes.locator_params(axis="x", integer=True)
    dressed(axes, y=say("hundred million yuan", "亿元"))
    return made


def depth_profile(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """How much land of each target lies at which depth of subsidence."""
    made, axes = figure(width, ratio)
    depth = plan.units["subsidence_m"].to_numpy(float)
    area = plan.units["area_mu"].to_numpy(float)
    top = max(1.0, float(np.ceil(np.nanmax(depth)))) if np.isfinite(depth).any() else 1.0
    edges = np.linspace(0.0, top, 25)
    below = np.zeros(len(edges) - 1)
    for key in (*[t for t in TARGETS if t != UNRESTORED], UNRESTORED):
        mine = (plan.units["target"] == key).to_numpy() & np.isfinite(depth)
        height, _ = np.histogram(depth[mine], bins=edges, weights=area[mine])
        if height.sum() == 0:
            continue
        axes.bar(
            edges[:-1],
            height,
            width=np.diff(edges),
            align="edge",
            bottom=below,
            color=TARGETS[key].colour,
            label=target_name(key, say),
        )
        below += height
    axes.legend(prop=font(7.5), frameon=False)
    dressed(axes, x=say("subsidence, m", "沉陷深度（米）"), y=say("area, mu", "面积（亩）"))
    return made


def haul_distances(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Earth by the distance it is carried."""
    made, axes = figure(width, ratio)
    table = plan.haul[plan.haul["from_unit"] != plan.haul["to_unit"]]
    axes.hist(table["distance_m"] / 1000, bins=24, weights=table["m3"] / 1e4, color="#8A6A3F", edgecolor="white", lw=0.4)
    dressed(axes, x=say("haul, km", "运距（公里）"), y=say("earth, 10⁴ m³", "土方（万立方米）"))
    return made
