"""What a validated section of a TOML file has against its keys, as one message that names the key, the value and the fix."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from planner.words import Message, say


def fault_of(error: ValidationError, model: type[BaseModel], source: str, *, section: str = "") -> Message:
    """The first fault of a validation: file, dotted key, what was given, the nearest known key; unknown keys come first.

    model: what was validated. source: the file's name. section: where in the file the model's keys stand.
    """
    faults = error.errors(include_url=False)
    fault: Any = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(p) for p in ((section,) if section else ()) + tuple(p for p in fault["loc"] if not _is_branch(p)))
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(fault["loc"][-1]), known_keys(model, fault["loc"][:-1]), n=1, cutoff=0.5)
        if near:
            return say("keys.unknown_near", source=source, key=where, near=near[0])
        return say("keys.unknown", source=source, key=where)
    if fault["type"] == "missing":
        return say("keys.missing", source=source, key=where)
    return say("keys.refused", source=source, key=where, value=fault["input"], why=fault["msg"][:1].lower() + fault["msg"][1:])


def known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place of a document: the fields of the model found there."""
    here: type[BaseModel] | None = model
    for part in location:
        field = None if here is None else here.model_fields.get(str(part))
        if field is not None:
            here = _model_in(field.annotation)
        elif not isinstance(part, int):
            return []
    return [] if here is None else list(here.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model inside an annotation such as `tuple[Sale, ...]` or `Sale | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _is_branch(part: int | str) -> bool:
    """Whether a part of a location names pydantic's branch of a union, which is no key of the file."""
    return isinstance(part, str) and ("[" in part or "-" in part or part in ("float", "int", "str"))
