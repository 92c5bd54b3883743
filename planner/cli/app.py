"""The command line all verbs belong to. It starts none of them: `main` does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, Final, get_type_hints

import typer
from typer.core import TyperGroup

from planner.cli.console import Voice, known_lang

AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more; show where an error came from.")]
_OF_EVERY_VERB: Final = {"as_json": AsJson, "quiet": Quiet, "verbose": Verbose}  # in the order of Voice

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


def verb(name: str | None = None, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A function as a verb of the command line with the options that every verb has: --json, -q and -v are its `voice`.

    name: the verb's where it is not the function's. options: as typer's command takes them. A verb with --lang starts only
    where the program speaks that language.
    """

    def of(act: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(act).parameters.values())
        hints = get_type_hints(act, include_extras=True)

        @wraps(act)
        def run(**given: Any) -> None:
            voice = replace(Voice(*(given.pop(key) for key in _OF_EVERY_VERB)), lang=given.get("lang", "en"))
            if "lang" in given:
                known_lang(given["lang"])
            act(**given, voice=voice)

        common = [
            inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=v) for k, v in _OF_EVERY_VERB.items()
        ]
        mine = [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name != "voice"]
        run.__signature__ = inspect.Signature([*mine, *common])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*mine, *common)}
        app.command(name, **options)(run)
        return run

    return of
