"""What the user wants: site.toml as validated, frozen objects. Unknown keys are errors that name the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from planner.documents import read_toml
from planner.errors import InvalidInput
from planner.faults import first_fault, keys_of
from planner.keys.layer import Finite, NonNegative, TargetName
from planner.keys.layer import Layer as Layer
from planner.keys.layer import Part as Part
from planner.keys.locale import LocaleKey
from planner.keys.place import BufferItem, CityKey, NearItem, ValueSection
from planner.keys.rules import RuleItem, layers_of
from planner.landuse import CHOICES
from planner.parameters import Parameters, defaults
from planner.terms import Terms
from planner.words import say

DEPTH_COLUMN: Final = "polygons.depth"  # what layers.subsidence says for "the polygons' depth column"


class SiteSection(Part):
    """[site]: name, CRS to force, kind of the data, the year the plan is made for."""

    name: str = ""
    name_en: str = ""
    crs: str | None = None
    kind: Literal["survey", "reconstruction"] = "survey"
    year: int = 2025
    approval_number: str = ""
    outside_paths: bool = False  # whether paths may lead out of site.toml's folder


class WaterTableLayer(Part):
    """Water table elevations, m: each a number or a raster's path."""

    normal: Finite | str
    dry: Finite | str | None = None
    wet: Finite | str | None = None


class Layers(Part):
    """[layers]: the files of a site by role."""

    polygons: Layer
    terrain: Layer | None = None
    subsidence: Finite | Layer | None = None
    water_table: Finite | Layer | WaterTableLayer | None = None
    residual: Finite | Layer | None = None
    panels: Layer | None = None
    landuse: Layer | None = None
    constraints: Layer | None = None
    boundary: Layer | None = None


class TargetSection(Part):
    """[targets.X]: quota in mu. Prices and rules of the target are parameters of the same section."""

    min_mu: NonNegative | None = None
    max_mu: NonNegative | None = None


class Targets(Part):
    """The quotas by target."""

    construction: TargetSection = TargetSection()
    arable: TargetSection = TargetSection()
    green: TargetSection = TargetSection()
    reservoir: TargetSection = TargetSection()


class BudgetSection(Part):
    """[budget]: yuan at most."""

    max_cny: NonNegative | None = None


class EarthworkSection(Part):
    """[earthwork]: how much earth may come from or go outside, m³."""

    max_import_m3: NonNegative | None = 0.0
    max_export_m3: NonNegative | None = None


class ReservoirSection(Part):
    """[reservoir]: levels in m, water in m³/a, storage in m³ (total storage, measured at the flood level if there is one)."""

    level_m: Finite | None = None
    flood_level_m: Finite | None = None
    dead_level_m: Finite | None = None
    filling_years: NonNegative | None = None  # from the last works to the full lake; else by timing.filling_m_per_year
    min_storage_m3: NonNegative | None = None
    max_storage_m3: NonNegative | None = None
    water_m3_a: NonNegative | None = None  # what a mean year brings the lakes; they may not lose more to the air


class SolverSection(Part):
    """[solver]: relative gap to prove, seconds, seed."""

    gap: Annotated[float, Field(ge=0, le=1)] = 1e-4
    time_limit_s: Annotated[float, Field(gt=0)] = 60.0
    seed: int = 0
    compactness_cny_per_m: NonNegative = 0.0


class GivenTerms(Terms):
    """[finance] of a site: what the plan gives (its first year, investment, mu) need not be named."""

    first_year: int = 0
    investment_cny: NonNegative = 0.0


class LockItem(Part):
    """[[lock]]: a unit or a parcel that must have a target.

    not_before: the year before which it is not ready as that target. until: the last year in which it is bound: works that
    begin later are free.
    """

    unit: str | None = None
    parcel: str | None = None
    target: TargetName
    treatment: str | None = None
    not_before: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _names_one(self) -> LockItem:
        if (self.unit is None) == (self.parcel is None):
            raise ValueError(say("scenario.lock_names_one"))
        if self.not_before is not None and self.until is not None and self.until < self.not_before:
            raise ValueError(say("scenario.lock_backward", not_before=self.not_before, until=self.until))
        return self


