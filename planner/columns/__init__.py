"""The data dictionary: every column of every table, with its unit and its meaning in English and Chinese."""

from typing import Final

from planner.columns.noun import Column
from planner.columns.plan import (
    CONSTRAINTS,
    CONTRACT_COLUMNS,
    DYKES,
    FACTS,
    FLOW,
    HAUL,
    HOLLOWS,
    OPTIONS,
    PARCELS,
    RESERVOIRS,
    SHOWN,
    STAGES,
    UNITS,
    YEARS,
)
from planner.columns.rooms import (
    BUILT,
    CITY,
    FINANCE,
    FINANCE_YEARS,
    PROGRAMME,
    SENSITIVITY,
    VALUE_FOR_MONEY,
)

TABLES: Final = {
    "Units": UNITS,
    "Options": OPTIONS,
    "Reservoirs": RESERVOIRS,
    "Parcels": PARCELS,
    "Constraints": CONSTRAINTS,
    "Dykes": DYKES,
    "Earth haul": HAUL,
    "Cash flow": FLOW,
    "Stage and storage": STAGES,
    "Years": YEARS,
    "On the map": SHOWN,
    "Hollows": HOLLOWS,
    "A project's money": FINANCE,
    "A project's money by year": FINANCE_YEARS,
    "Value for money": VALUE_FOR_MONEY,
    "Sensitivity": SENSITIVITY,
    "Programme": PROGRAMME,
    "City": CITY,
    "Built against planned": BUILT,
}

__all__ = [
    "BUILT",
    "CITY",
    "CONSTRAINTS",
    "CONTRACT_COLUMNS",
    "DYKES",
    "FACTS",
    "FINANCE",
    "FINANCE_YEARS",
    "FLOW",
    "HAUL",
    "HOLLOWS",
    "OPTIONS",
    "PARCELS",
    "PROGRAMME",
    "RESERVOIRS",
    "SENSITIVITY",
    "SHOWN",
    "STAGES",
    "TABLES",
    "UNITS",
    "VALUE_FOR_MONEY",
    "YEARS",
    "Column",
]
