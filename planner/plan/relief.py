"""Relief shading for maps on screens and on paper: one light, one rule."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SUN_ALTITUDE_DEG: Final = 45.0
# Several suns, the one in the north-west strongest: no slope is left without shape, and pits look like pits to every reader.
SUNS_DEG: Final = (315.0, 270.0, 0.0, 225.0)
SUN_WEIGHTS: Final = (0.55, 0.2, 0.15, 0.1)


def hillshade(ground: Floats, cell: float) -> NDArray[np.uint8]:
    """Grey values of a shaded relief, shape (rows, cols), lit by several suns; missing ground is light grey.

    ground: elevation, m, north-up, NaN where missing. cell: m. The heights are exaggerated until the steeper slopes of this
    very ground show: subsidence plains are nearly flat.
    """
    filled = np.where(np.isnan(ground), np.nanmean(ground) if np.isfinite(ground).any() else 0.0, ground)
    dy, dx = np.gradient(filled, cell)
    steep = float(np.quantile(np.hypot(dx, dy)[np.isfinite(ground)], 0.97)) if np.isfinite(ground).any() else 0.0
    factor = min(60.0, 0.7 / steep) if steep > 1e-6 else 1.0
    slope = np.arctan(factor * np.hypot(dx, dy))
    aspect = np.arctan2(dx, dy)  # rows run south: +dy falls towards the south
    altitude = np.radians(SUN_ALTITUDE_DEG)
    light = np.zeros_like(filled)
    for sun, weight in zip(SUNS_DEG, SUN_WEIGHTS, strict=True):
        lit = np.sin(altitude) * np.cos(slope) + np.cos(altitude) * np.sin(slope) * np.cos(np.radians(sun) + aspect)
        light += weight * np.clip(lit, 0.0, 1.0)
    grey = np.clip(228 + 200 * (light - np.sin(altitude)), 100, 255)
    return np.asarray(np.where(np.isnan(ground), 235, grey), dtype=np.uint8)
