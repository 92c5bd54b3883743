"""The programme on a map that needs no network: projects by the year they start, with a slider through the years."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import Figure

from planner.columns import PROGRAMME
from planner.errors import InvalidInput
from planner.maps.folium_layer import OfflineMap, Verbatim, as_script_json
from planner.portfolio.chapter import fund_name, project_name, title, variant_name
from planner.report.document import Say
from planner.words import LANGS, say, text

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.portfolio.noun import Scheduled

RAMP = ("#fde725", "#b5de2b", "#6ece58", "#35b779", "#1f9e89", "#26828e", "#31688e", "#3e4989", "#482878", "#440154")
NEVER, LATER = "#c9cfcc", "#eceeed"
TOLERANCE_M = 5.0  # outlines are drawn this exactly

STYLE = """
.years{position:absolute;right:12px;top:12px;z-index:900;background:#fffffff2;border:1px solid #9aa3a0;border-radius:6px;
padding:10px 14px;font:13px/1.4 "Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Segoe UI",sans-serif;
width:min(340px,80vw);color:#1d2321}
.years h1{font-size:15px;margin:0 74px 4px 0}.years input{width:100%;accent-color:#14506b}.years b{font-size:20px}
.years button{position:absolute;right:10px;top:9px;font:inherit;padding:1px 8px;border:1px solid #9aa3a0;border-radius:5px;
background:none;color:inherit;cursor:pointer}
.years table{width:100%;border-collapse:collapse;margin-top:6px}.years td:last-child{text-align:right}
.years .legend{margin-top:8px;line-height:1.7}.years .legend span{display:inline-block;margin-right:9px;white-space:nowrap}
.years i{display:inline-block;width:11px;height:11px;margin-right:5px;border:1px solid #777}
.programme-name{font:600 11px/1.2 "Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1d2321;
white-space:nowrap;text-align:center;text-shadow:0 0 3px #fff,0 0 3px #fff,0 0 2px #fff}
@media(prefers-color-scheme:dark){.years{background:#1c2321f2;border-color:#3d4643;color:#e8ecea;color-scheme:dark}
.leaflet-container{background:#12171a}.programme-name{color:#e8ecea;text-shadow:0 0 3px #000,0 0 3px #000,0 0 2px #000}}
@media(max-width:600px){.leaflet-top{top:auto;bottom:36px}}
"""
SCRIPT = """
(function(map){
  var D = DATA, layers = [], root = document.createElement('div'); root.className = 'years';
  var lang = D.lang === 'en' && /^zh\\b/i.test(navigator.language || '') ? 'zh' : D.lang;
  root.innerHTML = '<h1></h1><button type="button"></button><div class="badge"></div>'+
    '<label for="year"><span></span> <b></b></label><input id="year" type="range" step="1"><table></table>'+
    '<div class="legend"></div>';
  document.body.appendChild(root); L.DomEvent.disableClickPropagation(root); L.DomEvent.disableScrollPropagation(root);
  var slider = root.querySelector('input'); slider.min = D.first; slider.max = D.last; slider.value = D.last;
  D.projects.forEach(function(p){
    var shape = p.point ? L.circleMarker(p.point,{radius:7}) : L.geoJSON(p.shape);
    shape.addTo(map); layers.push([p, shape]); });
  var names = L.layerGroup().addTo(map), ruler = document.createElement('canvas').getContext('2d');
  function name(){ // the largest first, none over another
    var taken = []; names.clearLayers(); ruler.font = '600 11px sans-serif';
    D.order.forEach(function(k){
      var at = map.latLngToContainerPoint(D.projects[k].at), room = map.getSize();
      var words = D.told[lang].projects[k][0], w = ruler.measureText(words).width + 8;
      if (at.x < w / 2 || at.y < 8 || at.x > room.x - w / 2 || at.y > room.y - 20) return;
      if (taken.some(function(o){ return Math.abs(o[0] - at.x) < (o[1] + w) / 2 && Math.abs(o[2] - at.y) < 15; })) return;
      taken.push([at.x, w, at.y]);
      var box = document.createElement('span'); box.textContent = words;
      var icon = L.divIcon({className: 'programme-name', html: box, iconSize: [w, 14], iconAnchor: [w / 2, -5]});
      names.addLayer(L.marker(D.projects[k].at, {interactive: false, keyboard: false, icon: icon})); });
  }
  function speak(){
    var T = D.told[lang]; document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'; document.title = T.title;
    root.querySelector('h1').textContent = T.title; root.querySelector('.badge').textContent = T.badge;
    root.querySelector('label span').textContent = T.year; slider.setAttribute('aria-label', T.year);
    root.querySelector('button').textContent = lang === 'zh' ? 'English' : '\\u4e2d\\u6587';
    var legend = root.querySelector('.legend'); legend.textContent = '';
    T.legend.forEach(function(e){ var s = document.createElement('span'), i = document.createElement('i');
      if (e[1]) i.style.background = e[1]; else i.style.border = '2.5px solid #B5373A';
      s.appendChild(i); s.appendChild(document.createTextNode(e[0])); legend.appendChild(s); });
    layers.forEach(function(e, k){ var box = document.createElement('div'); T.projects[k].forEach(function(line){
      var row = document.createElement('div'); row.textContent = line; box.appendChild(row); });
      e[1].unbindTooltip().bindTooltip(box, {sticky:true}); });
    show(); name();
  }
  function show(){
    var y = +slider.value; root.querySelector('b').textContent = y;
    layers.forEach(function(e){ var p = e[0], begun = p.start !== null && p.start <= y, works = begun && y <= p.finish;
      e[1].setStyle({fillColor: p.start === null ? D.never : begun ? p.colour : D.later, fillOpacity: begun ? 0.8 : 0.45,
        color: works ? '#B5373A' : '#5a625f', weight: works ? 2.5 : 0.8}); });
    var rows = D.told[lang].years[y] || [], table = root.querySelector('table'); table.textContent = '';
    rows.forEach(function(r){ var tr = table.insertRow();
      tr.insertCell().textContent = r[0]; tr.insertCell().textContent = r[1]; });
  }
  slider.addEventListener('input', show); map.on('moveend resize', name);
  root.querySelector('button').addEventListener('click', function(){ lang = lang === 'zh' ? 'en' : 'zh'; speak(); });
  speak();
  if (window.innerWidth <= 600) map.fitBounds(D.bounds, {paddingTopLeft: [8, root.offsetHeight + 24],
    paddingBottomRight: [8, 60], animate: false});
})(MAP);
"""


class YearSlider(folium.map.Layer):
    """Projects coloured by the year they start, and the slider that goes through the years."""

    _template = folium.template.Template("")

    def __init__(self, data: dict[str, Any]):
        super().__init__(name="programme", overlay=True, control=False)
        self.data = data

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]  # folium's macro elements return nothing either
        """Puts style and script into the page."""
        root = self.get_root()
        assert isinstance(root, Figure) and self._parent is not None
        script = SCRIPT.replace("DATA", as_script_json(self.data), 1).replace("(MAP);", f"({self._parent.get_name()});")
        root.header.add_child(Verbatim(f"<style>{STYLE}</style>"), name="programme_style")
        root.script.add_child(Verbatim(script), name="programme")


def draw(found: Scheduled, *, lang: str = "en") -> folium.Map:
    """The map by years. Raises InvalidInput where neither outlines nor places with a CRS are known."""
    from planner.portfolio.places import shapes

    layer = shapes(found)
    if layer is None:
        raise InvalidInput(say("portfolio.no_map"))
    if found.outlines is not None:
        layer = layer.assign(geometry=layer.geometry.simplify(TOLERANCE_M))
    layer = layer.to_crs("EPSG:4326")
    west, south, east, north = layer.total_bounds
    years, bounds = found.made.years, [[south, west], [north, east]]
    middles = layer.geometry.representative_point()
    data = {
        "lang": lang,
        "first": int(years[0]),
        "last": int(years[-1]),
        "bounds": bounds,
        "never": NEVER,
        "later": LATER,
        "projects": [
            {**_project(found, row), "at": [round(middle.y, 6), round(middle.x, 6)]}
            for (_, row), middle in zip(layer.iterrows(), middles, strict=True)
        ],
        "order": np.argsort(-shapely.area(layer.geometry.to_numpy()), kind="stable").tolist(),
        "told": {one: _told(found, layer, one) for one in LANGS},
    }
    page = OfflineMap(bounds, title=title(found, lang), lang=lang, no_script=text("word.no_script", lang))
    page.add_child(YearSlider(data))
    return page


def _told(found: Scheduled, layer: gpd.GeoDataFrame, lang: str) -> dict[str, Any]:
    """All words of the page in a language; the lines of projects in the order of the layer."""
    years = [int(y) for y in found.made.years]
    return {
        "title": title(found, lang),
        "badge": text("word.reconstruction", lang) if found.made.general.kind == "reconstruction" else "",
        "year": text("word.year", lang),
        "legend": [
            *((str(y), _colour(found, y)) for y in years),
            (text("portfolio.left_out", lang), NEVER),
            (text("portfolio.at_work", lang), ""),
        ],
        "projects": [_lines(found, str(name), row, lang) for name, row in layer.iterrows()],
        "years": {y: _year(found, y, lang) for y in years},
    }


def _colour(found: Scheduled, year: int) -> str:
    span = max(len(found.made.years) - 1, 1)
    return RAMP[round((year - int(found.made.years[0])) / span * (len(RAMP) - 1))]


def _lines(found: Scheduled, name: str, row: Any, lang: str) -> list[str]:
    """A project's name, and what else is shown beside the pointer."""
    lines = [project_name(found, name, lang)]
    if row["selected"]:
        start, finish = int(row["start"]), int(row["finish"])
        lines.append(text("portfolio.tip", lang, start=start, finish=finish, variant=variant_name(str(row["variant"]), lang)))
        lines.append(text("portfolio.tip_money", lang, cost=float(row["cost_cny"]), mu=float(row["restored_mu"])))
        paid = found.schedule[found.schedule["id"] == name].groupby("fund")["cny"].sum()
        place = {fund.id: k for k, fund in enumerate(found.made.funds)}
        lines += [f"{fund_name(found, place[f], lang)}: {v / 1e4:,.1f} {text('unit.1e4_yuan', lang)}" for f, v in paid.items()]
    else:
        lines.append(text("portfolio.left_out", lang))
    return [html.unescape(line) for line in lines]


def _project(found: Scheduled, row: Any) -> dict[str, Any]:
    """A project's shape, years and colour."""
    start, finish = (int(row["start"]), int(row["finish"])) if row["selected"] else (None, None)
    base = {"start": start, "finish": finish, "colour": NEVER if start is None else _colour(found, start)}
    shape = row.geometry
    if shape.geom_type == "Point":
        return {**base, "point": [shape.y, shape.x]}
    return {**base, "shape": shapely.geometry.mapping(shapely.set_precision(shape, 1e-6))}


def _year(found: Scheduled, year: int, lang: str) -> list[tuple[str, str]]:
    """What the panel tells of a year: projects begun, mu so far, what each fund pays."""
    table = found.projects
    begun = table[table["start"].notna() & (table["start"] <= year)]
    rows = [
        (text("portfolio.begun", lang), str(len(begun))),
        *((Say(lang).head(PROGRAMME[k]), f"{begun[k].sum():,.0f}") for k in ("restored_mu", "reservoir_mu")),
    ]
    for at, fund in enumerate(found.made.funds):
        mine = found.funds[(found.funds["id"] == fund.id) & (found.funds["year"] == year)]["spent_cny"].sum()
        rows.append((fund_name(found, at, lang), f"{mine / 1e4:,.0f} {text('unit.1e4_yuan', lang)}"))
    return rows
