"""What a layer's table may say by role: a key without effect is refused."""

from __future__ import annotations

from typing import Final

from planner.errors import InvalidInput
from planner.scenario import Layer, Layers
from planner.words import say

ALWAYS: Final = frozenset(("path", "layer", "crs"))
# Beside these.
HEEDED: Final = {
    "polygons": ("encoding", "id", "depth", "name", "unit"),
    "terrain": ("unit", "fill_holes_mu", "clip"),
    "subsidence": ("unit", "fill_holes_mu", "clip"),
    "water_table": ("unit", "fill_holes_mu"),
    "residual": ("unit", "fill_holes_mu"),
    **dict.fromkeys(("panels", "landuse", "constraints", "boundary"), ("encoding",)),
}


def refuse_idle(layers: Layers) -> None:
    """Raises InvalidInput where a layer's table says what has no effect there."""
    for role, heeded in HEEDED.items():
        layer = getattr(layers, role)
        if not isinstance(layer, Layer):
            continue
        idle = sorted(k for k in layer.model_fields_set - {*ALWAYS, *heeded} if getattr(layer, k) not in (None, False))
        if idle:
            raise InvalidInput(say("scenario.layer_idle", role=role, keys=idle, heeded=list(heeded)))
    if layers.terrain is not None and isinstance(layers.subsidence, Layer) and layers.subsidence.clip:
        raise InvalidInput(say("scenario.clip_idle"))
