"""`planner finance`: a project's money from a table or a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice, table

if TYPE_CHECKING:
    from planner.finance import Finance


TOLD: Final = (
    *("investment_cny", "payments_sum_cny", "payments_pv_cny", "burden_max", "firr", "equity_irr", "npv_cny"),
    *("payback_year", "dscr_min", "bond_cover", "vfm_cny", "cny_per_mu"),
)


@verb()
def finance(
    file: Annotated[Path, typer.Argument(help="A TOML file with [finance], or the folder of a site or a plan that has it.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write; without it nothing is written.")
    ] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Work out a project's money: PPP payments, debt, returns, burden on the budget, value for money, risk."""
    from planner.finance import finance as work_out
    from planner.finance.write import OWNED
    from planner.words import render, text

    found = work_out(file)
    voice.say(_told(found, lang))
    for warning in found.warnings:
        voice.warn(text("finance.warning", lang, text=render(warning, lang)))
    if output is not None:
        found.save(output, overwrite=overwrite, lang=lang)
        names = [name for name in OWNED if (output / name).exists()]
        voice.say(text("finance.wrote", lang, files=names, folder=output))
    voice.document(found.summary())


def _told(found: Finance, lang: str) -> str:
    """Figures and payments for a person."""
    from planner.finance.chapter import figure_rows
    from planner.words import text

    figures = {"investment_cny": found.terms.investment_cny, **found.summary()}
    rows: list[tuple[str, ...]] = list(figure_rows(TOLD, figures, lang))
    return table(rows, (text("word.figure", lang), text("word.amount", lang)))
