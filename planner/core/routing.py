"""A flood through a lake: level-pool routing over a weir."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PART = 0.5  # of the time constant of the outflow: a part of a step


@njit(cache=True)
def _outflow(storage: float, knots: Floats, height: Floats, weir: float) -> float:
    """Discharge at a storage above the crest, m³/s; knots (k,) m³, height (k,) m above the crest; on in a straight line."""
    if storage <= 0.0:
        return 0.0
    k = min(int(np.searchsorted(knots, storage)), len(knots) - 1)
    k = max(k, 1)
    rise = (height[k] - height[k - 1]) / (knots[k] - knots[k - 1])
    h = height[k - 1] + rise * (storage - knots[k - 1])
    return float(weir * max(h, 0.0) ** 1.5)


@njit(cache=True)
def route(inflow: Floats, step_s: float, knots: Floats, height: Floats, weir: float) -> tuple[Floats, Floats]:
    """Storage above the crest, m³, and outflow, m³/s, at the times of an inflow hydrograph, (n,) each.

    inflow: (n,) m³/s at times step_s apart, straight between. knots, height: (k,) storage and height above the crest, ascending
    from 0. weir: C·b, so that Q = weir·h^1.5. Starts at the crest. Runge & Kutta's fourth order, on parts of the steps that
    are short against the time in which a small lake behind a wide weir follows its inflow.
    """
    n = len(inflow)
    held, out = np.zeros(n), np.zeros(n)
    s = 0.0
    steepest = np.max(np.diff(height) / np.diff(knots))
    head = (inflow.max() / weir) ** (2.0 / 3.0) if weir > 0.0 else 0.0
    parts = max(4, int(np.ceil(step_s * 1.5 * weir * np.sqrt(head) * steepest / PART)))
    d = step_s / parts
    for i in range(1, n):
        for p in range(parts):
            a = inflow[i - 1] + (inflow[i] - inflow[i - 1]) * p / parts
            b = inflow[i - 1] + (inflow[i] - inflow[i - 1]) * (p + 0.5) / parts
            c = inflow[i - 1] + (inflow[i] - inflow[i - 1]) * (p + 1) / parts
            k1 = a - _outflow(s, knots, height, weir)
            k2 = b - _outflow(s + 0.5 * d * k1, knots, height, weir)
            k3 = b - _outflow(s + 0.5 * d * k2, knots, height, weir)
            k4 = c - _outflow(s + d * k3, knots, height, weir)
            s = max(s + d * (k1 + 2 * k2 + 2 * k3 + k4) / 6.0, 0.0)
        held[i] = s
        out[i] = _outflow(s, knots, height, weir)
    return held, out
