"""The resolved site.toml beside a plan: what was planned, in the same words, with paths that still lead to the inputs."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from planner.scenario import Scenario, document

_BARE: Final = re.compile(r"^[A-Za-z0-9_-]+$")
_ROLES: Final = ("polygons", "terrain", "subsidence", "residual", "panels", "landuse", "constraints", "boundary")
BESIDE: Final = ("near", "buffer", "value", "rule", "city")  # sections that name files in tables of their own


def site_text(scenario: Scenario, *, name: str, source: Path | None, target: Path, version: str) -> str:
    """site.toml as resolved.

    name: of the site, which may have come from its folder. source: the folder the scenario's paths are relative to (None: they
    stay as they are). target: the folder it will stand in.
    """
    described = document(scenario)
    described = {"site": {}, **described}
    described["site"] = {**described["site"], "name": name}
    if source is not None:
        described["layers"] = _moved(described.get("layers", {}), source.resolve(), target.resolve())
        for name in BESIDE:
            if name in described:
                described[name] = _files_moved(described[name], source.resolve(), target.resolve())
        if _leads_out(described["layers"]) or any(_out(path) for name in BESIDE for path in _paths(described.get(name))):
            described["site"] = {**described["site"], "outside_paths": True}
    head = f"# As resolved by subsidence-planner {version}. Paths are relative to this folder.\n"
    return head + toml(described)


def _moved(layers: Mapping[str, Any], source: Path, target: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for role, value in layers.items():
        if role == "water_table" and isinstance(value, Mapping) and "path" not in value:
            result[role] = {k: _relative(v, source, target) if isinstance(v, str) else v for k, v in value.items()}
        elif isinstance(value, Mapping) and isinstance(value.get("path"), str) and value["path"] != "polygons.depth":
            result[role] = {**value, "path": _relative(value["path"], source, target)}
        else:
            result[role] = value
    return result


def _files_moved(node: Any, source: Path, target: Path) -> Any:
    """A section with the paths of every file it names, however deep, relative to another folder."""
    if isinstance(node, Mapping):
        moved = {k: _files_moved(v, source, target) for k, v in node.items()}
        return {**moved, "path": _relative(node["path"], source, target)} if isinstance(node.get("path"), str) else moved
    return [_files_moved(v, source, target) for v in node] if isinstance(node, list | tuple) else node


def _paths(node: Any) -> list[str]:
    """The paths of every file a section names."""
    if isinstance(node, Mapping):
        own = [node["path"]] if isinstance(node.get("path"), str) else []
        return own + [path for v in node.values() for path in _paths(v)]
    return [path for v in node for path in _paths(v)] if isinstance(node, list | tuple) else []


def _out(path: str) -> bool:
    return path.startswith("..") or Path(path).is_absolute()


def _relative(path: str, source: Path, target: Path) -> str:
    absolute = source / path
    try:
        return Path(os.path.relpath(absolute, target)).as_posix()
    except ValueError:  # another drive
        return absolute.as_posix()


def _leads_out(layers: Mapping[str, Any]) -> bool:
    texts = [v["path"] if isinstance(v, Mapping) and "path" in v else v for v in layers.values()]
    texts += [v for w in layers.values() if isinstance(w, Mapping) for v in w.values()]
    return any(isinstance(t, str) and _out(t) for t in texts)


def toml(table: Mapping[str, Any]) -> str:
    """A TOML document of nested mappings, lists, texts, numbers and truth values; None is left out."""
    lines: list[str] = []
    _section(table, "", lines)
    return "\n".join(lines).strip() + "\n"


def _section(table: Mapping[str, Any], prefix: str, lines: list[str]) -> None:
    plain = {k: v for k, v in table.items() if v is not None and not _is_section(v)}
    for key, value in plain.items():
        lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in table.items():
        if value is None or key in plain:
            continue
        name = f"{prefix}{_key(key)}"
        if isinstance(value, Mapping):
            if not prefix or any(not _is_section(v) for v in value.values()) or not value:
                lines += ["", f"[{name}]"]
            _section(value, f"{name}.", lines)
        else:
            for row in value:
                lines += ["", f"[[{name}]]"]
                _section(row, f"{name}.", lines)


def _is_section(value: Any) -> bool:
    """Whether a value gets a heading of its own: a table, or a list of tables; small layer tables stay inline."""
    if isinstance(value, Mapping):
        return "path" not in value and "normal" not in value
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(v, Mapping) for v in value)


def _key(key: str) -> str:
    return key if _BARE.match(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return ("nan" if math.isnan(value) else "inf" if value > 0 else "-inf") if not math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return _string(str(value))


def _string(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    body = "".join(escapes.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 or ord(c) == 0x7F else c) for c in text)
    return f'"{body}"'
