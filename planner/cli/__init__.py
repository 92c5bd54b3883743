"""The command line: verbs, options, exit codes. Heavy libraries are imported only when a verb needs them."""

from planner.cli.main import main

__all__ = ["main"]
