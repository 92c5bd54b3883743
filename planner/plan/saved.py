"""A saved plan becomes a plan again: figures as they were written, judgement and money worked out anew from them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from planner.economics import money
from planner.measure import land_use
from planner.plan.noun import Plan
from planner.plan.others import others_of
from planner.plan.record import Certificate
from planner.plan.summary import summarise
from planner.read.saved import SavedFolder, damaged, read_saved
from planner.suitability import judge


def load_plan(folder: str | Path) -> Plan:
    """The plan in a folder that `planner allocate` wrote.

    Its ground is the overview that was saved with it. Raises InvalidInput where the folder holds no plan.
    """
    saved = read_saved(folder)
    with damaged(Path(folder)):
        made = _plan(saved)
        summarise(made)  # what its figures are worked out from is there, or the plan is no plan
        return made


def _plan(saved: SavedFolder) -> Plan:
    proof = saved.summary["solver"]
    storage = saved.tables["storage"]
    curves = {
        str(key): table.drop(columns="reservoir_id").reset_index(drop=True)
        for key, table in (storage.groupby("reservoir_id") if len(storage) else ())
    }
    return Plan(
        site=saved.site,
        units=saved.units,
        parcels=saved.site.parcels,
        options=saved.tables["options"],
        borders=saved.tables["borders"],
        judgement=judge(pd.DataFrame(saved.units.drop(columns="geometry")), saved.site.scenario),
        certificate=Certificate(
            **{k: proof[k] for k in ("status", "objective", "bound", "gap", "seconds", "method")},
            binding=tuple(proof["binding"]),
            start_prices=tuple(proof.get("start_prices", proof["binding"])),  # older plans told the one for the other
        ),
        reservoirs=saved.reservoirs,
        storage_tables=curves,
        haul=saved.tables["haul"],
        economics=money(saved.units, saved.site.scenario, saved.tables["haul"]),
        rules=saved.tables["rules"],
        warnings=saved.site.warnings,
        land_use=saved.tables["land_use"] if len(saved.tables["land_use"]) else land_use(None, saved.units),
        others=others_of(saved.tables["others"], saved.summary.get("alternatives", [])),
        dykes=saved.dykes,
        border_prices=saved.tables["border_prices"],
        earth_prices=saved.tables["earth_prices"],
        set_out=bool(saved.summary.get("set_out", False)),
    )
