"""The money of a project that writes itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.finance import noun
from planner.finance.feed import terms_of
from planner.finance.flows import flows

if TYPE_CHECKING:
    from planner.plan import Plan


class Finance(noun.Finance):
    """A project's money: a mapping over its summary, `table`, `value`, `tornado`, `chances`, `save(folder)`.

    Examples
    --------
    >>> import planner as pl
    >>> money = pl.finance(investment_cny=1e8, first_year=2016, build_years=2, operate_years=10)
    >>> len(money.table)
    12
    """

    def save(self, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
        """Writes summary.json, tables.xlsx, report.html and, where it can be set, report.pdf: a whole folder or nothing.

        Raises OutputExists where the folder holds something and overwrite is off.
        """
        from planner.finance.write import save

        return save(self, folder, overwrite=overwrite, lang=lang)


def finance(source: str | Path | Plan | Mapping[str, Any] | None = None, **keys: Any) -> Finance:
    """The money of a project: payments, debt, returns, burden on the budget, value for money, sensitivity, risk.

    source: a TOML file with [finance], a site's or a plan's folder, a Plan, or a mapping of the keys of [finance]; keys win
    over it, `finance(investment_cny=1e8, first_year=2016, …)` needs no source. A plan gives first year, investment and mu
    where the keys name none. Raises InvalidInput naming the key.

    Examples
    --------
    >>> import planner as pl
    >>> money = pl.finance(investment_cny=1e8, first_year=2016, build_years=2, operate_years=10)
    >>> sorted(money)[:3]
    ['bond_cover', 'building_interest_cny', 'burden_max']
    """
    found = terms_of(source, keys)
    without = {"unfunded_cny": found.unfunded_cny, "lent_cny": found.lent_cny}
    return Finance(found.terms, flows(found.terms), name=found.name, kind=found.kind, name_en=found.name_en, **without)
