"""The folium side: a layer of units on canvas, and a map that carries everything it needs inside itself."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from typing import Any

import folium
from branca.element import Element, Figure, JavascriptLink
from folium.map import Layer
from folium.template import Template
from jinja2 import Template as PlainTemplate

START = """
var MAP = L.map("MAP", {center: CENTRE, zoom: 12, fadeAnimation: false, zoomSnap: 0.25, zoomDelta: 0.5,
  minZoom: 2, maxZoom: 21});
(function (map) { // leaves the side with the controls free
  var size = map.getSize(), wide = size.x > 900 && size.y > 520;
  map.fitBounds(BOUNDS, {animate: false, paddingTopLeft: [16, wide ? 150 : Math.min(150, size.y * 0.2)],
    paddingBottomRight: wide ? [380, 40] : [16, 34]});
})(MAP);
MAP.attributionControl.setPrefix("Leaflet");
L.control.scale({imperial: false, position: "bottomleft", maxWidth: 140}).addTo(MAP);
"""
SCRIPTS = (
    *("decode", "units", "layer", "words", "views", "legend", "card", "swipe", "water", "hauls", "labels", "search", "frame"),
    *("charts", "city", "tools", "sheet", "live", "address", "page"),
)
FLAGS = "L_NO_TOUCH = false; L_DISABLE_3D = false;"
NOTEBOOK_BYTES = 4_000_000  # a page above this does not go into a notebook's cell


def text_of(name: str) -> str:
    """A text file of this room, e.g. `web/map.css` or `vendor/leaflet/leaflet.js`."""
    return files("planner.maps").joinpath(name).read_text(encoding="utf-8")


@cache
def engine() -> str:
    """The page's own scripts, in order."""
    return "\n".join(text_of(f"web/{name}.js") for name in SCRIPTS)


@cache
def leaflet_css() -> str:
    """Leaflet's style sheet with its images inside."""
    css = text_of("vendor/leaflet/leaflet.css")
    for image in ("layers.png", "layers-2x.png", "marker-icon.png"):
        css = css.replace(f"url(images/{image})", f"url({_image(image)})")
    return css


@cache
def leaflet_js() -> str:
    """Leaflet, without the pointer to its source map, with default marker icons that need no files."""
    script = text_of("vendor/leaflet/leaflet.js").split("//# sourceMappingURL")[0].rstrip()
    icons = {
        "iconUrl": _image("marker-icon.png"),
        "iconRetinaUrl": _image("marker-icon-2x.png"),
        "shadowUrl": _image("marker-shadow.png"),
        "imagePath": "",
    }
    # folium's popups build their content with a few calls of jQuery; these lines stand in for them
    shim = (
        "window.$=window.$||function(m){var t=document.createElement('template');t.innerHTML=String(m).trim();"
        "return [t.content.firstChild];};"
    )
    return f"{script}\nL.Icon.Default.mergeOptions({json.dumps(icons)});delete L.Icon.Default.prototype._getIconUrl;{shim}"


def _image(name: str) -> str:
    raw = files("planner.maps").joinpath(f"vendor/leaflet/images/{name}").read_bytes()
    return "data:image/png;base64," + base64.b64encode(raw).decode("ascii")


def as_script_json(value: Any) -> str:
    """JSON that can stand inside a script element whatever texts it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=False, allow_nan=False)
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


class Verbatim(Element):
    """Text that goes into the page as it is. Folium compiles an element's text as a template, so a name from a shapefile
    that holds template code would be run; this text never is."""

    def __init__(self, text: str):
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        """The text."""
        return self.text


class UnitLayer(Layer):
    """Planning units as a folium layer: a packed block of polygons and columns, drawn on canvas tiles by the page's engine.

    config: what the page shows (views, words, targets, overlays) as JSON-able data. block, water: text from `encode.pack`.
    """

    _template = Template("")

    def __init__(self, block: str, config: dict[str, Any], *, water: str | None = None, name: str = "units"):
        super().__init__(name=name, overlay=True, control=False, show=False)
        self._name = "UnitLayer"
        self._id = "plan"
        self.block = block
        self.water = water
        self.config = config

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]  # folium's macro elements return nothing either
        """Puts the engine in the page's head, the blocks in its body, and the start into its script."""
        figure, own = self.get_root(), self.get_name()
        assert isinstance(figure, Figure), "add the layer to a map first"
        assert self._parent is not None
        blocks = {"units": self.block, **({"water": self.water} if self.water else {})}
        body = "".join(
            f'<script type="application/octet-stream" id="{own}_{part}">{text}</script>\n' for part, text in blocks.items()
        )
        water = f'"{own}_water"' if self.water else "null"
        start = f'planner.start({self._parent.get_name()}, {as_script_json(self.config)}, "{own}_units", {water});'
        head = f"<style>{text_of('web/map.css')}</style>\n<script>{engine()}</script>"
        figure.header.add_child(Verbatim(head), name="planner_engine")
        _known_to(figure, engine())
        figure.html.add_child(Verbatim(body), name=own)
        figure.script.add_child(Verbatim(start), name=own)
        super().render(**kwargs)  # type: ignore[no-untyped-call]


