"""What a validated document has against its keys, as one message that names the key, the value and the fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from planner.parameters import nearest
from planner.words import Message, say

Location = tuple[int | str, ...]
LONGEST = 80  # characters of a wrong value that are told


def first_fault(error: ValidationError, known: Callable[[Location], list[str]], *, section: str = "") -> Message:
    """The first fault of a validation; unknown keys come first.

    known: the keys that may stand where a key was found. section: where in the document the model's keys stand.
    """
    faults = error.errors(include_url=False)
    fault: Any = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(p) for p in (*((section,) if section else ()), *fault["loc"]) if not _is_branch(p))[: 2 * LONGEST]
    if fault["type"] == "extra_forbidden":
        near = nearest(str(fault["loc"][-1]), known(fault["loc"]))
        return say("scenario.unknown_key", where=where, nearest=near)
    if fault["type"] == "missing":
        return say("scenario.missing_key", where=where)
    if fault["type"] == "value_error":
        said = fault["ctx"]["error"].args[0]
        return say("scenario.wrong", where=where, why=said) if where else said
    return _wrong_value(where, fault)


def fault_of(error: ValidationError, model: type[BaseModel], source: str, *, section: str = "") -> Message:
    """The first fault of a document of this kind, with the file it stands in.

    source: the file's name. section: where in the file the model's keys stand.
    """
    return say("scenario.fault", source=source, fault=first_fault(error, keys_of(model), section=section))


def _wrong_value(where: str, fault: Any) -> Message:
    """A value of another kind than the key takes, or beyond its limits."""
    kind, limits = fault["type"], fault.get("ctx", {})
    told = repr(fault["input"])
    known = {"value": told if len(told) <= LONGEST else f"{told[:LONGEST]}…", "where": where}
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return say(f"scenario.{kind}", **known, limit=next(iter(limits.values())))
    if kind == "literal_error":
        return say("scenario.one_of", **known, expected=limits["expected"].replace(" or ", ", "))
    if kind in ("finite_number", "float_type", "float_parsing", "int_type", "int_parsing", "int_from_float"):
        return say("scenario.not_a_number", **known)
    if kind in ("string_type", "bool_type", "bool_parsing", "list_type", "dict_type", "model_type", "model_attributes_type"):
        return say(f"scenario.{kind.partition('_')[0]}_expected", **known)
    return say("scenario.wrong_value", **known, why=fault["msg"][:1].lower() + fault["msg"][1:])


def keys_of(model: type[BaseModel]) -> Callable[[Location], list[str]]:
    """The keys that may stand beside a key of a document of this kind, through lists and optional sections."""

    def known(location: Location) -> list[str]:
        here: type[BaseModel] | None = model
        for part in location[:-1]:
            fields = {} if here is None else {f.alias or name: f for name, f in here.model_fields.items()}
            if str(part) in fields:
                here = _model_in(fields[str(part)].annotation)
            elif not isinstance(part, int):
                return []
        return [] if here is None else [f.alias or name for name, f in here.model_fields.items()]

    return known


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model inside an annotation such as `tuple[Sale, ...]` or `Sale | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _is_branch(part: int | str) -> bool:
    """Whether a part of a location names a branch of a union, which is no key of the document."""
    return isinstance(part, str) and ("[" in part or "-" in part or part in ("float", "int", "str"))
