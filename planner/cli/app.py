"""The verbs and the one place where errors become exit codes."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

import typer

from planner.cli.console import clean
from planner.drivers import shut
from planner.errors import Infeasible, PlannerError

app = typer.Typer(
    name="planner",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Plans the restoration of coal-mining subsidence land: which piece becomes construction land, arable land, "
    "green space or reservoir, how many mu and m³ that gives, what it costs and brings - and proves how good the plan is.",
)

USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


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


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and leaves with the contract's exit code."""
    shut()  # the whole process is ours: what GDAL need not do here it never learns
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs one command; its exit code: 0 done, 1 failed, 2 usage, 3 invalid input, 4 infeasible, 5 no plan in time."""
    from planner.cli import asbuilt, city, doctor, finance, hollows, keep, terrain, verbs  # noqa: F401  (registers them)

    verbose, as_json = "-v" in arguments or "--verbose" in arguments, "--json" in arguments
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted; nothing was written\n")
        return INTERRUPTED
    except Exception as error:
        if hasattr(error, "show"):  # a usage error of the parser, under whichever name this typer gives it
            error.show()
            return USAGE
        if verbose:
            traceback.print_exc()
        return _tell(error, as_json=as_json)


def _without_relaxations(error: PlannerError) -> str:
    """An error's text without the lines that are told apart as what to relax: nothing is said twice."""
    apart = error.relaxations if isinstance(error, Infeasible) else ()
    return "\n".join(line for line in str(error).splitlines() if line not in apart)


def _tell(error: Exception, *, as_json: bool) -> int:
    """Says an error in one or two lines and gives its exit code."""
    details: dict[str, Any] = {"error": str(error), "exit_code": 1}
    if isinstance(error, PlannerError):
        details["exit_code"] = error.exit_code
        sys.stderr.write(clean(f"error: {_without_relaxations(error)}") + "\n")
    elif isinstance(error, OSError | MemoryError):
        sys.stderr.write(clean(f"failed: {error or type(error).__name__}") + "\n")
    else:
        sys.stderr.write(clean(f"failed: {type(error).__name__}: {error}; -v shows where, please report it") + "\n")
    if isinstance(error, Infeasible):
        for line in error.relaxations:
            sys.stderr.write(clean(f"  relax: {line}") + "\n")
        details |= {"conflicts": list(error.conflicts), "relaxations": list(error.relaxations)}
    if as_json:
        sys.stdout.write(json.dumps(details, ensure_ascii=False, indent=2) + "\n")
    return int(details["exit_code"])