def _known_to(figure: Figure, *scripts: str) -> None:
    """Tells a page of scripts that stand in its head; a figure of folium's own has no policy to tell."""
    if isinstance(figure, Page):
        figure.scripts += [script for script in scripts if script not in figure.scripts]


def _hash_of(script: str) -> str:
    """A script as a content policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


class Page(Figure):
    """A folium figure whose page has a language, a title, and a policy that forbids every request not asked for."""

    _template = PlainTemplate(
        "{% set code = this.script.render(**kwargs) %}"
        '<!DOCTYPE html>\n<html lang="{{ this.lang }}">\n<head>\n{{ this.policy(code) }}'
        "<title>{{ this.title|e }}</title>\n{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
        "<noscript><p>{{ this.no_script|e }}</p></noscript>\n"
        "{{ this.html.render(**kwargs) }}\n{{ this.tail }}"
        "<script>\n{{ code }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, *, title: str, lang: str, no_script: str, hosts: tuple[str, ...] = (), tail: str = ""):
        super().__init__(ratio="62%")
        self.tail = tail
        self.title = title
        self.lang = "zh-CN" if lang == "zh" else "en"
        self.no_script = no_script
        self.hosts = hosts
        self.scripts: list[str] = []  # of the page's head, as they stand there

    def policy(self, code: str) -> str:
        """The content policy: no script runs but the page's own, each known by its hash, no handler written in markup.

        code: the page's last script. Left out when a folium plugin that loads its own scripts was added to the map.
        """
        if any(isinstance(child, JavascriptLink) for child in self.header._children.values()):
            return ""
        images = " ".join(("data:", "blob:", *self.hosts))
        scripts = " ".join(_hash_of(script) for script in (*self.scripts, f"\n{code}\n"))
        rules = f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src {images}; font-src data:"
        rules += "; base-uri 'none'; form-action 'none'"
        return f'<meta http-equiv="Content-Security-Policy" content="{html.escape(rules)}">\n'


class OfflineMap(folium.Map):
    """A folium map with Leaflet inside it. Everything folium can add to a map can be added to this one.

    bounds: [[south, west], [north, east]], degrees. hosts: addresses tiles may come from. tail: markup below the map.
    """

    _template = Template("")

    def __init__(
        self,
        bounds: list[list[float]],
        *,
        title: str,
        lang: str,
        no_script: str,
        hosts: tuple[str, ...] = (),
        tail: str = "",
    ):
        middle = [(bounds[0][0] + bounds[1][0]) / 2, (bounds[0][1] + bounds[1][1]) / 2]
        self.default_js: list[tuple[str, str]] = []  # folium's own list names ten addresses outside
        self.default_css: list[tuple[str, str]] = []
        super().__init__(location=middle, tiles=None, zoom_start=12)
        self._id = "plan"
        self.extent = [(corner[0], corner[1]) for corner in bounds]
        self.title = title
        page = Page(title=title, lang=lang, no_script=no_script, hosts=hosts, tail=tail)
        page.add_child(self, name="map")

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Puts Leaflet and the map into the page, then everything that was added to the map."""
        figure, own = self.get_root(), self.get_name()
        assert isinstance(figure, Figure)
        head = (
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>{leaflet_css()}</style>\n<style>#{own} {{ position: absolute; inset: 0; }}</style>\n"
            f"<script>{FLAGS}</script>\n<script>{leaflet_js()}</script>"
        )
        body = f'<div class="planner-page"><div class="folium-map" id="{own}" role="application" tabindex="0"></div></div>'
        script = (
            START.replace("MAP", own).replace("BOUNDS", json.dumps(self.extent)).replace("CENTRE", json.dumps(self.location))
        )
        figure.header.add_child(Verbatim(head), name="planner_leaflet")
        _known_to(figure, FLAGS, leaflet_js())
        figure.html.add_child(Verbatim(body), name=own)
        figure.script.add_child(Verbatim(script), name=own)
        super().render(**kwargs)  # type: ignore[no-untyped-call]

    def get_bounds(self) -> list[list[float | None]]:
        """South-west and north-east corner of the plan, degrees."""
        return [[south, west] for south, west in self.extent]

    def page(self) -> str:
        """The whole page as text; the same map always gives the same characters."""
        return str(self.get_root().render())

    def _repr_html_(self, **kwargs: Any) -> str:
        """The map in a frame for a notebook; a map too big for a notebook is named with its size instead."""
        text = self.page()
        size = len(text.encode("utf-8"))
        if size > NOTEBOOK_BYTES:
            title = html.escape(self.title)
            return (
                f"<div><b>{title}</b>: this map is {size / 1e6:.1f} MB and would bloat the notebook. "
                "Write it to a file with <code>planner.maps.write_html(m, 'map.html')</code> and open that.</div>"
            )
        source = html.escape(text)
        return f'<iframe srcdoc="{source}" style="width:100%;height:560px;border:1px solid #ccc" title="map"></iframe>'
