"""Starts the verbs; the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

import typer

from planner.cli.app import app
from planner.cli.console import clean, json_text
from planner.drivers import shut
from planner.errors import Infeasible, PlannerError
from planner.interrupt import watched
from planner.words import Message, plain, render, text

USAGE = 2
MOST_LINES, MOST_LETTERS = 2, 600
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and leaves with the contract's exit code."""
    shut()  # the whole process is ours: what GDAL need not do here it never learns
    given = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console that lacks a character shows another; nothing fails for that
            stream.reconfigure(errors="replace")
    watched(text("cli.interrupted", asked_lang(given)))
    code = run(given)
    if code == INTERRUPTED:  # threads that still compute are not waited for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command; its exit code: 0 done, 1 failed, 2 usage, 3 invalid input, 4 infeasible, 5 no plan in time."""
    load()
    verbose, as_json, lang = "-v" in arguments or "--verbose" in arguments, "--json" in arguments, asked_lang(arguments)
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write(text("cli.interrupted", lang) + "\n")
        return INTERRUPTED
    except Exception as error:
        if hasattr(error, "show"):  # a usage error of the parser, under whichever name this typer gives it
            error.show()
            return USAGE
        if verbose:
            traceback.print_exc()
        return _tell(error, lang, as_json=as_json)


def load() -> None:
    """Registers every verb: the one list of the files they stand in."""
    from planner.cli import (  # noqa: F401
        agents,
        asbuilt,
        city,
        design,
        doctor,
        finance,
        hollows,
        keep,
        portfolio,
        terrain,
        verbs,
        water,
        whatif,
    )


def asked_lang(arguments: Sequence[str]) -> str:
    """The language that --lang asks for, English where it asks for none or for one unknown."""
    after = [arguments[i + 1] for i, a in enumerate(arguments[:-1]) if a == "--lang"]
    after += [a.removeprefix("--lang=") for a in arguments if a.startswith("--lang=")]
    return "zh" if after[-1:] == ["zh"] else "en"


def _without_relaxations(error: PlannerError, lang: str) -> str:
    """An error's text without the lines that are told apart as what to relax: nothing is said twice."""
    apart = [render(r, lang) for r in error.relaxations] if isinstance(error, Infeasible) else []
    return "\n".join(line for line in render(error.message, lang).splitlines() if line not in apart)


def _tell(error: Exception, lang: str, *, as_json: bool) -> int:
    """Says an error in one or two lines and gives its exit code."""
    details: dict[str, Any] = {"error": str(error), "exit_code": 1}
    if isinstance(error, PlannerError):
        details["exit_code"] = error.exit_code
        _write(text("cli.error", lang, error=_without_relaxations(error, lang)))
    elif isinstance(error, OSError | MemoryError):
        _write(text("cli.failed", lang, error=str(error) or type(error).__name__))
    else:
        _write(text("cli.unforeseen", lang, kind=type(error).__name__, error=str(error)))
    if isinstance(error, Infeasible):
        for line in error.relaxations:
            _write(text("cli.relax", lang, what=line if isinstance(line, Message) else plain(line)))
        details |= {"conflicts": [str(c) for c in error.conflicts], "relaxations": [str(r) for r in error.relaxations]}
    if as_json:
        sys.stdout.write(json_text(details))
    return int(details["exit_code"])


def _write(told: str) -> None:
    """A refusal on at most two lines, as long as a person reads."""
    lines = clean(told).split("\n")[:MOST_LINES]
    sys.stderr.write("\n".join(line if len(line) <= MOST_LETTERS else line[:MOST_LETTERS] + "…" for line in lines) + "\n")
