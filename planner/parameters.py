"""The table of default numbers: each with its unit, how far to trust it, and its source (`parameters.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from math import inf, isfinite
from types import MappingProxyType
from typing import Any

from planner.errors import InvalidInput
from planner.words import Message, plain, say


@dataclass(frozen=True)
class Parameter:
    """One number (or list, or text) the planner uses: dotted key, value, unit, trust (S D M A or `given`), source."""

    key: str
    value: Any
    unit: str
    trust: str
    source: str
    low: float = -inf
    high: float = inf


class Parameters(Mapping[str, Parameter]):
    """All parameters by dotted key; `p["targets.green.freeboard_m"].value`, or `p.value("targets.green.freeboard_m")`."""

    def __init__(self, table: Mapping[str, Parameter]):
        self._table = MappingProxyType(dict(table))

    def __getitem__(self, key: str) -> Parameter:
        return self._table[key]

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, Parameter]]]:
        return Parameters, (dict(self._table),)  # to another process: a view of a table cannot go there

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def value(self, key: str) -> Any:
        """The value behind a dotted key. Raises InvalidInput naming the nearest key."""
        if key not in self._table:
            raise InvalidInput(say("parameters.unknown", key=key, nearest=nearest(key, self._table)))
        return self._table[key].value

    def number(self, key: str) -> float:
        """The value behind a dotted key as a float."""
        return float(self.value(key))

    def section(self, prefix: str) -> dict[str, Any]:
        """The values directly under a section, by their last name: section("targets.green")["freeboard_m"]."""
        head = prefix + "."
        return {k[len(head) :]: p.value for k, p in self._table.items() if k.startswith(head) and "." not in k[len(head) :]}

    def replaced(self, values: Mapping[str, Any], *, source: str) -> Parameters:
        """A copy in which the named keys have new values, with trust `given` and the given source.

        Raises InvalidInput for an unknown key or a value of another kind.
        """
        table = dict(self._table)
        for key, value in values.items():
            self.value(key)
            old = table[key].value
            if isinstance(old, float | int) and not isinstance(old, bool):
                if isinstance(value, bool) or not isinstance(value, float | int):
                    raise InvalidInput(say("parameters.number", key=key, value=value, unit=table[key].unit, old=old))
                if not isfinite(value):
                    raise InvalidInput(say("parameters.finite", key=key, value=value, unit=table[key].unit, old=old))
                low, high = table[key].low, table[key].high
                if not low <= value <= high:
                    ends = {"key": key, "value": value, "low": low, "unit": table[key].unit, "old": old}
                    if isfinite(high):
                        raise InvalidInput(say("parameters.between", **ends, high=high))
                    raise InvalidInput(say("parameters.or_more", **ends))
                value = type(old)(value) if float(value).is_integer() else float(value)
            elif not isinstance(value, type(old)):
                raise InvalidInput(say("parameters.kind", key=key, value=value, kind=type(old).__name__, old=old))
            table[key] = replace(table[key], value=value, trust="given", source=source)
        return Parameters(table)


def nearest(key: str, known: Any) -> Message:
    """`; did you mean 'x'?`, or nothing where no known key is near."""
    hit = get_close_matches(key, list(known), n=1, cutoff=0.5)
    return say("words.did_you_mean", name=hit[0]) if hit else plain("")


def _leaves(prefix: str, node: Mapping[str, Any]) -> Iterator[Parameter]:
    for name, child in node.items():
        key = f"{prefix}.{name}" if prefix else name
        if "source" in child and "value" in child:
            value = child["value"]
            number = isinstance(value, float | int) and not isinstance(value, bool)
            least = 0.0 if number and value >= 0 else -inf  # what ships without a sign takes none
            low, high = float(child.get("low", least)), float(child.get("high", inf))
            yield Parameter(key, value, child["unit"], child["trust"], child["source"], low, high)
        else:
            yield from _leaves(key, child)


@cache
def defaults() -> Parameters:
    """The shipped parameters."""
    text = files("planner").joinpath("parameters.toml").read_text(encoding="utf-8")
    return Parameters({p.key: p for p in _leaves("", tomllib.loads(text))})
