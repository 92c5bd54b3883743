"""Plan → map: everything a page needs, packed, on one offline folium map."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely

from planner.columns import SHOWN, UNITS
from planner.errors import InvalidInput
from planner.landuse import CHOICES, TARGETS, TREATMENTS
from planner.maps.adapt import view_of
from planner.maps.basemaps import Basemap, key_of, named
from planner.maps.encode import Column, codes, delta, numbers, pack, rings_of
from planner.maps.flood import waters
from planner.maps.folium_layer import OfflineMap, UnitLayer
from planner.maps.place import Place, degrees_from_mercator, place
from planner.maps.terrain import shading
from planner.maps.told import told_in
from planner.maps.view import MapView
from planner.maps.views import derived, options_of, span_of, target_colours, view_specs
from planner.maps.words import STEP_WORDS, WORDS
from planner.plan.figures import with_unit as headed
from planner.plan.flows import zone_flows
from planner.words import LANGS, pair, say
from planner.words.render import with_unit

if TYPE_CHECKING:
    import geopandas as gpd

STEP_M = 0.1  # coordinate step on the page, Mercator metres; about 8 cm on the ground at 34 degrees
OPACITY = 0.82
BRUSHED = ("subsidence_m", "water_depth_m", "net_cny_mu")  # columns with a chart that filters
# The card's figures: column, digits, resolution kept; what they are called is in `planner.columns`.
FACTS = (
    ("area_mu", 2, 1e-4),
    ("subsidence_m", 2, 0.01),
    ("ground_m", 2, 0.01),
    ("water_depth_m", 2, 0.01),
    ("table_depth_m", 2, 0.01),
    ("slope_deg", 1, 0.1),
    ("residual_mm", 0, 1.0),
    ("settled_year", 0, 1.0),
    ("ready_year", 0, 1.0),
    ("score", 2, 0.001),
    ("confidence", 2, 0.001),
    ("storage_m3", 0, 1.0),
    ("cut_m3", 0, 1.0),
    ("fill_m3", 0, 1.0),
    ("cost_cny", 0, 1.0),
    ("surcharge_cny", 0, 1.0),
    ("drain_cny", 0, 1.0),
    ("benefit_cny", 0, 1.0),
    ("net_cny_mu", 0, 1.0),
    ("price_cny_mu", 0, 1.0),
)


def draw(
    plan: Any,
    *,
    lang: str = "en",
    basemap: str | None = None,
    title: str | None = None,
    city: Mapping[str, Any] | None = None,
) -> OfflineMap:
    """The interactive map of a plan (or of a MapView), complete in itself.

    lang: `en` or `zh`, the language it opens in. basemap: None for no request at all, or a name of `basemaps.BASEMAPS`.
    city: the panel of the city around the lake, and its homes as (polygons in the site's CRS, colour).
    Raises InvalidInput where lang or basemap is unknown, or a key the base map wants is not set.
    """
    if lang not in ("en", "zh"):
        raise InvalidInput(say("maps.lang", lang=lang))
    view = plan if isinstance(plan, MapView) else view_of(plan)
    more = {} if city is None else {"city": _city(city, view, shifted=bool((tiles := named(basemap)) and tiles.gcj02))}
    return draw_views(view, view_specs(view), lang=lang, basemap=basemap, title=title, more=more)


def _city(city: Mapping[str, Any], view: MapView, *, shifted: bool) -> dict[str, Any]:
    """The city's panel with its homes as rings of [lat, lon]."""
    where = place(view.crs, view.bounds, shifted=shifted)
    homes = [{"colour": colour, "rings": _outlines(frame, where)} for frame, colour in city["homes"]]
    return {**city, "homes": [home for home in homes if home["rings"]]}


def draw_views(
    view: MapView,
    specs: list[dict[str, Any]],
    *,
    lang: str,
    basemap: str | None = None,
    title: str | None = None,
    more: dict[str, Any] | None = None,
    tail: str = "",
) -> OfflineMap:
    """The map of a view with the given views on offer (as `views.view_specs` makes them). more: further configuration.
    tail: markup below the map.
    """
    tiles = named(basemap)
    where = place(view.crs, view.bounds, shifted=bool(tiles and tiles.gcj02))
    lakes, flood = waters(view, where)
    config = {
        **told_in(_config(view, where, specs, lakes, lang=lang), view.locale),
        "raster": flood.frame if flood else None,
        **(more or {}),
    }
    page = OfflineMap(
        _degree_bounds(where),
        title=title or (view.name if lang == "zh" else view.name_en or view.name),
        lang=lang,
        no_script=WORDS["no_script"][lang == "zh"],
        hosts=tiles.hosts if tiles else (),
        tail=tail,
    )
    if tiles is not None:
        _add_tiles(page, tiles)
    UnitLayer(_block(view, where, specs), config, water=flood.block if flood else None).add_to(page)
    return page


def write_html(plan: Any, path: str | Path, *, lang: str = "en", basemap: str | None = None) -> Path:
    """Writes the map of a plan, a MapView, or a map already drawn, as one HTML file; complete or not at all.

    Raises PlannerError where the file cannot be written.
    """
    from planner.files import write_whole

    drawn = plan if isinstance(plan, OfflineMap) else draw(plan, lang=lang, basemap=basemap)
    return write_whole(path, drawn.page())


def _add_tiles(page: OfflineMap, tiles: Basemap) -> None:
    key = key_of(tiles)
    for i, url in enumerate(tiles.urls):
        layer = folium.TileLayer(
            url.replace("{key}", key),
            attr=tiles.attribution,
            name=tiles.name,
            max_zoom=tiles.max_zoom,
            subdomains=tiles.subdomains,
        )
        layer._id = f"base{i}"
        layer.add_to(page)


def _degree_bounds(where: Place) -> list[list[float]]:
    west, south, east, north = where.corners
    lon, lat = degrees_from_mercator(np.array([west, east]), np.array([south, north]))
    return [[round(float(lat[0]), 6), round(float(lon[0]), 6)], [round(float(lat[1]), 6), round(float(lon[1]), 6)]]


def _config(
    view: MapView, where: Place, specs: list[dict[str, Any]], lakes: list[dict[str, Any]], *, lang: str
) -> dict[str, Any]:
    ready = view.numbers("ready_year")
    known = ready[np.isfinite(ready)]
    years = [int(known.min()), int(known.max())] if known.size and known.min() < known.max() else None
    return {
        "lang": lang,
        "words": {key: list(pair) for key, pair in WORDS.items()},
        "site": {
            "name": view.name,
            "name_en": view.name_en,
            "kind": view.kind,
            "approval": view.approval_number,
            "verdict": list(pair(view.verdict.sentence)) if view.verdict else None,
            "tone": "good" if view.verdict and view.verdict.good else "bad",
            "subtitle": _subtitle(view),
            "shifted": where.shifted,
        },
        "targets": {key: {"label": [t.en, t.zh], "colours": target_colours(key)} for key, t in TARGETS.items()},
        "treatments": {key: {"label": [t.en, t.zh]} for key, t in TREATMENTS.items()},
        "views": [{key: part for key, part in spec.items() if key != "vocabulary"} for spec in specs],
        "facts": [{"column": c, **_called(c), "digits": digits, "plain": c.endswith("_year")} for c, digits, _ in FACTS],
        "rules": _rule_words(view),
        "names": {key: [en, zh] for key, (zh, en) in sorted(view.names.items())},
        "story": _story(view, specs),
        "scenarios": _scenarios(view, specs),
        "charts": {"histograms": _histograms(view), "flow": _flow(view)},
        "opacity": OPACITY,
        "years": years,
        "other": "",
        "compare": [],
        "place": {"crs": where.crs.name, "back": where.back.as_json()},
        "hillshade": shading(view, where),
        "reservoirs": lakes,
        "outlines": _outlines(view.reservoirs, where),
        "constraints": [*_outlines(view.constraints, where), *_outlines(view.boundary, where)],
        "dykes": _lines(view.dykes, where),
        "hauls": _hauls(view, where),
        "places": _places(view, where),
    }


def _story(view: MapView, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Today → rules → plan → price: each step with the view that shows it, those the plan has."""
    offered = {spec["key"] for spec in specs}
    steps = view.verdict.steps if view.verdict else ()
    return [
        {"view": key, "title": list(STEP_WORDS[key]), "text": list(pair(message))} for key, message in steps if key in offered
    ]


def _scenarios(view: MapView, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What could be done instead: views by target that the page switches between, each with its name; none without a choice."""
    ruled = any(spec["key"] == "rules" for spec in specs)
    keys = ["plan", *(["rules"] if ruled else []), *(key for key, *_ in view.alternatives)]
    return [{"view": key, "name": list(pair(say(f"alternative.{key}")))} for key in keys] if len(keys) > 1 else []


def _histograms(view: MapView) -> list[dict[str, Any]]:
    """Columns whose area is charted and can be brushed."""
    found = []
    for name, digits, _ in FACTS:
        if name not in BRUSHED:
            continue
        if (span := span_of(derived(view, name)))[1] > span[0]:
            found.append({"column": name, **_called(name), "digits": digits, "span": span})
    return found


def _flow(view: MapView) -> list[dict[str, Any]]:
    """Cost and value by year up to the last year in which anything is paid."""
    if view.flow is None:
        return []
    flow = view.flow[["cost_cny", "benefit_cny"]]
    busy = np.flatnonzero((flow != 0).any(axis=1).to_numpy())
    rows = flow.iloc[: busy[-1] + 1 if busy.size else 0]
    return [
        {"year": int(year), "cost": round(float(row.cost_cny)), "benefit": round(float(row.benefit_cny))}
        for year, row in zip(rows.index, rows.itertuples(index=False), strict=True)
    ]


def _subtitle(view: MapView) -> list[str] | None:
    """The plan in one line: restored land, water, cost and value, from the summary."""
    s = view.summary
    if not s:
        return None
    money = s["economics"]
    areas = {"restored": s["restored_mu"], "water": s["water_mu"], "storage": s["water"]["storage_m3"]}
    return list(pair(say("maps.subtitle", **areas, cost=money["cost_cny"], value=money["benefit_cny"])))


def _called(column: str) -> dict[str, Any]:
    """A column's heading in both languages, and the unit the page tells it in: what is by the mu has it in its name."""
    known = SHOWN.get(column) or UNITS[column]
    names, unit = [known.heading(lang) for lang in LANGS], known.unit.removesuffix("/mu")
    heads = [headed(name, unit, lang) for name, lang in zip(names, LANGS, strict=True)]
    return {"label": names, "head": heads, **_measured(unit)}


def _measured(unit: str) -> dict[str, Any]:
    """A unit as a key, and as it stands behind a figure in both languages."""
    return {"unit": unit, "tail": [with_unit("", unit, lang) if unit else "" for lang in LANGS]}


def _block(view: MapView, where: Place, specs: list[dict[str, Any]]) -> str:
    """The units' polygons, columns and words, packed."""
    rings = rings_of(np.asarray(view.units.geometry.array, dtype=object))
    mx, my = where.mercator(rings.x, rings.y)
    west, south, _, _ = where.corners
    frame = {"x": round(west, 1), "y": round(south, 1), "step": STEP_M}
    columns: dict[str, Column] = {
        "x": delta((mx - frame["x"]) / STEP_M),
        "y": delta((my - frame["y"]) / STEP_M),
        "ring_sizes": Column(rings.ring_sizes),
        "rings_per_unit": Column(rings.rings_per_unit),
    }
    for name, *_, step in FACTS:
        values = derived(view, name)
        if np.isfinite(values).any():
            columns[name] = numbers(values, step=step)
    words: dict[str, list[str]] = {}
    _word_columns(view, columns, words)
    _refusals(view, columns, words)
    for spec in specs:
        if "vocabulary" in spec:
            columns[spec["column"]] = Column(view.within(spec["column"], spec["vocabulary"]))
        for column in spec["amounts"].values():
            if column not in columns:
                columns[column] = numbers(view.numbers(column), step=1.0)
    return pack(columns, {"frame": frame, "ids": [str(i) for i in view.units.index], "words": words})


def _word_columns(view: MapView, columns: dict[str, Column], words: dict[str, list[str]]) -> None:
    targets, ways = list(TARGETS), list(TREATMENTS)
    strange = sorted(set(view.coded("target")[1]) - set(targets))
    if strange:
        raise InvalidInput(say("maps.unknown_target", target=strange[0], known=list(targets)))
    for name in ("target", "rules_target", "next_target"):
        columns[name], words[name] = Column(view.within(name, targets)), targets
    ways += sorted(set(view.coded("treatment")[1]) - set(ways))
    columns["treatment"], words["treatment"] = Column(view.within("treatment", ways)), ways
    found, pairs = view.pairs()
    order = options_of(view)
    columns["option"] = Column(np.array([order.index(pair) for pair in pairs], dtype=np.int64)[found])
    mine, rules = columns["target"].values, columns["rules_target"].values
    columns["changed"] = Column(np.where(mine == rules, len(targets), np.where(rules < 0, -1, mine)))
    columns["waterlogging"] = Column(view.within("waterlogging", ["dry", "seasonal", "perennial"]))
    for name in ("parcel_id", "reason", "reason_zh", "constraint"):
        found, words[name] = view.coded(name)
        columns[name] = Column(found)
    for target in CHOICES:
        loss = view.numbers(f"loss_{target}")
        if np.isfinite(loss).any():
            columns[f"loss_{target}"] = numbers(loss, step=1.0)
    if np.isfinite(view.numbers("next_loss_cny")).any():
        columns["next_loss_cny"] = numbers(view.numbers("next_loss_cny"), step=1.0)


def _refusals(view: MapView, columns: dict[str, Column], words: dict[str, list[str]]) -> None:
    """Per target the first rule that forbids it, with the value found and the limit."""
    if view.refusals is None or view.refusals.empty:
        return
    first = view.refusals.drop_duplicates(["unit_id", "target"])
    for target in CHOICES:
        mine = first[first["target"] == target].set_index("unit_id").reindex(view.units.index)
        rules = sorted({str(r) for r in mine["rule"].dropna()})
        if not rules:
            continue
        texts = ["" if r != r or r is None else str(r) for r in mine["rule"]]
        columns[f"refusal_{target}"], words[f"refusal_{target}"] = codes(texts, rules), rules
        for part in ("value", "limit"):
            columns[f"refusal_{part}_{target}"] = numbers(np.asarray(mine[part], dtype=np.float64), step=0.01)


def _rule_words(view: MapView) -> dict[str, Any]:
    if view.refusals is None or view.refusals.empty:
        return {}
    rows = view.refusals.drop_duplicates("rule")
    zh = rows["rule_zh"] if "rule_zh" in rows.columns else rows["rule"]
    en = rows["rule_en"] if "rule_en" in rows.columns else rows["rule"]
    return {
        str(rule): {"label": [str(a), str(b)], **_measured("" if unit != unit or unit is None else str(unit))}
        for rule, a, b, unit in sorted(zip(rows["rule"], en, zh, rows["unit"], strict=True), key=lambda row: str(row[0]))
    }


def _outlines(frame: gpd.GeoDataFrame | None, where: Place) -> list[list[list[float]]]:
    """The rings of a layer's polygons as [[lat, lon], …]."""
    if frame is None:
        return []
    shapes = [g for g in frame.geometry if g is not None and g.geom_type in ("Polygon", "MultiPolygon") and not g.is_empty]
    lines = []
    for ring in shapely.get_rings(shapely.get_parts(np.array(shapes, dtype=object))) if shapes else []:
        xy = shapely.get_coordinates(shapely.simplify(ring, 1.0))
        lon, lat = where.degrees(xy[:, 0], xy[:, 1])
        lines.append([[round(float(a), 6), round(float(b), 6)] for a, b in zip(lat, lon, strict=True)])
    return lines


def _lines(frame: gpd.GeoDataFrame | None, where: Place) -> list[list[list[float]]]:
    """A layer's lines as [[lat, lon], …]."""
    found = []
    for line in shapely.get_parts(frame.geometry.to_numpy()) if frame is not None and len(frame) else []:
        lon, lat = where.degrees(*shapely.get_coordinates(shapely.simplify(line, 0.5)).T)
        found.append([[round(float(a), 6), round(float(b), 6)] for a, b in zip(lat, lon, strict=True)])
    return found


def _hauls(view: MapView, where: Place) -> list[dict[str, Any]]:
    """Earth from zone to zone as arrows: a few, which hold all of it."""
    if view.hauls is None or view.hauls.empty:
        return []
    flows = zone_flows(view.hauls)
    ends = []
    for side in ("from", "to"):
        lon, lat = where.degrees(flows[f"x_{side}"].to_numpy(float), flows[f"y_{side}"].to_numpy(float))
        ends.append([[round(float(a), 6), round(float(b), 6)] for a, b in zip(lat, lon, strict=True)])
    rows = zip(*ends, flows["volume_m3"], flows["hauls"], strict=True)
    return [{"from": a, "to": b, "volume": round(float(v)), "hauls": int(n)} for a, b, v, n in rows]


def _places(view: MapView, where: Place) -> list[dict[str, Any]]:
    """Named places for the page: kind, names, storage of lakes, where the name stands, room around it in page metres."""
    if view.places is None or view.places.empty:
        return []
    x, y = view.places["x"].to_numpy(float), view.places["y"].to_numpy(float)
    lon, lat = where.degrees(x, y)
    stretch = 1.0 / np.cos(np.radians(lat))
    return [
        {
            "kind": str(row.kind),
            "name": [str(row.name_en), str(row.name)],
            "storage": float(row.storage_m3),
            "at": [round(float(a), 6), round(float(b), 6)],
            "room": round(float(row.radius_m * k), 1),
        }
        for row, a, b, k in zip(view.places.itertuples(index=False), lat, lon, stretch, strict=True)
    ]
