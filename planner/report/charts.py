"""The report's pictures, in the colours of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.landuse import TARGETS, UNRESTORED
from planner.plan.places import places_of
from planner.plan.relief import hillshade
from planner.report.document import Say
from planner.report.drawing import FAINT, INK, bare, dressed, figure
from planner.report.fonts import Ruler, font, plotting
from planner.words import term

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from planner.plan import Plan

NAME_PT = {"lake": 7.5, "hole": 6.5, "village": 6.5, "mine": 7.0, "road": 6.0, "corridor": 6.0, "parcel": 5.5}
TODAY_COLOURS = ("#E4D7B5", "#8FBDDF", "#22659F")
WATERLOGGED = ("dry", "seasonal", "perennial")
MOST_CURVES = 4  # lakes whose storage curve is drawn, the largest


def plan_map(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """The plan by target over the relief, with reservoir shores, names, legend, scale bar and north arrow."""
    made, axes = figure(width, ratio)
    handles = _plan_on(axes, plan, say)
    _legend(made, handles, width)
    _scale(axes, say)
    made.draw_without_rendering()  # the layout is known: names are placed by the map's true scale
    _names(axes, plan, say, width)
    return made


def before_after(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Today's ponding beside the plan by target, at one scale."""
    plotting()
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, width * ratio), layout="constrained")
    left, right = made.add_subplot(1, 2, 1), made.add_subplot(1, 2, 2)
    handles = [*_today_on(left, plan, say), *_plan_on(right, plan, say)]
    for axes, title in ((left, say("word.today")), (right, say("word.plan"))):
        # y is given: left to itself the title climbs over axes that are switched off, out of the picture
        axes.set_title(title, fontproperties=font(9, weight="bold"), color=INK, loc="left", y=1.0)
    _legend(made, handles, width)
    _scale(left, say)
    made.draw_without_rendering()  # the layout is known: names are placed by the map's true scale
    _names(right, plan, say, width / 2)
    return made


def _today_on(axes: Axes, plan: Plan, say: Say) -> list[Any]:
    """The land today: dry, under water in the wet season, under water all year. Returns the legend's entries."""
    names = {key: term("waterlogging", key, say.lang) for key in WATERLOGGED}
    found = plan.units["waterlogging"].astype(str).to_numpy(object) if "waterlogging" in plan.units.columns else None
    handles = []
    _frame(axes, plan)
    for key, colour in zip(names, TODAY_COLOURS, strict=True):
        mine = np.ones(len(plan.units), dtype=bool) if found is None and key == "dry" else found == key
        if np.any(mine):
            handles.append(_class_on(axes, plan, mine, colour, names[key], say))
    return handles


def _plan_on(axes: Axes, plan: Plan, say: Say) -> list[Any]:
    """The plan by target with the lakes' shores. Returns the legend's entries."""
    _frame(axes, plan)
    chosen = plan.units["target"].to_numpy(object)
    handles = [
        _class_on(axes, plan, chosen == key, TARGETS[key].colour, say.term("target", key), say)
        for key in TARGETS
        if (chosen == key).any()
    ]
    for shore in plan.reservoirs.geometry if len(plan.reservoirs) else ():
        for ring in shapely.get_rings(shapely.get_parts(shore)) if shore is not None and not shore.is_empty else ():
            axes.plot(*shapely.get_coordinates(ring).T, color="#0b2f5c", lw=0.6)
    return handles


def _frame(axes: Axes, plan: Plan) -> None:
    """Bare axes over the plan's land, on the relief."""
    axes.set_axis_off()
    axes.set_aspect("equal")
    _relief(axes, plan)
    west, south, east, north = (float(v) for v in plan.units.total_bounds)
    pad = 0.03 * max(east - west, north - south)
    axes.set_xlim(west - pad, east + pad)
    axes.set_ylim(south - pad, north + pad)


def _class_on(axes: Axes, plan: Plan, mine: Any, colour: str, name: str, say: Say) -> Any:
    """Units of one class as one shape without seams. Returns its legend entry with its area."""
    from matplotlib.patches import Patch, PathPatch

    shapes = np.asarray(plan.units.geometry.array, dtype=object)[mine]
    merged = shapely.get_parts(shapely.union_all(shapes, grid_size=0.1))
    axes.add_patch(PathPatch(_path(merged), facecolor=colour, edgecolor="none", alpha=0.85))
    area = float(plan.units["area_mu"].to_numpy(float)[mine].sum())
    return Patch(facecolor=colour, alpha=0.85, edgecolor="#555", lw=0.4, label=f"{name} {say.mu(area)}")


def _legend(made: Figure, handles: list[Any], width: float) -> None:
    """The legend below the map, in as many columns as its longest entry leaves room for."""
    size = 7.5 * max(1.0, width / 9)
    ruler = Ruler()
    longest = max((ruler.width(handle.get_label(), size) for handle in handles), default=1.0) + 4.5 * size
    columns = max(1, min(len(handles), int(width * 72 / longest)))
    made.legend(handles=handles, loc="outside lower center", ncols=columns, prop=font(size), frameon=False, handlelength=1.2)


