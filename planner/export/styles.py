"""QGIS styles as QML text: units by target, parcels as outlines, reservoirs by size class; headings as in columns.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import quoteattr

from planner.columns import UNITS
from planner.landuse import TARGETS

SIZE_CLASSES: Final = {
    "large (1)": ("大（1）型", "#08306B"),
    "large (2)": ("大（2）型", "#08519C"),
    "medium": ("中型", "#1F5FA8"),
    "small (1)": ("小（1）型", "#4292C6"),
    "small (2)": ("小（2）型", "#6BAED6"),
    "pond": ("塘坝", "#9ECAE1"),
}


def unit_style(columns: Iterable[str], *, lang: str) -> str:
    """Units filled by target."""
    classes = [(t.key, t.zh if lang == "zh" else t.en, t.colour) for t in TARGETS.values()]
    return _qml(_categories("target", classes, outline="#FFFFFF", width=0.05), columns, lang)


def parcel_style(columns: Iterable[str], *, lang: str) -> str:
    """Parcels as dark outlines without fill."""
    symbol = _symbol("0", "#000000", outline="#3C3C3C", width=0.4, filled=False)
    renderer = f'<renderer-v2 type="singleSymbol" enableorderby="0" forceraster="0"><symbols>{symbol}</symbols></renderer-v2>'
    return _qml(renderer, columns, lang)


def reservoir_style(columns: Iterable[str], *, lang: str) -> str:
    """Reservoirs filled by size class (SL 252)."""
    classes = [(key, zh if lang == "zh" else key, colour) for key, (zh, colour) in SIZE_CLASSES.items()]
    return _qml(_categories("size_class", classes, outline="#08306B", width=0.3), columns, lang)


def _categories(column: str, classes: list[tuple[str, str, str]], *, outline: str, width: float) -> str:
    rows = "".join(
        f'<category symbol="{i}" value={quoteattr(value)} label={quoteattr(label)} render="true" type="string"/>'
        for i, (value, label, _) in enumerate(classes)
    )
    symbols = "".join(_symbol(str(i), colour, outline=outline, width=width) for i, (_, _, colour) in enumerate(classes))
    return (
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} enableorderby="0" forceraster="0" symbollevels="0">'
        f"<categories>{rows}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )


def _symbol(name: str, fill: str, *, outline: str, width: float, filled: bool = True) -> str:
    options = {
        "color": _rgba(fill),
        "joinstyle": "bevel",
        "offset": "0,0",
        "offset_unit": "MM",
        "outline_color": _rgba(outline),
        "outline_style": "solid",
        "outline_width": f"{width:g}",
        "outline_width_unit": "MM",
        "style": "solid" if filled else "no",
    }
    body = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in options.items())
    return (
        f'<symbol type="fill" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{body}</Option></layer></symbol>'
    )


def _rgba(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},255"


def _qml(renderer: str, columns: Iterable[str], lang: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.28.0" styleCategories="Symbology|Fields">{renderer}'
        f"<aliases>{_aliases(columns, lang)}</aliases></qgis>\n"
    )


def _aliases(columns: Iterable[str], lang: str) -> str:
    result: list[str] = []
    for column in columns:
        known = UNITS.get(column)
        if known is not None:
            heading = known.zh if lang == "zh" else known.en
            text = f"{heading} ({known.unit})" if known.unit else heading
            result.append(f"<alias field={quoteattr(column)} name={quoteattr(text)} index={quoteattr(str(len(result)))}/>")
    return "".join(result)
