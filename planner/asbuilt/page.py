"""The page of a survey: a map with before, plan and built to swipe between, and the figures below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.asbuilt.built import BUILT, UNSEEN, built_targets
from planner.columns import BUILT as BUILT_COLUMNS
from planner.landuse import TARGETS, TREATMENTS
from planner.maps.adapt import view_of
from planner.maps.draw import draw_views
from planner.maps.folium_layer import text_of
from planner.maps.views import target_classes
from planner.words import pair, say, text

if TYPE_CHECKING:
    from planner.asbuilt.record import AsBuilt
    from planner.maps.folium_layer import OfflineMap

Spec = dict[str, Any]
SHARES: Final = ((0.05, "#F3E9D8"), (0.5, "#E3BE7B"), (0.95, "#8DB75B"), (np.inf, "#2E7347"))  # done up to, colour
OFFS: Final = ((-0.5, "#22659F"), (-0.1, "#8FBDDF"), (0.1, "#F3F1EC"), (0.5, "#F3A257"), (np.inf, "#AD3A36"))  # m off up to
WATER: Final = {"dry": "#E4D7B5", "seasonal": "#8FBDDF", "perennial": "#22659F"}
VERDICTS: Final = {"passed": "#4E9A51", "unsure": "#E9C46A", "failed": "#B5373A", "unseen": "#BFBFBF"}


def draw(found: AsBuilt, *, lang: str) -> OfflineMap:
    """The map of a survey with its figures below."""
    view = replace(view_of(found.plan), units=_shown(found), hauls=None, refusals=None)
    specs = [
        {**_words("built_view", "built", target_classes(), [*TARGETS]), "targets": True},
        {**_words("plan_view", "target", target_classes(), [*TARGETS]), "targets": True},
        {**_words("before_view", "waterlogging", _classes("water", WATER), [*WATER]), "today": True},
        _words("share_view", "done_class", _ranges("share", SHARES), [str(k) for k in range(len(SHARES))]),
        _words("off_view", "off_class", _ranges("off", OFFS), [str(k) for k in range(len(OFFS))]),
        _words("verdict_view", "verdict", _classes("verdict", VERDICTS), [*VERDICTS]),
    ]
    name = found.plan.site.name if lang == "zh" else found.plan.site.scenario.site.name_en or found.plan.site.name
    body = f"<style>{text_of('web/compare.css')}</style>{section(found)}"
    title = text("asbuilt.title", lang, site=name)
    return draw_views(view, specs, lang=lang, title=title, more={"other": "plan_view"}, tail=body)


def _shown(found: AsBuilt) -> gpd.GeoDataFrame:
    """The units with what the page colours them by."""
    units = found.units
    share, off = units["done_share"].to_numpy(float), units["off_m"].to_numpy(float)
    return units.assign(
        built=built_targets(units),
        done_class=_class_of(share, SHARES),
        off_class=_class_of(off, OFFS),
    )


def _class_of(values: Any, classes: Any) -> Any:
    place = np.searchsorted([limit for limit, _ in classes], values, side="left")
    return np.where(np.isnan(values), "", place.astype(str).astype(object))


def _words(key: str, column: str, classes: list[Any], vocabulary: list[str]) -> Spec:
    label, note = list(pair(say(f"asbuilt.{key}"))), list(pair(say(f"asbuilt.{key}_note")))
    unknown = {"label": list(pair(say("asbuilt.unseen"))), "colours": ["#D9D5CE"] * 3}
    return {
        "key": key,
        "label": label,
        "column": column,
        "kind": "words",
        "note": note,
        "amounts": {},
        "classes": [*classes, unknown],
        "vocabulary": vocabulary,
    }


def _classes(table: str, colours: dict[str, str]) -> list[Any]:
    labels = [pair(say(f"asbuilt.{table}_{key}")) for key in colours]
    return [
        {"code": i, "label": list(t), "colours": [c] * 3} for i, (t, c) in enumerate(zip(labels, colours.values(), strict=True))
    ]


def _ranges(table: str, classes: Any) -> list[Any]:
    """Classes by their limits: percent done, or metres off the design."""
    limits = [limit for limit, _ in classes]
    found = []
    for i, (limit, colour) in enumerate(classes):
        low = limits[i - 1] if i else -np.inf
        if table == "share":
            label = f"> {100 * low:.0f} %" if limit == np.inf else f"≤ {100 * limit:.0f} %"
        else:
            label = f"> {low:+.1f} m" if limit == np.inf else f"≤ {limit:+.1f} m"
        found.append({"code": i, "label": [label, label], "colours": [colour] * 3})
    return found


def both(code: str, **values: Any) -> str:
    """A text in both languages; the page shows the one of its language."""
    return in_both(*pair(say(code, **values)))


def in_both(en: str, zh: str) -> str:
    """A word in both languages; the page shows the one of its language."""
    return f'<span class="en">{escape(en)}</span><span class="zh">{escape(zh)}</span>'


def heads_of(columns: Iterable[str]) -> list[str]:
    """What columns of what was built are called, in both languages."""
    return [in_both(BUILT_COLUMNS[c].en, BUILT_COLUMNS[c].zh) for c in columns]


def _named(key: str) -> str:
    """What a target, a treatment, a phase or a parcel is called, or a target that the survey does not show."""
    if key == UNSEEN:
        return both("asbuilt.unseen")
    use = TARGETS.get(key) or TREATMENTS.get(key)
    return in_both(use.en, use.zh) if use else escape(key) or "–"


def section(found: AsBuilt) -> str:
    """The figures below the map: in one line, planned against built, phases, water, settlement, and what is not accepted."""
    s, shift = found.survey, found.survey.shift
    units = found.units
    lead = both(
        "asbuilt.lead",
        share=found.achieved_share,
        cut=float(units["cut_m3"].sum()),
        fill=float(units["fill_m3"].sum()),
        lod=s.lod95_m,
        east=shift.east,
        north=shift.north,
        up=shift.up,
    )
    notes = "".join(f"<li>{escape(en)}</li>" for en, _ in (pair(n) for n in found.notes))
    notes_zh = "".join(f"<li>{escape(zh)}</li>" for _, zh in (pair(n) for n in found.notes))
    parts = [
        f"<h2>{both('asbuilt.h_summary')}</h2><p>{lead}</p><ul class='en'>{notes}</ul><ul class='zh'>{notes_zh}</ul>",
        f"<h2>{both('asbuilt.h_matrix')}</h2>{_matrix(found.matrix)}",
        *(
            f"<h2>{both(f'asbuilt.h_{name}')}</h2>{_groups(table)}"
            for name, table in found.groups.items()
            if name != "by_parcel"
        ),
        _storage(found),
        _settlement(found.settlement),
        f"<h2>{both('asbuilt.h_accept')}</h2>{_failed(found)}",
    ]
    return f'<main class="planner-compare">{"".join(parts)}</main>'


def _worth(name: str, table: pd.DataFrame) -> bool:
    """Whether a table of groups is shown: parcels are many, and a single group without a name says nothing."""
    return name != "by_parcel" and not (len(table) == 1 and str(table.index[0]) == "")


def _table(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f'<th scope="col">{h}</th>' for h in head)
    body = "".join(f'<tr><th scope="row">{r[0]}</th>{"".join(f"<td>{c}</td>" for c in r[1:])}</tr>' for r in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _matrix(matrix: pd.DataFrame) -> str:
    used = [c for c in BUILT if matrix[c].sum() > 0]
    rows = [[_named(str(p)), *(f"{matrix.at[p, c]:,.1f}" for c in used), f"{matrix.loc[p].sum():,.1f}"] for p in matrix.index]
    rows.append([both("word.total"), *(f"{matrix[c].sum():,.1f}" for c in used), f"{matrix.to_numpy().sum():,.1f}"])
    return f"<p>{both('asbuilt.matrix_note')}</p>" + _table(["", *(_named(c) for c in used), both("word.total")], rows)


def _groups(table: pd.DataFrame) -> str:
    head = ["", *heads_of(("planned_cut_m3", "cut_m3", "planned_fill_m3", "fill_m3", "done_share"))]
    rows = []
    for key, row in table.iterrows():
        name = _named(str(key))
        share = "–" if np.isnan(row["done_share"]) else f"{100 * row['done_share']:.1f} %"
        figures = (f"{row[c] / 1e4:,.2f}" for c in ("planned_cut_m3", "cut_m3", "planned_fill_m3", "fill_m3"))
        rows.append([name, *figures, share])
    return _table(head, rows)


def _storage(found: AsBuilt) -> str:
    if not len(found.storage):
        return ""
    rows = []
    for name, table in found.storage.groupby("reservoir_id", sort=False):
        level = float(found.plan.reservoirs.at[name, "level_m"])
        at = table.iloc[(table["level_m"] - level).abs().argmin()]
        figures = (f"{at[c] / 1e4:,.1f}" for c in ("planned_m3", "built_m3", "built_sd_m3"))
        rows.append([escape(str(name)), f"{at['level_m']:.2f}", *figures, f"{100 * at['seen_share']:.0f} %"])
    head = ["", *heads_of(("level_m", "planned_m3", "built_m3", "built_sd_m3", "seen_share"))]
    return f"<h2>{both('asbuilt.h_storage')}</h2>{_table(head, rows)}"


def _settlement(table: pd.DataFrame) -> str:
    if not len(table):
        return ""
    head = ["", *heads_of(("predicted_mm", "measured_mm", "sd_mm", "agrees"))]
    rows = [
        [
            both("word.total") if r.parcel_id == "all" else escape(str(r.parcel_id)),
            *(f"{v:,.0f}" for v in (r.predicted_mm, r.measured_mm, r.sd_mm)),
            both("word.yes" if r.agrees else "word.no"),
        ]
        for r in table.itertuples()
    ]
    return f"<h2>{both('asbuilt.h_settlement')}</h2>{_table(head, rows)}"


def _failed(found: AsBuilt) -> str:
    """How many units keep each check, and the worst that do not."""
    table = found.acceptance.assign(state=found.acceptance["verdict"].map(lambda v: "unseen" if v is None else v.value))
    counts = table.pivot_table(index="check", columns="state", values="unit_id", aggfunc="count", fill_value=0)
    counts = counts.reindex(columns=list(VERDICTS), fill_value=0)
    rows = [[both(f"asbuilt.check_{check}"), *(f"{n:,}" for n in row)] for check, row in counts.iterrows()]
    return _table(["", *(both(f"asbuilt.verdict_{v}") for v in VERDICTS)], rows)
