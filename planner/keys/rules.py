"""[[rule]]: any rule of the grammar by its name and arguments, checked before a file is opened."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from planner.faults import first_fault, keys_of
from planner.keys.layer import ChoiceKey, Finite, Layer, LayerKey, NonNegative, Part, Positive, TargetKey
from planner.landuse import LAND, TREATMENTS
from planner.parameters import nearest
from planner.words import say

Share = Annotated[float, Field(ge=0, le=1)]


def _treatment(value: Any) -> Any:
    if isinstance(value, str) and value not in TREATMENTS:
        known = ", ".join(TREATMENTS)
        raise ValueError(say("keys.treatment", name=value, nearest=nearest(value, TREATMENTS), known=known))
    return value


TreatmentKey = Annotated[str, BeforeValidator(_treatment)]


class _Ends(Part):
    """A rule with a least and a most of which one is needed."""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        low, high = (getattr(self, name) for name in self.ends())
        if low is None and high is None:
            raise ValueError(say("keys.one_end", low=self.ends()[0], high=self.ends()[1]))
        if low is not None and high is not None and low > high:
            raise ValueError(say("keys.ends", low_key=self.ends()[0], low=low, high_key=self.ends()[1], high=high))
        return self

    @classmethod
    def ends(cls) -> tuple[str, str]:
        """The keys of the least and the most."""
        low = next(name for name in cls.model_fields if name.startswith("min"))
        return low, low.replace("min", "max", 1)


class QuotaRule(_Ends):
    """Quota: area of a target, mu."""

    target: TargetKey
    min_mu: NonNegative | None = None
    max_mu: NonNegative | None = None


class BudgetRule(Part):
    """Budget: yuan at most, of options ready within `years` (first, last) where given."""

    max_cny: NonNegative
    years: tuple[int, int] | None = None


class StorageRule(_Ends):
    """Storage: water held, m³, by all units or by those named."""

    min_m3: NonNegative | None = None
    max_m3: NonNegative | None = None
    units: tuple[str, ...] | None = None
    name: str = ""


class EarthworkRule(Part):
    """Earthwork: what is filled is dug somewhere or bought, m³."""

    max_import_m3: NonNegative | None = None
    max_export_m3: NonNegative | None = None
    compaction: Positive | None = None
    import_cny_per_m3: NonNegative = 0.0
    export_cny_per_m3: NonNegative = 0.0


class LimitRule(_Ends):
    """Limit: bounds on the sum of a numeric column of the options."""

    column: str
    min: Finite | None = None
    max: Finite | None = None
    target: TargetKey | None = None
    treatment: TreatmentKey | None = None
    name: str = ""


class ShareRule(_Ends):
    """Share: a target's part of the land of some targets, 0-1."""

    target: TargetKey
    min: Share | None = None
    max: Share | None = None
    of: tuple[TargetKey, ...] = LAND


class AdjacentRule(Part):
    """Adjacent: every unit of the target has one of `beside` at its side."""

    target: TargetKey
    beside: TargetKey
    min_length_m: NonNegative = 0.0


class ApartRule(Part):
    """Apart: the two targets never touch."""

    first: TargetKey
    second: TargetKey
    min_length_m: NonNegative = 0.0


class ConnectedRule(Part):
    """Connected: one patch of the target."""

    target: TargetKey
    treatment: TreatmentKey | tuple[TreatmentKey, ...] | None = None


class MinPatchRule(Part):
    """MinPatch: no patch of the target below so many mu."""

    target: TargetKey
    min_mu: NonNegative
    treatment: TreatmentKey | tuple[TreatmentKey, ...] | None = None


class CompactnessRule(Part):
    """Compactness: a price on borders between unlike targets or treatments; weights: [one, other, factor] each."""

    cny_per_m: NonNegative
    by: str = "target"
    weights: tuple[tuple[str, str, NonNegative], ...] = ()

    @model_validator(mode="after")
    def _by(self) -> Self:
        if self.by not in ("target", "treatment"):
            raise ValueError(say("keys.by", name=self.by))
        return self


