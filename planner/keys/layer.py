"""A file in a role, and words that several sections check."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from planner.landuse import CHOICES, TARGETS
from planner.parameters import nearest
from planner.words import say

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
TargetName = Literal["construction", "arable", "green", "reservoir", "unrestored"]


class Part(BaseModel):
    """What every section has in common: unknown keys are errors, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Layer(Part):
    """A file in a role: path relative to site.toml, layer in the file, encoding, the columns that hold id and depth.

    layer: in a raster the band, by its number or name. unit: of the depth or the raster (m, cm, mm, ft …). crs: of the file,
    where it has none or a wrong one. fill_holes_mu: holes of a raster up to this area are filled from their rims, mu. clip:
    the polygons are cut to where the raster has values.
    """

    path: str
    layer: str | None = None
    encoding: str | None = None
    id: str | None = None
    depth: str | None = None
    name: str | None = None
    unit: str | None = None
    crs: str | None = None
    fill_holes_mu: NonNegative | None = None
    clip: bool = False

    @property
    def key(self) -> str:
        """What tells files in a role apart, and what a layer is called where it is spoken of: path, and the layer in it."""
        return f"{self.path}|{self.layer}" if self.layer else self.path


def _as_layer(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _target(value: Any) -> Any:
    if isinstance(value, str) and value not in TARGETS:
        raise ValueError(say("keys.target", name=value, nearest=nearest(value, TARGETS), known=", ".join(TARGETS)))
    return value


def _choice(value: Any) -> Any:
    if isinstance(value, str) and value not in CHOICES:
        raise ValueError(say("keys.target", name=value, nearest=nearest(value, CHOICES), known=", ".join(CHOICES)))
    return value


LayerKey = Annotated[Layer, BeforeValidator(_as_layer)]  # "roads.gpkg" says the same as {path = "roads.gpkg"}
TargetKey = Annotated[str, BeforeValidator(_target)]  # a target, unrestored among them
ChoiceKey = Annotated[str, BeforeValidator(_choice)]  # a target that land is given
