"""The city's map: who is within reach of a park today, who will be with the plan; one offline page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import folium
import geopandas as gpd
import numpy as np

from planner.city.layers import polygons_of
from planner.errors import InvalidInput
from planner.maps.folium_layer import OfflineMap
from planner.words import say, text

if TYPE_CHECKING:
    from planner.city.greening import Greening
    from planner.city.study import CityStudy

COLOURS = {
    "served": "#3B8F5A",
    "newly": "#F2B134",
    "unserved": "#7B3F98",
    "park": "#6DBE73",
    "plan": "#1B7F4D",
    "town": "#4a5551",
}
MOST = 0.5  # share of a block within reach from which it is drawn as served


def city_map(study: CityStudy, lang: str) -> OfflineMap:
    """Residential land by whether a park is within reach, parks today and the plan's. Raises InvalidInput without layers."""
    if "residential" not in study.layers or study.before is None:
        raise InvalidInput(say("city.no_map"))
    homes = homes_by_state(study)
    shown = {
        "park": study.layers["parks"].geometry,
        "plan": None if study.parks is None else study.parks,
        "town": study.layers["built_up"].geometry,
    }
    degrees = {k: v.to_crs(4326) for k, v in shown.items() if v is not None and len(v)}
    lived = homes.to_crs(4326)
    west, south, east, north = lived.total_bounds
    title = study.city.name if lang == "zh" else study.city.name_en or study.city.name
    page = OfflineMap(
        [[south, west], [north, east]],
        title=text("city.title", lang, city=title or "–"),
        lang=lang,
        no_script=text("word.no_script", lang),
        tail=_legend(study, lang),
    )
    for key in ("town", "park", "plan"):
        if key in degrees:
            _layer(degrees[key].to_frame("geometry"), key, page, lang)
    for key in ("served", "newly", "unserved"):
        part = lived[lived["state"] == key]
        if len(part):
            _layer(part, key, page, lang, tip=["told"])
    return page


def homes_by_state(study: CityStudy) -> gpd.GeoDataFrame:
    """Residential polygons with `state` (served, newly, unserved) and `told` (the share within reach, before and after)."""
    shapes, crs = polygons_of(study.layers["residential"], "residential")
    before, after = _share(study.before), _share(study.after or study.before)
    state = np.where(before >= MOST, "served", np.where(after >= MOST, "newly", "unserved"))
    told = [f"{b:.0%} → {a:.0%}" for b, a in zip(before, after, strict=True)]
    return gpd.GeoDataFrame({"state": state, "told": told}, geometry=shapes, crs=crs)


def _share(green: Greening | None) -> np.ndarray:
    assert green is not None
    assert green.reach is not None
    return green.reach.shares


def _layer(frame: gpd.GeoDataFrame, key: str, page: OfflineMap, lang: str, tip: list[str] | None = None) -> None:
    line = key == "town"
    style = {
        "color": COLOURS[key],
        "weight": 2.0 if line else 0.6,
        "dashArray": "6 4" if line else None,
        "fill": not line,
        "fillColor": COLOURS[key],
        "fillOpacity": 0.0 if line else 0.65,
    }
    tooltip = folium.GeoJsonTooltip(tip, aliases=[text(f"city.map_{key}", lang)]) if tip else None
    layer = folium.GeoJson(
        frame.to_json(), name=key, style_function=lambda _: style, tooltip=tooltip, control=False, smooth_factor=0
    )
    layer._id = f"city_{key}"
    layer.add_to(page)


def _legend(study: CityStudy, lang: str) -> str:
    keys = ["served", *(["newly"] if study.after is not None else []), "unserved", "park"]
    keys += ["plan"] if study.parks is not None and len(study.parks) else []
    rows = "".join(
        f'<div><i style="display:inline-block;width:14px;height:14px;margin-right:6px;vertical-align:-2px;'
        f'background:{COLOURS[key]};opacity:.8"></i>{html.escape(text(f"city.map_{key}", lang))}</div>'
        for key in keys
    )
    badge = f"<b>{html.escape(text('word.reconstruction', lang))}</b>" if study.city.kind == "reconstruction" else ""
    return (
        '<div style="position:fixed;left:12px;bottom:28px;z-index:900;background:#fffffff2;padding:10px 12px;'
        f'border-radius:6px;font:13px/1.6 sans-serif;box-shadow:0 1px 4px #0005;max-width:70vw">{badge}{rows}</div>\n'
    )