class ProtectionItem(Part):
    """[[protection]]: a kind beside those of parameters.toml, or other words for one of them; it wins over them.

    forbids: targets, `digging`, `mounds`. approved: the approval that lets be what the kind allows with one. from, until: the
    first and last year in which it is in force, where the layer's rows do not say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: str
    names: tuple[str, ...] = ()
    forbids: tuple[str, ...] | None = None
    only_inside: tuple[str, ...] | None = None
    approved: str = ""
    since: Annotated[int | None, Field(alias="from")] = None
    until: int | None = None


class LimitItem(Part):
    """[[limit]]: bounds on the sum of a numeric option column, over a target and treatment or over all."""

    column: str
    target: TargetName | None = None
    treatment: str | None = None
    min: Finite | None = None
    max: Finite | None = None
    name: str = ""


class CostItem(Part):
    """[[economics.item]]: a lump sum that no unit carries (resettlement, embankment, roads), with its source.

    parcels, phase: what it hangs on; then it is paid only where some of that land is treated. source_zh: the source as Chinese
    pages tell it; without it they tell `source`.
    """

    name: str = ""
    name_en: str = ""
    cny: Finite
    source: str = ""
    source_zh: str = ""
    parcels: tuple[str, ...] = ()
    phase: int | None = None

    @property
    def hangs(self) -> bool:
        """Whether the sum is paid only where some land is treated."""
        return bool(self.parcels) or self.phase is not None


class FundItem(Part):
    """[[economics.fund]]: who pays, yuan; repaid: it is lent (social capital, bonds) and somebody has to pay it back."""

    name: str
    name_en: str = ""
    cny: NonNegative
    source: str = ""
    source_zh: str = ""
    repaid: bool = False


class EconomicsSection(Part):
    """[economics]: lump sums and funds."""

    item: tuple[CostItem, ...] = ()
    fund: tuple[FundItem, ...] = ()


class PhaseItem(Part):
    """[[phase]]: works in time, from the year start to the year end; parcels carry the phase's id in their `phase` column."""

    id: int
    name: str
    name_en: str = ""
    start: int
    end: int

    @model_validator(mode="after")
    def _runs_forward(self) -> PhaseItem:
        if self.end < self.start:
            raise ValueError(say("scenario.phase_backward", id=self.id, start=self.start, end=self.end))
        return self


class ReferenceItem(Part):
    """[[reference]]: a published figure to show beside the plan's own (never an input).

    key: where the plan's own stands in summary.json, or any other name. name, name_en: what the figure is called where the
    program knows no name for its key.
    """

    key: str
    name: str = ""
    name_en: str = ""
    value: float
    unit: str
    source: str
    source_zh: str = ""


class Scenario(Part):
    """A whole site.toml, plus the parameters with the file's overrides applied."""

    site: SiteSection = SiteSection()
    layers: Layers
    targets: Targets = Targets()
    budget: BudgetSection = BudgetSection()
    earthwork: EarthworkSection = EarthworkSection()
    reservoir: ReservoirSection = ReservoirSection()
    solver: SolverSection = SolverSection()
    economics: EconomicsSection = EconomicsSection()
    finance: GivenTerms | None = None
    lock: tuple[LockItem, ...] = ()
    protection: tuple[ProtectionItem, ...] = ()
    limit: tuple[LimitItem, ...] = ()
    rule: tuple[RuleItem, ...] = ()
    near: tuple[NearItem, ...] = ()
    buffer: tuple[BufferItem, ...] = ()
    value_in_place: Annotated[ValueSection, Field(alias="value")] = ValueSection()
    city: CityKey | None = None
    locale: LocaleKey = LocaleKey()
    phase: tuple[PhaseItem, ...] = ()
    reference: tuple[ReferenceItem, ...] = ()
    parameters: Annotated[Parameters, Field(exclude=True)] = Field(default_factory=defaults)

    @model_validator(mode="after")
    def _phases_once(self) -> Scenario:
        ids = [p.id for p in self.phase]
        for twice in {i for i in ids if ids.count(i) > 1}:
            raise ValueError(say("scenario.phase_twice", id=twice))
        return self

    @property
    def places(self) -> dict[str, Layer]:
        """The layers that rules, distances and belts ask for beside those of [layers], by key."""
        value = self.value_in_place
        found = [item.layer for item in self.near]
        found += [item.around for item in self.buffer if isinstance(item.around, Layer)]
        found += [layer for item in self.rule for layer in layers_of(item.stated).values()]
        found += [layer for target in CHOICES if (layer := value.of(target).layer) is not None]
        found += [item.layer for item in value.distance if item.layer is not None]
        return {layer.key: layer for layer in found}

    @property
    def ruled_out(self) -> tuple[str, ...]:
        """Targets that may take no land at all: max_mu = 0."""
        quotas = {name: getattr(self.targets, name) for name in type(self.targets).model_fields}
        return tuple(name for name, quota in quotas.items() if quota.max_mu == 0 and not quota.min_mu)

    def value(self, key: str) -> Any:
        """A parameter's value by dotted key."""
        return self.parameters.value(key)

    def number(self, key: str) -> float:
        """A parameter's value by dotted key, as a float."""
        return self.parameters.number(key)


