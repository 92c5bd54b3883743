"""Kinds of protection: what the law lets stand on a piece of land, as data, and what a layer's own words name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.landuse import CHOICES
from planner.parameters import nearest
from planner.periods import arabic
from planner.schedule import first_works_year
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.parameters import Parameters
    from planner.scenario import Scenario

WORKS: Final = {  # works a kind may forbid beside targets, and the treatments that are such works
    "digging": ("dig_1", "dig_2", "dig_3", "dig_4"),
    "mounds": ("raise", "mound"),
}
LISTS: Final = ("names", "forbids", "unless_approved", "only_inside")
SINCE: Final = ("from", "valid_from", "begins", "有效期起", "有效期自", "起始日期", "生效日期")
BOTH: Final = ("validity", "有效期", "有效期限")  # one column for both: a time from … to …, or its end
UNTIL: Final = ("until", "valid_until", "expires", "有效期止", "有效期至", "截止日期", "到期日")
EMPTY: Final = ("", "0", "0.0", "-", "/", "nan", "nat", "none", "<na>")
ENDLESS: Final = (*EMPTY, "长期", "永久", "无限期", "至今", "long-term", "permanent")
YEAR: Final = re.compile(
    r"(?<!\d)(1[89]\d\d|2[0-3]\d\d)(?:(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?)?(?!\d)"
)  # of a date, 20191231 too
DENIED: Final = re.compile(r"(非|不属于?|不在|不是|除)$"), re.compile(r"(范围|边界|区)?(以|之)?外")
SPACE: Final = re.compile(r"[\s_\-/.·（）()]+")


@dataclass(frozen=True)
class Kind:
    """A kind of protection.

    names: what layers call it (kinds, names, codes, headings, layer names). forbids: targets and works (of WORKS) that may not
    be there. unless_approved: those that an approval the site names lets be there. only_inside: targets that may lie nowhere
    else. since, until: the years from and up to which it is in force, where the layer does not say.
    """

    key: str
    names: tuple[str, ...]
    forbids: tuple[str, ...]
    unless_approved: tuple[str, ...] = ()
    only_inside: tuple[str, ...] = ()
    approved: str = ""
    source: str = ""
    since: int | None = None
    until: int | None = None

    @property
    def barred(self) -> tuple[str, ...]:
        """What may not be there, with the approval counted."""
        more = () if self.approved else self.unless_approved
        return tuple(dict.fromkeys((*self.forbids, *more)))


def kinds(scenario: Scenario) -> dict[str, Kind]:
    """The kinds of protection by key: those of parameters.toml, with the site's own [[protection]] on top.

    Raises InvalidInput where one forbids what is neither a target nor works, or a new one says nothing.
    """
    found = _defaults(scenario.parameters)
    for item in scenario.protection:
        known = found.get(item.kind)
        if known is None and item.forbids is None and not item.only_inside:
            raise InvalidInput(say("protection.says_nothing", kind=item.kind, nearest=nearest(item.kind, found)))
        base = known or Kind(item.kind, (item.kind,), ())
        for word in (*(item.forbids or ()), *(item.only_inside or ())):
            if word not in CHOICES and word not in WORKS:
                expected = ", ".join((*CHOICES, *WORKS))
                raise InvalidInput(say("protection.unknown_target", kind=item.kind, word=word, expected=expected))
        found[item.kind] = replace(
            base,
            names=tuple(dict.fromkeys((*base.names, *item.names))),
            forbids=base.forbids if item.forbids is None else item.forbids,
            unless_approved=() if item.forbids is not None else base.unless_approved,
            only_inside=base.only_inside if item.only_inside is None else item.only_inside,
            approved=item.approved,
            since=item.since,
            until=item.until,
            source="site.toml" if item.forbids is not None else base.source,
        )
    return found


def _defaults(parameters: Parameters) -> dict[str, Kind]:
    keys = sorted({k.split(".")[1] for k in parameters if k.startswith("protection.")})
    found = {}
    for key in keys:
        values = parameters.section(f"protection.{key}")
        names, forbids, unless_approved, only_inside = (tuple(values.get(name, ())) for name in LISTS)
        source = parameters[f"protection.{key}.forbids"].source
        found[key] = Kind(key, names, forbids, unless_approved, only_inside, source=source)
    return found


def kind_named(words: Iterable[str], known: Mapping[str, Kind]) -> Kind | None:
    """The kind that one of some words names: its key, one of its names, or a text that holds a Chinese name or a code of it.

    The longest name that fits wins, so that 生态保护红线 is not taken for another line.
    """
    return _kind_named(words, _names_of(known))


def _names_of(known: Mapping[str, Kind]) -> list[tuple[str, Kind]]:
    """The plain names of the kinds, the longest first; of equally long ones the first stays first."""
    names = [(_plain(name), kind) for kind in known.values() for name in (kind.key, *kind.names)]
    return sorted(names, key=lambda named: -len(named[0]))


def _kind_named(words: Iterable[str], names: list[tuple[str, Kind]]) -> Kind | None:
    """As kind_named, by the names as `_names_of` sorts them."""
    best: tuple[str, Kind] | None = None
    for text in filter(None, map(_plain, words)):
        hit = next((named for named in names if _means(text, named[0])), None)
        if hit is not None and (best is None or len(hit[0]) > len(best[0])):
            best = hit
    return None if best is None else best[1]


def _means(plain: str, name: str) -> bool:
    """Whether a text is a name, holds a Chinese one that it does not deny (非…, …外), or begins with a code."""
    if plain == name:
        return True
    if name.isascii():
        return len(name) >= 6 and plain.startswith(name)
    return len(name) >= 2 and any(not _denies(plain, hit) for hit in re.finditer(re.escape(name), plain))


def _denies(plain: str, hit: re.Match[str]) -> bool:
    """Whether a text says that it is not what a name in it means, or lies outside of it."""
    before, after = DENIED
    return bool(before.search(plain[: hit.start()]) or after.match(plain[hit.end() :]))


def _denied(word: object, names: list[tuple[str, Kind]]) -> bool:
    """Whether a text names a kind only to deny it: what its file is called is then no kind of it either."""
    plain = _plain(word)
    held = [name for name, _ in names if not name.isascii() and len(name) >= 2 and name in plain]
    return bool(held) and not any(_means(plain, name) for name in held)


def _plain(word: object) -> str:
    return _squeezed(word) if isinstance(word, str) else ""


@lru_cache(maxsize=4096)
def _squeezed(word: str) -> str:
    return SPACE.sub("", word).lower()


def protected(layer: gpd.GeoDataFrame, scenario: Scenario, *, shown: str) -> gpd.GeoDataFrame:
    """A constraints layer with the kind of every row settled and what it bars beside what the layer itself forbids.

    layer: columns kind, name, forbids (comma-separated targets) and whatever else the file holds. A kind is looked for in the
    kind, the name, the other texts of the row, the headings, and the layer's and file's name. Returns the layer with `kind` (a
    key of the kinds, or as it was), `forbids` (targets and works), `only_inside`.
    Raises InvalidInput for a row that names no known kind and forbids nothing: it would pass in silence.
    """
    known = kinds(scenario)
    names = _names_of(known)
    headings = [str(c) for c in layer.columns if c not in ("geometry", "kind", "name", "forbids")]
    file = scenario.layers.constraints
    around = [*headings, *((file.layer or "", re.split(r"[\\/]", file.path)[-1].rsplit(".", 1)[0]) if file else ())]
    texts = [c for c in headings if pd.api.types.is_string_dtype(layer[c]) or layer[c].dtype == object]
    since, until = _in_force_years(layer, shown)
    kind, forbids, inside = [], [], []
    for i, row in enumerate(layer.drop(columns="geometry").to_dict("records")):
        own = [str(row["kind"]), str(row["name"])]
        mine = [str(row[c]) for c in texts]
        beyond = [] if any(_denied(text, names) for text in (*own, *mine)) else around
        found = next(filter(None, (_kind_named(w, names) for w in (own, mine, beyond))), None)
        told = [w.strip() for w in str(row["forbids"]).split(",") if w.strip()]
        if found is None and not told:
            label = next((t for t in own if t), "") or say("protection.no_kind")
            raise InvalidInput(
                say("protection.unknown", file=shown, row=i + 1, label=label, known=", ".join(known), key=own[0] or "…")
            )
        kind.append(found.key if found else own[0])
        if found is not None:
            since[i] = found.since if np.isnan(since[i]) and found.since is not None else since[i]
            until[i] = found.until if np.isnan(until[i]) and found.until is not None else until[i]
        over = until[i] < first_works_year(scenario)
        forbids.append("" if over else ",".join(dict.fromkeys((*told, *(found.barred if found else ())))))
        inside.append(",".join(found.only_inside) if found and not over else "")
    return layer.assign(kind=kind, forbids=forbids, only_inside=inside, since_year=since, until_year=until)


def by_kind_alone(layer: gpd.GeoDataFrame, settled: gpd.GeoDataFrame) -> list[str]:
    """Kinds of the rows of a constraints layer that say nothing of what they forbid themselves, in order.

    layer: as `protected` takes it; settled: as it gives it back.
    """
    silent = layer["forbids"].astype(str).str.strip() == ""
    return list(dict.fromkeys(settled.loc[silent, "kind"].astype(str)))


def _in_force_years(layer: gpd.GeoDataFrame, shown: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The years from and up to which rows are in force, (n,) each; NaN where none is told.

    A column of a time from … to …, or of its end alone, tells what no other does. Raises InvalidInput for a text that is no
    date: it would hold for ever.
    """
    begin, end, whole = (_years(layer, headings, shown) for headings in (SINCE, UNTIL, BOTH))
    since = np.array([years[0] if years else np.nan for years in begin])
    until = np.array([years[-1] if years else np.nan for years in end])
    spans = np.array([[y[0] if len(y) > 1 else np.nan, y[-1] if y else np.nan] for y in whole]).reshape(-1, 2)
    return np.where(np.isnan(since), spans[:, 0], since), np.where(np.isnan(until), spans[:, 1], until)


