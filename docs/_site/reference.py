"""The reference, made from the code: public names, keys of site.toml, parameters, columns, the command line, texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_args

from pydantic import BaseModel

import planner
from planner import columns
from planner.landuse import TARGETS, TREATMENTS
from planner.parameters import Parameter, defaults
from planner.scenario import Scenario

TRUST = {
    "S": "read in a source",
    "D": "derived by arithmetic",
    "M": "common knowledge of the field",
    "A": "assumption: override it",
}
# What the public names are for, by the room they come from; a room that is not here stands under its own name.
ROOMS = {
    "planner.facade": "Plans",
    "planner.plan": "What if",
    "planner.read": "Reading",
    "planner.read.statistics": "Statistics of rasters",
    "planner.site": "Site and grid",
    "planner.partition": "Planning units",
    "planner.measure": "Measures",
    "planner.subsidence": "Subsidence",
    "planner.suitability": "Judging",
    "planner.options": "Options",
    "planner.allocation": "Allocation",
    "planner.water": "Water",
    "planner.timing": "Time",
    "planner.finance": "Finance",
    "planner.portfolio": "Programmes",
    "planner.city": "City",
    "planner.asbuilt": "As built",
    "planner.errors": "Errors",
}


def api() -> str:
    """Every public name with its signature and docstring."""
    rooms: dict[str, list[str]] = {}
    for name, home in planner._HOMES.items():
        rooms.setdefault(home, []).append(name)
    known = [*ROOMS, *sorted(set(rooms) - set(ROOMS))]
    parts = ["# Python", "`import planner as pl`; every name below is `pl.NAME`. The sample sites are `pl.samples.zhonghu()` …"]
    for home in (room for room in known if room in rooms):
        parts.append(f"## {ROOMS.get(home, home)}")
        for name in sorted(rooms[home]):
            thing = getattr(import_module(home), name)
            parts.append(f"::: {thing.__module__}.{thing.__qualname__}\n    options:\n      heading_level: 3")
    return "\n\n".join([*parts, "## Samples", "::: planner.samples\n    options:\n      heading_level: 3"]) + "\n"


def parameters() -> str:
    """Every default number: key, value, unit, how far to trust it, where it comes from."""
    parts = [
        "# Parameters",
        "Every default the planner uses (`planner/parameters.toml`). A key may be overridden in `site.toml` under the same "
        "section, with `--set key=value`, or with `pl.make_plan(site, **{key: value})`.",
        "Trust: " + "; ".join(f"**{k}** {v}" for k, v in TRUST.items()) + ".",
    ]
    sections: dict[str, list[Parameter]] = {}
    for key, parameter in defaults().items():
        sections.setdefault(key.rpartition(".")[0], []).append(parameter)
    for section, rows in sections.items():
        parts.append(f"## {section}")
        cells = [(f"`{p.key.rpartition('.')[2]}`", f"`{p.value}`", p.unit, p.trust, p.source) for p in rows]
        parts.append(_table(("key", "default", "unit", "trust", "source"), cells))
    return "\n\n".join(parts) + "\n"


def site_toml() -> str:
    """Every key of site.toml that is no parameter: section, key, type, default, meaning."""
    parts = [
        "# site.toml",
        "The sections of a site's file. Sections may also hold the [parameters](parameters.md) of the same name. "
        "Unknown keys are errors that name the nearest known key.",
    ]
    for name, field in Scenario.model_fields.items():
        if name != "parameters":
            parts += _section(name, field.annotation)
    return "\n\n".join(parts) + "\n"


def _section(name: str, annotation: Any) -> Iterator[str]:
    several = getattr(annotation, "__origin__", None) is tuple
    model = next((m for m in (annotation, *get_args(annotation)) if isinstance(m, type) and issubclass(m, BaseModel)), None)
    if model is None:
        return
    yield f"## {'[[' if several else '['}{name}{']]' if several else ']'}"
    yield (model.__doc__ or "").strip().splitlines()[0]
    rows, below = [], []
    for key, field in model.model_fields.items():
        inner = [m for m in (field.annotation, *get_args(field.annotation)) if isinstance(m, type) and issubclass(m, BaseModel)]
        if inner and name != "layers":
            below.append((f"{name}.{key}", field.annotation))
            continue
        default = "required" if field.is_required() else f"`{field.default!r}`"
        rows.append((f"`{key}`", f"`{_type(field.annotation)}`", default))
    if rows:
        yield _table(("key", "type", "default"), rows)
    for dotted, kind in below:
        yield from _section(dotted, kind)


def _type(annotation: Any) -> str:
    text = getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation)
    for noise in ("typing.", "planner.scenario.", "planner.terms.", "planner."):
        text = text.replace(noise, "")
    return text.replace("|", "or").split("Annotated[")[-1] if "Annotated" in text else text.replace("|", "or")


def data() -> str:
    """Every column of every table, and the names of targets and treatments."""
    parts = ["# Columns, targets, treatments", "The data dictionary (`planner/columns/`, `planner/landuse.py`)."]
    for title, table in columns.TABLES.items():
        parts.append(f"## {title}")
        rows = [(f"`{c.name}`", c.unit, c.en, c.zh, c.meaning) for c in table.values()]
        parts.append(_table(("column", "unit", "English", "中文", "meaning"), rows))
    parts += ["## Targets", _table(("target", "English", "中文"), [(f"`{t.key}`", t.en, t.zh) for t in TARGETS.values()])]
    ways = [(f"`{t.key}`", ", ".join(t.targets), t.en, t.zh) for t in TREATMENTS.values()]
    parts += ["## Treatments", _table(("treatment", "targets", "English", "中文"), ways)]
    return "\n\n".join(parts) + "\n"


def command_line() -> str:
    """Every verb with its arguments and options, as `--help` tells them."""
    import typer.main

    from planner.cli.app import app
    from planner.cli.main import load

    load()
    group: Any = typer.main.get_command(app)
    parts = [
        "# Command line",
        "Exit codes: 0 done · 1 failed · 2 usage · 3 invalid input · 4 infeasible (the limits to relax are named) · "
        "5 no plan in time.",
    ]
    for name, command in sorted(group.commands.items()):
        takes = " ".join(_argument(p) for p in command.params if p.param_type_name == "argument")
        parts += [f"## planner {name}", (command.help or "").strip(), f"```console\nplanner {name} {takes} [OPTIONS]\n```"]
        rows = [(_written(p), _cell(p.help), _default(p)) for p in command.params]
        parts.append(_table(("", "meaning", "default"), rows))
    return "\n\n".join(parts) + "\n"


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _written(parameter: Any) -> str:
    names = parameter.opts if parameter.param_type_name == "option" else [parameter.name.upper()]
    return ", ".join(f"`{n}`" for n in names)


def _default(parameter: Any) -> str:
    return "" if parameter.default in (None, False, ()) or callable(parameter.default) else f"`{parameter.default}`"


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(c) for c in row) + " |" for row in rows)])


def _cell(value: Any) -> str:
    """A cell's text: no bar may end it, no angle bracket may become markup."""
    text = str(value if value is not None else "").replace("|", "\\|").replace("\n", " ")
    return text if text.startswith("`") else text.replace("<", "&lt;")


PAGES: dict[str, Callable[[], str]] = {
    "python.md": api,
    "site-toml.md": site_toml,
    "parameters.md": parameters,
    "columns.md": data,
    "command-line.md": command_line,
}
