"""[[near]], [[buffer]] and [value]: where a target may lie, and what a mu is worth there."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from planner.keys.layer import ChoiceKey, Finite, Layer, LayerKey, NonNegative, Part, Positive
from planner.landuse import CHOICES
from planner.parameters import nearest
from planner.words import say

WATER: Final = "water"  # what `around` says for ground that lies under water today


class CityKey(Part):
    """[city]: the city.toml whose chapter, panel and layers the plan's own pages get."""

    file: LayerKey


class NearItem(Part):
    """[[near]]: a target only within, or only beyond, a distance of a layer's features; hard, unless cny_per_mu prices it."""

    layer: LayerKey
    target: ChoiceKey
    within_m: Positive | None = None
    beyond_m: Positive | None = None
    cny_per_mu: NonNegative | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.within_m is None) == (self.beyond_m is None):
            raise ValueError(say("keys.near_one"))
        return self

    @property
    def distance_m(self) -> float:
        """The distance that decides, m."""
        return self.within_m if self.within_m is not None else self.beyond_m or 0.0

    @property
    def told(self) -> str:
        """The condition as it is shown in every language: the layer and the distance."""
        return f"{self.layer.key} {'≤' if self.within_m is not None else '>'} {self.distance_m:g} m"


def _around(value: Any) -> Any:
    """A target's name, or a file: a text with a dot in it."""
    if isinstance(value, str) and value not in CHOICES:
        if "." not in value:
            raise ValueError(say("keys.around", name=value, nearest=nearest(value, CHOICES), known=", ".join(CHOICES)))
        return {"path": value}
    return value


class BufferItem(Part):
    """[[buffer]]: a belt of a target around another target, or around a layer's features, width_m wide."""

    around: Annotated[str | Layer, BeforeValidator(_around)]
    target: ChoiceKey
    width_m: Positive

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.around == self.target:
            raise ValueError(say("keys.buffer_itself", target=self.target))
        return self

    @property
    def told(self) -> str:
        """The belt as it is shown in every language: what it lies around, and its width."""
        return f"{self.around.key if isinstance(self.around, Layer) else self.around} ≤ {self.width_m:g} m"


class PlaceValue(Part):
    """Yuan per mu in place: a raster, or a column of a layer's zones; the flat value where neither knows the ground."""

    raster: LayerKey | None = None
    layer: LayerKey | None = None
    column: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.raster is not None and self.layer is not None:
            raise ValueError(say("keys.value_one"))
        if (self.layer is None) != (self.column is None):
            raise ValueError(say("keys.value_column"))
        return self


class DistanceValue(Part):
    """[[value.distance]]: what a mu is worth more (or less) at a layer's features, or at today's water, fading to nothing.

    cny_per_mu at the features, falling in a straight line to 0 at fades_m. around: "water" instead of a layer.
    """

    layer: LayerKey | None = None
    around: Literal["water"] | None = None
    target: ChoiceKey = "construction"
    cny_per_mu: Finite
    fades_m: Positive

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.layer is None) == (self.around is None):
            raise ValueError(say("keys.value_distance"))
        return self


class ValueSection(PlaceValue):
    """[value]: what a mu is worth in place, of `target` or, in [value.TARGET], of that one; wins over the flat value."""

    target: ChoiceKey = "construction"
    construction: PlaceValue = PlaceValue()
    arable: PlaceValue = PlaceValue()
    green: PlaceValue = PlaceValue()
    reservoir: PlaceValue = PlaceValue()
    distance: tuple[DistanceValue, ...] = Field(default=())

    def of(self, target: str) -> PlaceValue:
        """Where a target's value in place comes from."""
        own: PlaceValue = getattr(self, target)
        given = own.raster is not None or own.layer is not None
        if given or target != self.target:
            return own
        return PlaceValue(raster=self.raster, layer=self.layer, column=self.column)
