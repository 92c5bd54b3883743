"""Where the keys of [finance] come from: a file, a site, a plan that is saved or at hand, or the call itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from planner.documents import read_toml
from planner.errors import InvalidInput
from planner.faults import fault_of
from planner.read.saved import damaged, read_summary
from planner.terms import Terms
from planner.words import say

if TYPE_CHECKING:
    from planner.plan import Plan


@dataclass(frozen=True)
class Source:
    """Terms, the project's name, whether its data are a survey or a reconstruction.

    unfunded_cny, lent_cny: yuan of the plan that no fund covers, and that funds give which have to be paid back.
    """

    terms: Terms
    name: str
    kind: str = "survey"
    unfunded_cny: float = 0.0
    lent_cny: float = 0.0
    name_en: str = ""


def terms_of(source: str | Path | Plan | Mapping[str, Any] | None, keys: Mapping[str, Any]) -> Source:
    """The terms behind a source, with keys that win over it. Raises InvalidInput naming file, key and fix."""
    if source is None:
        return Source(checked(dict(keys), "finance"), "")
    if isinstance(source, Mapping):
        given = source.get("finance", source)
        return Source(checked({**given, **keys}, "finance"), str(source.get("name", "")))
    if isinstance(source, str | Path):
        return _from_path(Path(source), keys)
    return _from_summary(source.summary(), _set_in(source.site.scenario.finance), keys, source.site.name)


def _from_path(path: Path, keys: Mapping[str, Any]) -> Source:
    file = path / "site.toml" if path.is_dir() else path
    document = read_toml(file, say("finance.no_file", file=file))
    given = document.get("finance")
    if not isinstance(given, Mapping):
        raise InvalidInput(say("finance.no_section", file=file.name))
    about = document.get("site")
    about = about if isinstance(about, Mapping) else {}
    name = str(document.get("name", about.get("name", path.resolve().stem)))
    if path.is_dir() and (path / "summary.json").is_file():
        with damaged(path):
            return _from_summary(read_summary(path), given, keys, file.name)
    return Source(checked({**given, **keys}, file.name), name, str(about.get("kind", "survey")))


def _set_in(section: Any) -> dict[str, Any]:
    return {} if section is None else dict(section.model_dump(exclude_unset=True))


def _from_summary(summary: Mapping[str, Any], given: Mapping[str, Any], keys: Mapping[str, Any], file: str) -> Source:
    """A plan's figures stand in where the keys name none: cost as investment, restored mu, its year."""
    taken = {**given, **keys}
    taken.setdefault("investment_cny", summary["economics"]["cost_cny"])
    if summary["restored_mu"] > 0:
        taken.setdefault("mu", summary["restored_mu"])
    taken.setdefault("first_year", summary["site"]["year"])
    about = summary["site"]
    money = summary["economics"]
    without = {"unfunded_cny": float(money.get("unfunded_cny", 0.0)), "lent_cny": float(money.get("repaid_cny", 0.0))}
    return Source(
        checked(taken, file),
        str(about["name"]),
        str(about.get("kind", "survey")),
        **without,
        name_en=str(about.get("name_en", "")),
    )


def checked(given: Mapping[str, Any], file: str) -> Terms:
    """The terms that keys describe. Raises InvalidInput: the file, the key, the value, the nearest known key or the fix."""
    try:
        terms = Terms.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidInput(fault_of(error, Terms, file, section="finance")) from None
    for name in ("opex_cny", "user_income_cny"):
        figures = getattr(terms, name)
        if isinstance(figures, tuple) and len(figures) != terms.operate_years:
            raise InvalidInput(say("finance.years_differ", file=file, key=name, given=len(figures), years=terms.operate_years))
    if terms.loan_years is not None and terms.loan_years > terms.operate_years:
        raise InvalidInput(say("finance.loan_too_long", file=file, loan=terms.loan_years, years=terms.operate_years))
    for item in terms.sale:
        if not terms.first_year <= item.year <= terms.last_year:
            span = {"first": terms.first_year, "last": terms.last_year}
            raise InvalidInput(say("finance.sale_outside", file=file, year=item.year, **span))
    if terms.residual_cny > terms.investment_cny:
        sums = {"residual": terms.residual_cny, "investment": terms.investment_cny}
        raise InvalidInput(say("finance.residual_too_high", file=file, **sums))
    return terms
