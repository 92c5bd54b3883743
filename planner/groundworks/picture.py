"""Pictures of a design: the section, and where is cut and where filled."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from planner.report.drawing import FAINT, INK, dressed, figure
from planner.report.fonts import font
from planner.words import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from planner.groundworks.drawing import Drawing

GROUND, BED, WATER, DITCH, DYKE = "#9aa3a0", "#7A4A22", "#8FBDDF", "#1F6E8C", "#B5373A"
COLOURS: Final = "BrBG"  # brown: dug; green: filled
LONGEST: Final = 1600  # cells of a picture's longer side
SEEN: Final = 0.02  # m; less is left white
WIDTH: Final = 7.2  # inches


def section_picture(found: Drawing, cut: pd.DataFrame, lang: str) -> bytes:
    """The section as a PNG. cut: distance_m, today_m, design_m."""
    made, axes = figure(WIDTH, 0.4)
    axes.plot(cut["distance_m"], cut["today_m"], color=GROUND, lw=1.0, label=text("word.today", lang))
    axes.plot(cut["distance_m"], cut["design_m"], color=BED, lw=1.5, label=text("groundworks.design", lang))
    for level in sorted(set(found.plan.reservoirs["level_m"].round(3))):
        wet = cut["design_m"] < level
        axes.fill_between(cut["distance_m"], cut["design_m"], level, where=wet.to_numpy(), color=WATER, alpha=0.6, lw=0)
        if wet.any():
            at = float(cut["distance_m"][wet].median())
            axes.annotate(f"{level:.2f}", (at, level), (0, 3), textcoords="offset points", ha="center", fontsize=8, color=DITCH)
    dressed(axes, x=text("groundworks.distance", lang), y=text("groundworks.height", lang), legend=True)
    return _png(made)


def change_picture(found: Drawing, lang: str) -> bytes:
    """Where is cut and where filled, how deep, with lakes' shores, ditches and dykes, as a PNG; north is up."""
    ground = found.ground
    boxes = np.array([layer.total_bounds for layer in (found.plan.units, found.ditches) if len(layer)])
    (west, south), (east, north) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    change = ground.values - found.plan.site.terrain.values
    step = max(1, int(max(change.shape) / LONGEST))
    shown = np.where(np.abs(change) < SEEN, np.nan, change)[::step, ::step]
    most = float(np.nanquantile(np.abs(shown), 0.99)) if np.isfinite(shown).any() else 1.0
    height, width = ground.shape[0] * ground.cell_y, ground.shape[1] * ground.cell_x
    made, axes = figure(WIDTH, min(1.4, (north - south) / (east - west)))
    extent = (ground.west, ground.west + width, ground.north - height, ground.north)
    picture = axes.imshow(shown, extent=extent, cmap=COLOURS, vmin=-most, vmax=most, interpolation="nearest")
    for shape in found.plan.reservoirs.boundary:
        for part in getattr(shape, "geoms", [shape]):
            axes.plot(*part.xy, color=WATER, lw=0.9)
    for k, line in enumerate(found.ditches.geometry):
        axes.plot(*line.xy[:2], color=DITCH, lw=1.0, label=text("groundworks.ditch", lang) if k == 0 else None)
    for k, bank in enumerate(found.dykes.geometry.explode()):
        axes.plot(*bank.xy[:2], color=DYKE, lw=1.6, label=text("groundworks.dyke", lang) if k == 0 else None)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal")
    axes.axis("off")
    bar = made.colorbar(picture, ax=axes, orientation="horizontal", fraction=0.04, pad=0.02, aspect=40)
    bar.set_label(text("groundworks.change", lang), fontproperties=font(8), color=INK)
    bar.ax.tick_params(labelsize=7, colors=FAINT)
    bar.outline.set_visible(False)
    dressed(axes, legend=len(found.ditches) + len(found.dykes) > 0)
    return _png(made)


def _png(made: Figure) -> bytes:
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    return buffer.getvalue()
