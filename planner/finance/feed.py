"""Where the keys of [finance] come from: a file, a site, a plan that is saved or at hand, or the call itself."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.scenario import fault_of
from planner.terms import Terms

if TYPE_CHECKING:
    from planner.plan import Plan


@dataclass(frozen=True)
class Source:
    """Terms, the project's name, and whether its data are a survey or a reconstruction."""

    terms: Terms
    name: str
    kind: str


def terms_of(source: str | Path | Plan | Mapping[str, Any] | None, keys: Mapping[str, Any]) -> Source:
    """The terms behind a source, with keys that win over it. Raises InvalidInput naming file, key and fix."""
    if source is None:
        return Source(checked(dict(keys), "finance"), "", "survey")
    if isinstance(source, Mapping):
        given = source.get("finance", source)
        return Source(checked({**given, **keys}, "finance"), str(source.get("name", "")), "survey")
    if isinstance(source, str | Path):
        return _from_path(Path(source), keys)
    return _from_summary(source.summary(), _terms_in(source.site.scenario.finance), keys, source.site.name)


def _from_path(path: Path, keys: Mapping[str, Any]) -> Source:
    file = path / "site.toml" if path.is_dir() else path
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(f"{file}: no such file; give a TOML file with a [finance] section, a site's or a plan's folder") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise InvalidInput(f"{file.name}: not valid TOML ({error})") from None
    given = document.get("finance")
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{file.name}: no [finance] section{nearest('finance', document)}; `first_year`, `build_years`, … go there")
    about = document.get("site", {})
    name = str(document.get("name", about.get("name", path.resolve().stem)))
    summary = path / "summary.json"
    if path.is_dir() and summary.is_file():
        return _from_summary(json.loads(summary.read_text(encoding="utf-8")), given, keys, file.name)
    return Source(checked({**given, **keys}, file.name), name, str(about.get("kind", "survey")))


def _terms_in(section: Any) -> dict[str, Any]:
    return {} if section is None else {k: v for k, v in section.model_dump(exclude_unset=True).items()}


def _from_summary(summary: Mapping[str, Any], given: Mapping[str, Any], keys: Mapping[str, Any], file: str) -> Source:
    """A plan's figures stand in where the keys name none: cost as investment, restored mu."""
    taken = {**given, **keys}
    taken.setdefault("investment_cny", summary["economics"]["cost_cny"])
    if summary["restored_mu"] > 0:
        taken.setdefault("mu", summary["restored_mu"])
    taken.setdefault("first_year", summary["site"]["year"])
    return Source(checked(taken, file), str(summary["site"]["name"]), str(summary["site"].get("kind", "survey")))


def checked(given: Mapping[str, Any], file: str) -> Terms:
    """The terms that keys describe. Raises InvalidInput: the file, the key, the value, the nearest known key."""
    keys = dict(given)
    if isinstance(keys.get("budget_cny"), Mapping):
        keys["budget_cny"] = dict(keys["budget_cny"])
    try:
        return Terms.model_validate(keys)
    except ValidationError as error:
        raise InvalidInput(f"{file}: finance: {fault_of(error, Terms)}") from None
