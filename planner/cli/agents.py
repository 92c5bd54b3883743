"""The verb that serves agents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.app import app


@app.command()
def mcp(
    root: Annotated[Path, typer.Argument(help="The folder that no tool leaves.")] = Path(),
    write: Annotated[bool, typer.Option("--write", help="Let `allocate` save plans below the folder.")] = False,
) -> None:
    """Serve check, allocate, explain, whatif and compare to agents over stdio (MCP); read-only by default."""
    from planner.agents import server

    server(root, writes=write).run("stdio")
