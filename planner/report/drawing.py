"""Empty pictures in the report's dress: fonts, thin axes, nothing that shouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.report.fonts import family, font, plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT = "#1d2321", "#5a625f"


def figure(width: float, ratio: float) -> tuple[Figure, Axes]:
    """A figure of a width in inches with one axes, set in the report's font."""
    plotting()
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, width * ratio), layout="constrained")
    axes = made.add_subplot()
    bare(axes)
    return made, axes


def bare(axes: Axes) -> None:
    """Axes with nothing but thin lines left and below."""
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7, colors=FAINT, length=2.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#9aa3a0")


def dressed(axes: Axes, *, x: str = "", y: str = "", legend: bool = False) -> None:
    """Labels, ticks and, where wanted, a legend in the report's font."""
    axes.set_xlabel(x, fontproperties=font(8), color=INK)
    axes.set_ylabel(y, fontproperties=font(8), color=INK)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontfamily(family())
    if legend:
        axes.legend(prop=font(7.5), frameon=False)