def _names(axes: Axes, plan: Plan, say: Say, width: float) -> None:
    """Names of lakes with their storage, villages, corridors, mines and parcels, none over another."""
    from matplotlib.patheffects import withStroke

    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    points = axes.get_window_extent().width / axes.figure.dpi * 72 / (east - west)  # points per metre
    ruler = Ruler(weight="bold")
    taken: list[tuple[float, float, float, float]] = []
    for place in places_of(plan).itertuples(index=False):
        size = NAME_PT.get(place.kind, 6.0) * max(1.0, width / 9)
        name = say.held(place.name_en or place.name, place.name or place.name_en)
        lines = [name, say.cubic(place.storage_m3)] if place.kind == "lake" else [name]
        w, h = max(ruler.width(line, size) for line in lines) / points, len(lines) * size * 1.3 / points
        if (place.kind in ("parcel", "road") and w > 2.2 * place.radius_m) or (place.kind == "lake" and w > 8 * place.radius_m):
            continue
        x, y = _within(place.x, west, east, w), _within(place.y, south, north, h)
        if any(abs(x - ox) < (w + ow) / 2 and abs(y - oy) < (h + oh) / 2 for ox, oy, ow, oh in taken):
            continue
        taken.append((x, y, w, h))
        lake = place.kind == "lake"
        look: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "clip_on": True,
            "parse_math": False,
            "color": "white" if lake else INK,
        }
        text = axes.text(x, y, "\n".join(lines), fontproperties=font(size, weight="bold"), **look)
        text.set_path_effects([withStroke(linewidth=1.6, foreground="#0b2f5c" if lake else "white")])


def _within(at: float, low: float, high: float, size: float) -> float:
    """Where something of a size stands whole between two edges, as near to a place as can be."""
    return min(max(at, low + size / 2), max(high - size / 2, low + size / 2))


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
    west, south, east, north = grid.bounds
    shade = np.where(known, hillshade(ground, grid.cell_x * step) / 255.0, np.nan)
    extent = (west, east, south, north)
    axes.imshow(shade, extent=extent, cmap="gray", vmin=0, vmax=1, interpolation="bilinear", rasterized=True)


def _scale(axes: Axes, say: Say) -> None:
    """A scale bar of a round length and a north arrow."""
    (west, east), (south, _) = axes.get_xlim(), axes.get_ylim()
    span = (east - west) / 1.06
    pad = 0.03 * span
    west, south = west + pad, south + pad
    rough = span / 5
    step = 10.0 ** np.floor(np.log10(rough))
    length = float(next(k * step for k in (5.0, 2.0, 1.0) if k * step <= rough))
    y = south - 0.2 * pad
    axes.plot([west, west + length], [y, y], color=INK, lw=2.2, solid_capstyle="butt", clip_on=False)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(west + length / 2, y + 0.25 * pad, text, fontproperties=font(7), ha="center", va="bottom", color=INK)
    axes.annotate(
        say("word.north"),
        xy=(0.955, 0.99),
        xytext=(0.955, 0.90),
        xycoords="axes fraction",
        ha="center",
        fontproperties=font(8),
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2},
    )


def storage_curves(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Level over storage of the largest reservoirs, each on its own axes: no small lake is crushed by a large one."""
    plotting()
    from matplotlib.figure import Figure

    order = plan.reservoirs.sort_values("storage_m3", ascending=False, kind="stable")
    shown = [(str(k), row) for k, row in order.iterrows() if plan.storage_tables.get(str(k)) is not None][:MOST_CURVES]
    made = Figure(figsize=(width, width * ratio), layout="constrained")
    for i, (name, row) in enumerate(shown):
        axes = made.add_subplot(1, len(shown), i + 1)
        bare(axes)
        table = plan.storage_tables[name]
        size = float(table["storage_m3"].max())
        step, unit = _volume_step(size, say)
        axes.plot(table["storage_m3"] / step, table["level_m"], color="#174A8A", lw=1.5)
        axes.plot([row["normal_m3"] / step], [row["level_m"]], marker="o", ms=4, color="#B5373A")
        axes.grid(color="#e3e6e4", lw=0.6)
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", nbins=3)
        axes.set_title(name, fontproperties=font(8.5, weight="bold"), color=INK, loc="left")
        dressed(axes, x=unit, y=say("report.level_axis") if i == 0 else "")
    return made


def _volume_step(size: float, say: Say) -> tuple[float, str]:
    """The unit a lake's storage is charted in: m³ and what it is called."""
    least, large, small = (1e4, 1e4, 1.0) if say.lang == "zh" else (1e6, 1e6, 1e3)
    return (large, say("report.storage_axis_large")) if size >= least else (small, say("report.storage_axis_small"))


def cash_flow(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Cost and value by year, and the discounted sum so far."""
    made, axes = figure(width, ratio)
    flow = plan.economics.flow
    years = flow.index.to_numpy()
    axes.bar(years, flow["benefit_cny"] / 1e8, color="#6DBE73", width=0.7, label=say("report.value_legend"))
    axes.bar(years, -flow["cost_cny"] / 1e8, color="#B5373A", width=0.7, label=say("report.cost_legend"))
    axes.plot(
        years, flow["discounted_cny"].cumsum() / 1e8, color=INK, lw=1.4, marker=".", label=say("report.discounted_legend")
    )
    axes.axhline(0, color=FAINT, lw=0.7)
    axes.grid(axis="y", color="#e3e6e4", lw=0.6)
    axes.legend(prop=font(7.5), frameon=False)
    axes.locator_params(axis="x", integer=True)
    dressed(axes, y=say("report.money_axis"))
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
            label=say.term("target", key),
        )
        below += height
    axes.legend(prop=font(7.5), frameon=False)
    dressed(axes, x=say("report.subsidence_axis"), y=say("report.area_axis"))
    return made


def haul_distances(plan: Plan, say: Say, width: float, ratio: float) -> Figure:
    """Earth by the distance it is carried."""
    made, axes = figure(width, ratio)
    table = plan.haul[plan.haul["from_unit"] != plan.haul["to_unit"]]
    axes.hist(table["distance_m"] / 1000, bins=24, weights=table["m3"] / 1e4, color="#8A6A3F", edgecolor="white", lw=0.4)
    dressed(axes, x=say("report.haul_axis"), y=say("report.earth_axis"))
    return made
