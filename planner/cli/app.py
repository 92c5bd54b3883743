"""The command line all verbs belong to. It starts none of them: `main` does."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperGroup

# In the order a plan comes about; what is not named here stands last.
ORDER: Final = (
    *("demo", "init", "check", "allocate", "explain", "map", "report", "compare", "whatif", "export", "replay"),
    *("design", "asbuilt", "water", "storage", "hollows", "predict", "portfolio", "finance", "city", "mcp", "doctor"),
)


class InOrder(TyperGroup):
    """Verbs in the order of ORDER."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs' names as help lists them."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    cls=InOrder,
    name="planner",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Plans the restoration of coal-mining subsidence land: which piece becomes construction land, arable land, "
    "green space or reservoir, how many mu and m³ that gives, what it costs and brings - and proves how good the plan is.",
)


def _version(value: bool) -> None:
    if value:
        from planner import __version__

        typer.echo(f"planner {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and leave."),
) -> None:
    """Options that belong to no verb."""
