"""How deep a building's load is felt: the depth at which its stress has faded against the weight of the ground."""

from __future__ import annotations

import math

from planner.errors import InvalidInput
from planner.words import say


def centre_stress_kpa(load_kpa: float, width_m: float, length_m: float, depth_m: float) -> float:
    """Vertical stress under the centre of a uniformly loaded rectangle, kPa.

    Source: Boussinesq's solution integrated over a rectangle (Newmark 1935), four corners of a quarter each.
    """
    a, b, z = 0.5 * length_m, 0.5 * width_m, depth_m
    if z <= 0:
        return load_kpa
    r = math.sqrt(a * a + b * b + z * z)
    corner = math.atan2(a * b, z * r) + a * b * z * (a * a + b * b + 2 * z * z) / ((a * a + z * z) * (b * b + z * z) * r)
    return 4.0 * load_kpa * corner / (2.0 * math.pi)


def load_reach_m(load_kpa: float, width_m: float, length_m: float, *, ground_kn_m3: float = 19.0, share: float = 0.1) -> float:
    """Depth below the footing at which its stress is a tenth of the ground's own weight, m.

    load_kpa: pressure under the footing. width_m, length_m: its sides. ground_kn_m3: unit weight of the ground. share: stress
    over own weight at which the load counts as faded: a tenth over goaf, a fifth elsewhere.

    Raises InvalidInput for a size, weight or share that is not above 0.
    """
    for name, value in (("width_m", width_m), ("length_m", length_m), ("ground_kn_m3", ground_kn_m3), ("share", share)):
        if not value > 0:
            raise InvalidInput(say("suitability.foundation", name=name, value=value))
    if load_kpa <= 0:
        return 0.0
    low, high = 0.0, 1.0
    while centre_stress_kpa(load_kpa, width_m, length_m, high) > share * ground_kn_m3 * high:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        felt = centre_stress_kpa(load_kpa, width_m, length_m, middle) > share * ground_kn_m3 * middle
        low, high = (middle, high) if felt else (low, middle)
    return high
