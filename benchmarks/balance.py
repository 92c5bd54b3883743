"""Lakes through the years: 50 lakes over 30 years, alone, in a chain, and on groundwater that answers."""

from __future__ import annotations

import time

import numpy as np

from benchmarks._results import record
from planner.balance import Aquifer, Lake, balance, climate, dry_year
from planner.parameters import defaults

LAKES, YEARS = 50, 30


def lakes(*, chain: bool, aquifer: bool) -> list[Lake]:
    """Paraboloids of 0.5 to 2.5 km² and 10 m, with three times their area of land around."""
    h = np.linspace(0, 10, 41)
    made = []
    for i in range(LAKES):
        area = (0.5 + i / 25) * 1e6
        ground = Aquifer(30.0, 4 * area, 0.08, regional_per_month=0.05, recharge_share=0.1) if aquifer else None
        made.append(
            Lake(
                f"L{i}",
                21.5 + h,
                area * h / 10,
                area * h * h / 20,
                start_m=28.0,
                basin_m2=4 * area,
                runoff_share=0.25,
                exchange_per_month=0.05,
                groundwater_m=None if aquifer else 30.0,
                aquifer=ground,
                spills_to=f"L{i + 1}" if chain and i < LAKES - 1 else None,
            )
        )
    return made


def main() -> None:
    """Measures and records."""
    p = defaults()
    mean, dry = climate(p, "huaibei"), dry_year(p, "huaibei")
    years = [mean, dry, mean] * (YEARS // 3)
    rows = []
    for chain, aquifer in ((False, False), (True, False), (False, True), (True, True)):
        site = lakes(chain=chain, aquifer=aquifer)
        balance(site, mean)  # compiled before it is measured
        begin = time.process_time()
        result = balance(site, years)
        seconds = time.process_time() - begin
        name = f"{'in a chain' if chain else 'apart'}, {'on aquifers' if aquifer else 'given groundwater'}"
        rows.append(f"| {name} | {seconds:.2f} | {result.residual_share:.0e} |")
    head = (
        f"# Lakes through the years\n\n{LAKES} lakes × {YEARS} years by month\n\n| lakes | CPU s | residual |\n|---|---|---|\n"
    )
    record("balance", head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
