"""A GIS planner for the restoration of coal-mining subsidence land.

Names are imported when they are first used, so that `planner --help` answers at once.
"""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

_HOMES = {
    "Plan": "planner.facade",
    "Finance": "planner.finance",
    "Portfolio": "planner.portfolio",
    "portfolio": "planner.portfolio",
    "finance": "planner.finance",
    "make_plan": "planner.facade",
    "load_plan": "planner.facade",
    "sweep": "planner.plan",
    "vary": "planner.plan.whatif",
    "whatif": "planner.plan.whatif",
    "confidence": "planner.plan",
    "read_site": "planner.read",
    "check": "planner.read",
    "Site": "planner.site",
    "Grid": "planner.site",
    "partition": "planner.partition",
    "city": "planner.city",
    "evaluation": "planner.city",
    "green_figures": "planner.city",
    "greening": "planner.city",
    "price_of_green": "planner.city",
    "served": "planner.city",
    "served_share": "planner.city",
    "yield_per_mu": "planner.city",
    "measure": "planner.measure",
    "appraise": "planner.options",
    "area_mu": "planner.measure",
    "raster_statistics": "planner.read.statistics",
    "asbuilt": "planner.asbuilt",
    "AsBuilt": "planner.asbuilt",
    "design": "planner.groundworks",
    "drawing": "planner.groundworks",
    "water": "planner.lakes",
    "LakeYears": "planner.lakes",
    "storage_curve": "planner.water",
    "hollows": "planner.water",
    "PlannerError": "planner.errors",
    "predict": "planner.subsidence",
    "ground": "planner.subsidence",
    "calibrate": "planner.subsidence",
    "farmland": "planner.subsidence",
    "timetable": "planner.timing",
    "judge": "planner.suitability",
    "Budget": "planner.allocation",
    "Compactness": "planner.allocation",
    "Earthwork": "planner.allocation",
    "Exclude": "planner.allocation",
    "Limit": "planner.allocation",
    "Lock": "planner.allocation",
    "Problem": "planner.allocation",
    "Quota": "planner.allocation",
    "Stockpile": "planner.allocation",
    "Storage": "planner.allocation",
    "WaterLevel": "planner.allocation",
    "Adjacent": "planner.allocation",
    "Apart": "planner.allocation",
    "Belt": "planner.allocation",
    "Connected": "planner.allocation",
    "Coverage": "planner.allocation",
    "Covered": "planner.allocation",
    "Keep": "planner.allocation",
    "MinPatch": "planner.allocation",
    "Share": "planner.allocation",
    "alternatives": "planner.allocation",
    "evaluate": "planner.allocation",
    "lexicographic": "planner.allocation",
    "minimise_regret": "planner.allocation",
    "pareto": "planner.allocation",
    "robustness": "planner.allocation",
    "value_of_locks": "planner.allocation",
    "what_if": "planner.allocation",
}

_ROOMS = ("design", "water")

__all__ = sorted([*_HOMES, "samples"])

try:
    __version__ = version("subsidence-planner")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.2.0"


class _Front(ModuleType):
    """The package with its stages as functions: importing the module of the same name does not hide the stage."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ROOMS and isinstance(value, ModuleType):
            value.__class__ = _Room
        elif name in _HOMES and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)


class _Room(ModuleType):
    """A room that has the name of a stage which lives elsewhere: called, it is the stage; asked for a file, it is the room."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(import_module(_HOMES[self.__name__.removeprefix("planner.")]), self.__name__.removeprefix("planner."))(
            *args, **options
        )


sys.modules[__name__].__class__ = _Front


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"planner.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "samples":
        return import_module("planner.samples")
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