def parse_scenario(document: Mapping[str, Any], *, source: str = "site.toml") -> Scenario:
    """The scenario a parsed site.toml describes.

    Raises InvalidInput naming the key, the value, and the nearest known key.
    """
    rest, overrides = _split(document, defaults())
    parameters = defaults().replaced(overrides, source=source)
    try:
        return Scenario.model_validate({**_layers_as_tables(rest), "parameters": parameters})
    except ValidationError as error:
        raise InvalidInput(say("scenario.fault", source=source, fault=first_fault(error, _known_keys))) from None


def load_scenario(path: str | Path, sets: Mapping[str, Any] | None = None) -> Scenario:
    """Reads site.toml, with dotted-key replacements on top.

    Raises InvalidInput where the file is missing, not TOML, or holds what parse_scenario refuses.
    """
    path = Path(path)
    document = read_toml(path, say("scenario.no_file", path=path))
    return parse_scenario(with_sets(document, sets or {}), source=path.name)


def with_sets(document: Mapping[str, Any], sets: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a parsed document with dotted keys replaced: {"budget.max_cny": 1e9, "rule.0.min_mu": 40}."""
    result: dict[str, Any] = dict(document)
    for key, value in sets.items():
        result = _with(result, key.split("."), value, key)
    return result


def _with(node: Any, path: list[str], value: Any, key: str) -> Any:
    """A copy of a section (or a list of sections) in which what a path leads to is replaced."""
    name, *rest = path
    if isinstance(node, list | tuple):
        if not (name.isdecimal() and int(name) < len(node)):
            raise InvalidInput(say("scenario.no_item", key=key, name=name, count=len(node)))
        k = int(name)
        return [*node[:k], _with(node[k], rest, value, key) if rest else value, *node[k + 1 :]]
    if not rest:
        return {**node, name: value}
    child = node.get(name, {})
    if isinstance(child, str) and key.startswith("layers."):
        child = {"path": child}  # layers.terrain = "dem.tif" says the same as its table form
    if not isinstance(child, Mapping | list | tuple):
        raise InvalidInput(say("scenario.no_section", key=key, name=name))
    return {**node, name: _with(child, rest, value, key)}


def document(scenario: Scenario) -> dict[str, Any]:
    """The scenario as the site.toml that says the same: what was set, and every parameter that was given."""
    result: dict[str, Any] = scenario.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    given = {key: p.value for key, p in scenario.parameters.items() if p.trust == "given"}
    return with_sets(result, given)


def replaced(scenario: Scenario, sets: Mapping[str, Any]) -> Scenario:
    """The scenario with dotted keys replaced: {"budget.max_cny": 1e9}. Raises InvalidInput as parse_scenario does."""
    return parse_scenario(with_sets(document(scenario), sets), source="--set")


def _split(document: Mapping[str, Any], known: Parameters) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document without the keys that are parameters, and those by dotted key."""
    overrides: dict[str, Any] = {}

    def walk(prefix: str, node: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, child in node.items():
            key = f"{prefix}{name}"
            if key in known:
                overrides[key] = child
            elif isinstance(child, Mapping) and any(k.startswith(key + ".") for k in known):
                inner = walk(key + ".", child)
                if inner or not any(k.startswith(key + ".") for k in overrides):
                    kept[name] = inner
            else:
                kept[name] = child
        return kept

    return walk("", document), overrides


def _layers_as_tables(document: dict[str, Any]) -> dict[str, Any]:
    layers = document.get("layers")
    if not isinstance(layers, Mapping):
        return document
    tables = {k: {"path": v} if isinstance(v, str) else v for k, v in layers.items()}
    return {**document, "layers": tables}


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """Keys that may stand where an unknown one was found: the section's own and its parameters."""
    own = [k for k in keys_of(Scenario)(location) if k != "parameters"]
    return own + list(defaults().section(".".join(str(p) for p in location[:-1])))