class _OfLand(Part):
    """A rule about one unit, or about all units of a parcel."""

    unit: str | None = None
    parcel: str | None = None
    target: TargetKey
    treatment: TreatmentKey | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.unit is None) == (self.parcel is None):
            raise ValueError(say("scenario.lock_names_one"))
        return self


class LockRule(_OfLand):
    """Lock: a unit or parcel that must have a target."""


class ExcludeRule(_OfLand):
    """Exclude: a unit or parcel that must not have a target."""


class WaterLevelRule(Part):
    """WaterLevel: a unit is water only where the deeper one is too, beside what the ground says."""

    deeper: dict[str, str]
    target: TargetKey = "reservoir"


class KeepRule(Part):
    """Keep: another goal (cost, land, a column) held to a level while value is sought."""

    goal: str
    level: Finite


class CoverageRule(Part):
    """Coverage: the green of a built-up area, 0-1: what is green there today and stays, and what the plan makes green.

    built_up: a layer of the built-up area. green: a layer of what is green today (canopy for coverage, green land for the
    green rate); without it nothing is.
    """

    built_up: LayerKey
    green: LayerKey | None = None
    target: TargetKey = "green"
    min_share: Share


class CoveredRule(Part):
    """Covered: people (or mu of homes) within reach of the target, by a layer of homes; min_share of all there are.

    people: the column that holds them. parks: a layer of what is within reach today already. radius_m: of the straight line
    from a unit to the middle of a home.
    """

    homes: LayerKey
    people: str | None = None
    parks: LayerKey | None = None
    radius_m: Positive = 500.0
    target: ChoiceKey = "green"
    min_people: NonNegative | None = None
    min_mu: NonNegative | None = None
    min_share: Share | None = None

    @model_validator(mode="after")
    def _one_least(self) -> Self:
        given = [name for name in ("min_people", "min_mu", "min_share") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(say("keys.covered_one", given=", ".join(given) or "–"))
        if self.min_people is not None and self.people is None:
            raise ValueError(say("keys.covered_people"))
        return self


RULES: Final[dict[str, type[Part]]] = {
    "Adjacent": AdjacentRule,
    "Apart": ApartRule,
    "Budget": BudgetRule,
    "Compactness": CompactnessRule,
    "Connected": ConnectedRule,
    "Coverage": CoverageRule,
    "Covered": CoveredRule,
    "Earthwork": EarthworkRule,
    "Exclude": ExcludeRule,
    "Keep": KeepRule,
    "Limit": LimitRule,
    "Lock": LockRule,
    "MinPatch": MinPatchRule,
    "Quota": QuotaRule,
    "Share": ShareRule,
    "Storage": StorageRule,
    "WaterLevel": WaterLevelRule,
}

FILES: Final = ("homes", "parks", "built_up", "green")  # arguments that name a layer
AREAS: Final = ("homes", "built_up", "green")  # those that are polygons


class RuleItem(Part):
    """[[rule]]: a rule's name in `rule`, and its arguments as they stand in docs/rules.md."""

    model_config = ConfigDict(extra="allow", frozen=True, arbitrary_types_allowed=True)
    rule: str

    @model_validator(mode="before")
    @classmethod
    def _files(cls, values: Any) -> Any:
        """A file that is named by its path alone, as a table."""
        if not isinstance(values, dict):
            return values
        return {k: {"path": v} if k in FILES and isinstance(v, str) else v for k, v in values.items()}

    @model_validator(mode="after")
    def _known(self) -> Self:
        model = RULES.get(self.rule)
        if model is None:
            near = nearest(self.rule, RULES)
            raise ValueError(say("keys.rule", name=self.rule, nearest=near, known=", ".join(RULES)))
        try:
            model.model_validate(self.model_extra or {})
        except ValidationError as error:
            fault = first_fault(error, keys_of(model))
            raise ValueError(say("keys.of_rule", name=self.rule, fault=fault)) from None
        return self

    @property
    def stated(self) -> Part:
        """The rule's arguments, validated."""
        return RULES[self.rule].model_validate(self.model_extra or {})


def layers_of(stated: Part) -> dict[str, Layer]:
    """The layers that a rule's arguments name, by argument."""
    found = {name: getattr(stated, name, None) for name in FILES}
    return {name: layer for name, layer in found.items() if isinstance(layer, Layer)}
