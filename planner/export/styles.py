"""QGIS styles: units by target, reservoirs by size class, constraints hatched, outlines; headings as in `planner.columns`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from planner.columns import CONSTRAINTS, DYKES, PARCELS, RESERVOIRS, UNITS, Column
from planner.landuse import CHOICES, TARGETS
from planner.sizes import SizeClass
from planner.words import term, text

QGIS_VERSION: Final = "3.22.0"  # the oldest that reads every element written here: a newer one would make it warn
SIZE_CLASSES: Final = {  # colours by size class
    SizeClass.LARGE_1: "#08306B",
    SizeClass.LARGE_2: "#08519C",
    SizeClass.MEDIUM: "#1F5FA8",
    SizeClass.SMALL_1: "#4292C6",
    SizeClass.SMALL_2: "#6BAED6",
    SizeClass.POND: "#9ECAE1",
}
_MARK: Final = "#2E0854"  # dark violet: seen on every target, taken for none
_BY_TARGET: Final = {f"{t}_mu": Column(f"{t}_mu", "mu", TARGETS[t].en, TARGETS[t].zh, "area of the target") for t in CHOICES}
_COLUMNS: Final = {
    "units": UNITS,
    "reservoirs": RESERVOIRS,
    "parcels": UNITS | PARCELS | _BY_TARGET,
    "constraints": CONSTRAINTS,
    "dykes": DYKES,
}


def layer_styles(columns: Mapping[str, Iterable[str]], *, lang: str) -> dict[str, str]:
    """How each layer looks: renderer, labels and headings as the XML elements a QGIS style and a QGIS project share.

    columns: a layer's columns, its index's names among them, by layer name. Layers that are not the plan's are left out.
    """
    bodies: dict[str, str] = {}
    for layer, names in columns.items():
        if layer in _RENDERERS:
            known = [str(name) for name in names if name is not None]
            bodies[layer] = _RENDERERS[layer](lang) + _labels(layer, known, lang) + _fields(layer, known, lang)
    return bodies


def qml(body: str) -> str:
    """A style document of a layer's style elements."""
    head = f'<qgis version="{QGIS_VERSION}" styleCategories="Symbology|Labeling|Fields|Forms">'
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{head}{body}</qgis>\n"


def _units(lang: str) -> str:
    """Filled by target; the borders so faint that thousands of small units still read as areas."""
    classes = [(t.key, term("target", t.key, lang), t.colour) for t in TARGETS.values()]
    return _categories("target", classes, outline="255,255,255,80", width=0.05)


def _reservoirs(lang: str) -> str:
    """Filled by size class (SL 252)."""
    classes = [(key.value, term("size", key, lang), colour) for key, colour in SIZE_CLASSES.items()]
    return _categories("size_class", classes, outline=_rgba("#08306B"), width=0.3)


def _parcels(_: str) -> str:
    return _single(_outline("#3C3C3C", width=0.3, line="solid"))


def _boundary(_: str) -> str:
    return _single(_outline("#000000", width=0.8, line="dash dot"))


def _constraints(_: str) -> str:
    """Hatched, so that the targets below stay in sight."""
    line = {"line_color": _rgba(_MARK), "line_style": "solid", "line_width": "0.2", "line_width_unit": "MM"}
    stroke = f'<symbol type="line" name="@0@0" alpha="1">{_layer("SimpleLine", line)}</symbol>'
    hatch = {"angle": "45", "distance": "1.5", "distance_unit": "MM", "color": _rgba(_MARK)}
    return _single(_layer("LinePatternFill", hatch, inside=stroke) + _outline(_MARK, width=0.4, line="dash"))


def _dykes(_: str) -> str:
    line = {"line_color": _rgba(_MARK), "line_style": "solid", "line_width": "0.8", "line_width_unit": "MM"}
    return _single(_layer("SimpleLine", line), kind="line")


_RENDERERS: Final[Mapping[str, Callable[[str], str]]] = {
    "units": _units,
    "parcels": _parcels,
    "reservoirs": _reservoirs,
    "constraints": _constraints,
    "boundary": _boundary,
    "dykes": _dykes,
    "names": lambda _: '<renderer-v2 type="nullSymbol"/>',
}


def _categories(column: str, classes: list[tuple[str, str, str]], *, outline: str, width: float) -> str:
    rows = "".join(
        f'<category symbol="{i}" value={quoteattr(value)} label={quoteattr(label)} render="true" type="string"/>'
        for i, (value, label, _) in enumerate(classes)
    )
    symbols = "".join(_symbol(str(i), _fill(colour, outline=outline, width=width)) for i, (_, _, colour) in enumerate(classes))
    return (
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} enableorderby="0" forceraster="0" symbollevels="0">'
        f"<categories>{rows}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )


def _single(layers: str, *, kind: str = "fill") -> str:
    symbol = _symbol("0", layers, kind=kind)
    return f'<renderer-v2 type="singleSymbol" enableorderby="0" forceraster="0"><symbols>{symbol}</symbols></renderer-v2>'


def _symbol(name: str, layers: str, *, kind: str = "fill") -> str:
    return f'<symbol type="{kind}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">{layers}</symbol>'


def _fill(colour: str, *, outline: str, width: float) -> str:
    return _layer("SimpleFill", {"color": _rgba(colour), "style": "solid", **_border(outline, width, "solid")})


def _outline(colour: str, *, width: float, line: str) -> str:
    return _layer("SimpleFill", {"color": "0,0,0,0", "style": "no", **_border(_rgba(colour), width, line)})


def _border(colour: str, width: float, line: str) -> dict[str, str]:
    return {
        "joinstyle": "bevel",
        "outline_color": colour,
        "outline_style": line,
        "outline_width": f"{width:g}",
        "outline_width_unit": "MM",
    }


def _layer(kind: str, options: Mapping[str, str], *, inside: str = "") -> str:
    body = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in sorted(options.items()))
    return f'<layer class="{kind}" enabled="1" locked="0" pass="0"><Option type="Map">{body}</Option>{inside}</layer>'


def _rgba(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},255"


def _labels(layer: str, columns: list[str], lang: str) -> str:
    """What stands on the map: names of parcels and constraints, a reservoir's storage."""
    size, colour = 8, "60,60,60,255"
    if layer == "reservoirs" and {"reservoir_id", "storage_m3"} <= set(columns):
        text = f"concat(\"reservoir_id\", '\\n', {_volume(lang)})"
        size, colour = 10, _rgba("#08306B")
    elif layer == "names":
        text, colour = _name(columns, lang), _rgba("#4A2C12")
        size = 9
    elif layer in ("parcels", "constraints"):
        text = _name(columns, lang)
        colour = _rgba(_MARK) if layer == "constraints" else colour
    else:
        return ""
    font = f'fontSize="{size}" fontSizeUnit="Point" fontWeight="50" textColor="{colour}" textOpacity="1"'
    halo = 'bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="255,255,255,255" bufferOpacity="1"'
    style = f'<text-style fieldName={quoteattr(text)} isExpression="1" {font}><text-buffer {halo}/></text-style>'
    first = layer == "reservoirs"  # its storage is read before any name, at any scale
    seen = 'scaleVisibility="0"' if first else 'scaleVisibility="1" scaleMax="30000" scaleMin="0"'
    rules = f'<placement placement="4" priority="{10 if first else 5}"/><rendering {seen} obstacle="0"/>'
    return f'<labeling type="simple"><settings>{style}{rules}</settings></labeling>' if text else ""


def _volume(lang: str) -> str:
    """The expression for a storage in the unit a reader of the language expects of that size."""
    limit, decimals = ("1e4", 0) if lang == "zh" else ("1e6", 2)
    unit, small = text("layer_label.large_m3", lang), term("unit", "m3", lang)
    large = f"concat(format_number(\"storage_m3\" / {limit}, {decimals}), ' {unit}')"
    return f'if("storage_m3" >= {limit}, {large}, concat(format_number("storage_m3", 0), \' {small}\'))'


def _name(columns: list[str], lang: str) -> str:
    """The expression for a feature's name in a language, whichever of the name columns there are."""
    wanted = ("name", "name_en") if lang == "zh" else ("name_en", "name")
    found = [f"nullif(\"{c}\", '')" for c in (*wanted, "parcel_id", "kind") if c in columns]
    return f"coalesce({', '.join(found)})" if found else ""


def _fields(layer: str, columns: list[str], lang: str) -> str:
    """Headings of the attribute table, and by what a feature is called in it."""
    aliases: list[str] = []
    for column in columns:
        heading = _heading(layer, column, lang)
        if heading:
            aliases.append(f'<alias field={quoteattr(column)} name={quoteattr(heading)} index="{len(aliases)}"/>')
    key = {"units": "unit_id", "reservoirs": "reservoir_id"}.get(layer, "")
    shown = f'"{key}"' if key in columns else _name(columns, lang)
    return f"<aliases>{''.join(aliases)}</aliases><previewExpression>{escape(shown)}</previewExpression>"


def _heading(layer: str, column: str, lang: str) -> str:
    known = _COLUMNS.get(layer, {}).get(column) or PARCELS.get(column)
    if known is None:
        return ""
    name, unit = known.heading(lang), term("unit", known.unit, lang)
    return text("workbook.heading", lang, name=name, unit=unit) if known.unit else name
