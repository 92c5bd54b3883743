"""Base maps by name, for those who are online and ask for one. Without one, a map asks for nothing outside itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.words import say


@dataclass(frozen=True)
class Basemap:
    """A tile service: URLs with {z} {x} {y} (and {key}), attribution, whether it is drawn in GCJ-02, its key's variable."""

    name: str
    urls: tuple[str, ...]
    attribution: str
    gcj02: bool = False
    key_variable: str = ""
    subdomains: str = "abc"
    max_zoom: int = 18

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses the page may ask for tiles, one per subdomain."""
        hosts = []
        for url in self.urls:
            head = "/".join(url.split("/")[:3])
            hosts += [head.replace("{s}", s) for s in self.subdomains] if "{s}" in head else [head]
        return tuple(dict.fromkeys(hosts))


def _tianditu(name: str, layers: tuple[str, ...]) -> Basemap:
    urls = tuple(
        f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
        "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
        for layer in layers
    )
    return Basemap(name, urls, "天地图 Tianditu", key_variable="TIANDITU_KEY", subdomains="01234567")


BASEMAPS: Final = {
    "osm": Basemap(
        "OpenStreetMap", ("https://tile.openstreetmap.org/{z}/{x}/{y}.png",), "© OpenStreetMap contributors", max_zoom=19
    ),
    "tianditu": _tianditu("Tianditu", ("vec", "cva")),
    "tianditu-imagery": _tianditu("Tianditu imagery", ("img", "cia")),
    "amap": Basemap(
        "Amap",
        ("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
        "© 高德地图 Amap (GCJ-02)",
        gcj02=True,
        subdomains="1234",
    ),
}


def named(name: str | None) -> Basemap | None:
    """The base map of that name; None for None or "none".

    Raises InvalidInput naming the nearest known name.
    """
    if name is None or name == "none":
        return None
    if name not in BASEMAPS:
        raise InvalidInput(say("maps.unknown_basemap", name=name, nearest=nearest(name, BASEMAPS), known=list(BASEMAPS)))
    return BASEMAPS[name]


def key_of(chosen: Basemap) -> str:
    """The user's own key for a service that wants one, from the environment.

    Raises InvalidInput where it is not set.
    """
    if not chosen.key_variable:
        return ""
    key = os.environ.get(chosen.key_variable, "")
    if not key or not key.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput(say("maps.basemap_key", name=chosen.name, variable=chosen.key_variable))
    return key
