"""What a city.toml asks for, validated: unknown keys are errors that name the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from planner.documents import read_toml
from planner.errors import InvalidInput
from planner.faults import fault_of
from planner.scenario import Layer
from planner.words import say

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CitySection(_Part):
    """[city]: the city's name in Chinese or the own language and in English, the kind of its data, a plan's folder."""

    name: str = ""
    name_en: str = ""
    kind: str = "survey"
    plan: str | None = None


class GreeningSection(_Part):
    """[greening]: layers (`built_up`, `green`, `parks`, `residential`, optionally `canopy`, `roads`) or stated areas in m².

    people: a whole number; people_column: of the residential polygons; people_grid: a raster of people per cell.
    """

    built_up: Layer | None = None
    green: Layer | None = None
    parks: Layer | None = None
    residential: Layer | None = None
    canopy: Layer | None = None
    roads: Layer | None = None
    built_up_m2: Positive | None = None
    green_m2: NonNegative | None = None
    parks_m2: NonNegative | None = None
    canopy_m2: NonNegative | None = None
    people: Positive | None = None
    people_column: str | None = None
    people_grid: str | None = None
    limits: str = "gb-55014-2021"


class EnterprisesSection(_Part):
    """[enterprises]: a table (CSV or XLSX) with `id` and the indicators of a weight set, `exempt` optionally.

    plots: their land as polygons, the enterprise's id in the column plot_id.
    """

    table: str
    weights: str = "huangyan-2022"
    cap: Positive | None = None
    id: str = "id"
    plots: Layer | None = None
    plot_id: str = "id"


class EvaluationSection(_Part):
    """[evaluation]: a table of indicators; without one the shipped list, filled from the plan and from `values`.

    year: the year that is evaluated, for the money due by its end. asbuilt: the folder that `planner asbuilt` wrote.
    """

    table: str | None = None
    values: Mapping[str, float] = Field(default_factory=dict)
    transfer_cny: NonNegative | None = None
    year: int | None = None
    asbuilt: str | None = None


class CityFile(_Part):
    """A city.toml."""

    city: CitySection = CitySection()
    greening: GreeningSection | None = None
    enterprises: EnterprisesSection | None = None
    evaluation: EvaluationSection | None = None


def load(path: Path) -> CityFile:
    """Reads a city.toml. Raises InvalidInput naming the file, the key and the nearest known one."""
    tables = read_toml(path, say("city.no_file", path=path))
    given = tables.get("greening")
    if isinstance(given, Mapping):
        layers = ("built_up", "green", "parks", "residential", "canopy", "roads")
        tables["greening"] = {k: {"path": v} if k in layers and isinstance(v, str) else v for k, v in given.items()}
    firms = tables.get("enterprises")
    if isinstance(firms, Mapping) and isinstance(firms.get("plots"), str):
        tables["enterprises"] = {**firms, "plots": {"path": firms["plots"]}}
    try:
        wishes = CityFile.model_validate(tables)
    except ValidationError as error:
        raise InvalidInput(fault_of(error, CityFile, path.name)) from None
    if all(part is None for part in (wishes.greening, wishes.enterprises, wishes.evaluation)):
        raise InvalidInput(say("city.nothing_asked", path=path.name))
    return wishes