def _years(layer: gpd.GeoDataFrame, headings: tuple[str, ...], shown: str) -> list[list[float]]:
    """The years that each row's text tells in the column of one of these headings, ascending; none where it tells none."""
    column = next((c for c in layer.columns if str(c).strip().lower() in headings), None)
    if column is None:
        return [[] for _ in range(len(layer))]
    found = []
    for row, value in enumerate(layer[column].tolist(), 1):
        text = arabic(unicodedata.normalize("NFKC", str(value)).strip().lower())
        years = sorted({float(year) for year in YEAR.findall(text)})
        if not years and text not in ENDLESS:
            raise InvalidInput(say("protection.no_date", file=shown, row=row, column=str(column), value=str(value)))
        found.append(years)
    return found


def in_force(layer: gpd.GeoDataFrame, word: str, first: float, last: float) -> NDArray[np.bool_]:
    """Which rows bar a target or works of units whose works run from the year first to the year last, (n,).

    A target stays once it is there: a row bars it unless it has ended before the works begin. Works end: a row bars them
    only where it is in force in one of their years.
    """
    none = np.full(len(layer), np.nan)
    since, until = (layer[c].to_numpy(float) if c in layer else none for c in ("since_year", "until_year"))
    ended = until < first
    return np.asarray(~ended & ~((since > last) if word in WORKS else np.zeros(len(layer), dtype=bool)))


def works_barred(forbids: Any) -> set[str]:
    """The treatments that a comma-separated list of what is forbidden rules out."""
    words = {w.strip() for w in str(forbids).split(",")}
    return {t for name, treatments in WORKS.items() if name in words for t in treatments}
