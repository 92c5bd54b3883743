"""The views a map offers: which column colours the units, in which classes, under which colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.columns import SHOWN, UNITS
from planner.landuse import COVERS, TARGETS, TREATMENTS, cover_of
from planner.maps.view import MapView
from planner.maps.words import NOTES, VIEW_WORDS
from planner.words import LANGS, pair, say
from planner.words.render import with_unit

Spec = dict[str, Any]
UNKNOWN = {"label": list(VIEW_WORDS["unknown"]), "colours": ["#D9D5CE"] * 3}
SPARSE = ("surcharge_cny", "drain_cny")  # parts of the cost that few units have: not known where they are 0
AMOUNTS = ("storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")
# Sequential ramps, light to dark, monotone in luminance: they survive greyscale and colour-blind eyes.
EARTH = ("#FBF3E4", "#EBD3A7", "#D3A76B", "#AC763F", "#7A4A22", "#4A2810")
BLUES = ("#F1F5F9", "#C6DBEF", "#8FBDDF", "#4F93C6", "#22659F", "#0B386B")
WET = tuple(reversed(BLUES))  # the nearer the water the darker
HEAT = ("#FFF5D6", "#FBD68A", "#F3A257", "#DD6A3E", "#AD3A36", "#6B1730")
LEAVES = ("#F3F6E4", "#CFE0A9", "#9CC479", "#5F9E5B", "#2E7347", "#12452F")
TODAY = ("today", "landuse", "depth", "water", "table", "stability")  # views of the ground before any works
MOST_STRANGE_USES = 60  # land uses of unknown meaning that get a class of their own
BREAKS = {
    "depth": (0.5, 1.5, 3.0, 5.0),
    "water": (0.01, 0.5, 1.5, 3.0),
    "table": (0.0, 0.5, 1.5, 3.0),
    "stability": (10.0, 50.0, 100.0, 200.0),
    "score": (0.2, 0.4, 0.6, 0.8),
    "confidence": (0.5, 0.7, 0.9, 0.99),
}


def view_specs(view: MapView) -> list[Spec]:
    """The views this plan has data for, the plan itself first.

    Each: key, label, column, kind (`words` with a code per class, or `numbers` with upper class breaks, last class unknown),
    classes (label, colours in the three palettes), amounts (what the legend sums, by column), note; `targets` where the classes
    are targets, `today` where it shows the ground before any works.
    """
    specs = [_targets("plan", "target", amounts=True), _treatments(view)]
    if view.coded("rules_target")[1]:
        rules = {name: f"rules_{name}" for name in AMOUNTS if f"rules_{name}" in view.units.columns}
        specs += [{**_targets("rules", "rules_target", amounts=False), "amounts": rules}, _changed()]
    for key, name, text in view.alternatives:
        amounts = {column: f"{key}_{column}" for column in AMOUNTS}
        by_target = _spec("rules", f"{key}_target", "words", target_classes(), vocabulary=list(TARGETS), targets=True)
        specs.append({**by_target, "key": key, "label": list(pair(name)), "note": list(pair(text)), "amounts": amounts})
    if view.coded("waterlogging")[1]:
        specs.append(_today())
    if view.coded("landuse")[1]:
        specs.append(_landuse(view))
    numbers = (
        ("depth", "subsidence_m", "m", EARTH, 1),
        ("water", "water_depth_m", "m", BLUES, 2),
        ("table", "table_depth_m", "m", WET, 1),
        ("stability", "residual_mm", "mm", HEAT, 0),
        ("settled", "settled_year", "", HEAT, 0),
        ("ready", "ready_year", "", HEAT, 0),
        ("score", "score", "", LEAVES, 1),
        ("confidence", "confidence", "", LEAVES, 2),
        ("price", "price_cny_mu", "yuan/mu", HEAT, 0),
        ("net", "net_cny_mu", "yuan/mu", LEAVES, 0),
    )
    for key, column, unit, ramp, digits in numbers:
        spec = _numbers(key, column, derived(view, column), unit, ramp, digits)
        if spec is not None and not view.locale.native:
            spec = {**spec, "classes": [{**c, "label": [view.locale.words(t) for t in c["label"]]} for c in spec["classes"]]}
        if spec is not None:
            specs.append(spec)
    return specs


def derived(view: MapView, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A numeric column of the view, or one the map works out: price and net value per mu, depth to the water table.

    What few units have is NaN where they have none.
    """
    area = view.numbers("area_mu") * view.locale.mu
    with np.errstate(divide="ignore", invalid="ignore"):
        if column == "price_cny_mu":
            return np.asarray(np.maximum(view.numbers("next_loss_cny"), 0.0) / area)
        if column == "table_depth_m":
            return view.numbers("ground_m") - view.numbers("water_table_m")
        if column == "net_cny_mu":
            return np.asarray((view.numbers("benefit_cny") - view.numbers("cost_cny")) / area)
    known = view.numbers(column)
    return np.where(known > 0, known, np.nan) if column in SPARSE else known


def _spec(key: str, column: str, kind: str, classes: Sequence[Any], **more: Any) -> Spec:
    note = list(NOTES[key]) if key in NOTES else None
    amounts = {name: name for name in AMOUNTS} if more.pop("amounts", False) else {}
    called = VIEW_WORDS.get(key) or _heading(column)
    found = {"key": key, "label": list(called), "column": column, "kind": kind, "note": note, "amounts": amounts}
    return {**found, "today": key in TODAY, "classes": [*classes, UNKNOWN], **more}


def _heading(column: str) -> tuple[str, str]:
    """What a column is called in English and Chinese."""
    known = SHOWN.get(column) or UNITS[column]
    return known.en, known.zh


def target_colours(key: str) -> list[str]:
    """The colours of a target: soft, high contrast, survey style."""
    target = TARGETS[key]
    return [target.colour, target.contrast, target.survey]


def target_classes() -> list[Spec]:
    """One class per target, coded in the order of landuse.py."""
    return [{"code": i, "label": [t.en, t.zh], "colours": target_colours(name)} for i, (name, t) in enumerate(TARGETS.items())]


def _targets(key: str, column: str, *, amounts: bool) -> Spec:
    return _spec(key, column, "words", target_classes(), amounts=amounts, targets=True)


def compared_specs(names: Sequence[str]) -> list[Spec]:
    """Views to compare plans: each plan (columns `plan_1` …), then what changed from the first to each (`changed_2` …)."""
    targets = list(TARGETS)
    specs = []
    for k, name in enumerate(names, start=1):
        amounts = {column: f"{column}_{k}" for column in AMOUNTS}
        spec = _spec("plan", f"plan_{k}", "words", target_classes(), vocabulary=targets, targets=True)
        specs.append({**spec, "key": f"plan_{k}", "label": [name, name], "note": None, "amounts": amounts})
    for k, name in enumerate(names[1:], start=2):
        spec = {**_changed(), "vocabulary": [*targets, "same"], "column": f"changed_{k}", "key": f"changed_{k}"}
        label = list(pair(say("maps.changed", before=names[0], after=name)))
        same = {**spec["classes"][len(targets)], "label": list(VIEW_WORDS["unchanged"])}
        classes = [*spec["classes"][: len(targets)], same, UNKNOWN]
        specs.append({**spec, "classes": classes, "label": label, "note": list(NOTES["moved"])})
    return specs


def _changed() -> Spec:
    """Target where the plan differs from the rules; one pale class where it does not."""
    classes = target_classes()
    classes.append({"code": len(classes), "label": list(VIEW_WORDS["same"]), "colours": ["#F3F1EC"] * 3})
    return _spec("changed", "changed", "words", classes)


def option_name(target: str, treatment: str) -> tuple[str, str]:
    """A target and its treatment in English and Chinese."""
    return pair(say("maps.option", target=target, treatment=treatment))


def options_of(view: MapView) -> list[str]:
    """The `target:treatment` pairs that occur, in the order of landuse.py, unknown ones last by name."""
    pairs = view.pairs()[1]
    targets, ways = list(TARGETS), list(TREATMENTS)

    def place(option: str) -> tuple[int, int, str]:
        target, _, way = option.partition(":")
        return (
            targets.index(target) if target in targets else len(targets),
            ways.index(way) if way in ways else len(ways),
            option,
        )

    return sorted(pairs, key=place)


def _treatments(view: MapView) -> Spec:
    pairs = options_of(view)
    classes = []
    for i, option in enumerate(pairs):
        target, _, way = option.partition(":")
        siblings = [p for p in pairs if p.partition(":")[0] == target]
        share = siblings.index(option) / max(1, len(siblings) - 1) if len(siblings) > 1 else 0.5
        base = target_colours(target) if target in TARGETS else ["#888888"] * 3
        classes.append({"code": i, "label": list(option_name(target, way)), "colours": [_shade(c, share) for c in base]})
    return _spec("treatment", "option", "words", classes, amounts=True)


def _shade(colour: str, share: float) -> str:
    """A tint (share 0) to a shade (share 1) of a colour."""
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    if share < 0.5:
        mixed = [v + (255 - v) * (0.5 - share) * 0.9 for v in rgb]
    else:
        mixed = [v * (1 - (share - 0.5) * 0.8) for v in rgb]
    return "#" + "".join(f"{round(v):02X}" for v in mixed)


def _today() -> Spec:
    colours = {"dry": "#E4D7B5", "seasonal": "#8FBDDF", "perennial": "#22659F"}
    classes = [{"code": i, "label": list(VIEW_WORDS[k]), "colours": [c] * 3} for i, (k, c) in enumerate(colours.items())]
    return _spec("today", "waterlogging", "words", classes)


def _landuse(view: MapView) -> Spec:
    """Land use by what it means: words of one meaning share a colour, words nobody knows come last under their own name."""
    found = view.coded("landuse")[1]
    meant = {word: cover_of(word) for word in found}
    classes: list[Spec] = []
    vocabulary: list[str] = []
    for cover in COVERS:
        words = sorted(word for word, known in meant.items() if known is cover)
        for word in words:
            en = word if word.isascii() else cover.en if len(words) == 1 else f"{cover.en} ({word})"
            classes.append({"code": len(vocabulary), "label": [en, word], "colours": [cover.colour] * 3})
            vocabulary.append(word)
    for word in sorted(word for word, known in meant.items() if known is None)[:MOST_STRANGE_USES]:
        classes.append({"code": len(vocabulary), "label": [word, word], "colours": ["#C4B5CF"] * 3})
        vocabulary.append(word)
    return _spec("landuse", "landuse", "words", classes, vocabulary=vocabulary)


def _numbers(key: str, column: str, values: Any, unit: str, ramp: Sequence[str], digits: int) -> Spec | None:
    known = values[np.isfinite(values)]
    if known.size == 0 or (key in ("settled", "ready") and np.unique(known).size < 2):
        return None
    breaks = list(BREAKS.get(key, ())) or _even_breaks(known, len(ramp) - 1)
    colours = [ramp[round(i * (len(ramp) - 1) / max(1, len(breaks)))] for i in range(len(breaks) + 1)]
    plain = unit == ""
    tails = [with_unit("", unit, lang) if unit else "" for lang in LANGS]
    labels = [[_range_text(breaks, i, tail, digits, plain=plain) for tail in tails] for i in range(len(breaks) + 1)]
    classes = [{"label": label, "colours": [c] * 3} for label, c in zip(labels, colours, strict=True)]
    return _spec(key, column, "numbers", classes, breaks=breaks)


def _even_breaks(known: Any, count: int) -> list[float]:
    """Round class breaks that hold about equally many units each."""
    if np.unique(known).size <= count:
        return [float(v) for v in np.unique(known)[:-1]]
    found: list[float] = []
    for q in np.quantile(known, np.linspace(0, 1, count + 1)[1:-1]):
        size = 10.0 ** (np.floor(np.log10(abs(q))) - 1) if q else 1.0
        value = float(np.rint(q / size) * size) if abs(q) > 3000 or abs(q) < 1000 else float(np.rint(q))
        if not found or value > found[-1]:
            found.append(value)
    return found


def _range_text(breaks: Sequence[float], i: int, tail: str, digits: int, *, plain: bool) -> str:
    def shown(value: float) -> str:
        return f"{value:.0f}" if plain and digits == 0 else f"{value:,.{digits}f}"

    if not breaks:
        return f"–{tail}"
    if i == 0:
        return f"≤ {shown(breaks[0])}{tail}"
    if i == len(breaks):
        return f"> {shown(breaks[-1])}{tail}"
    return f"{shown(breaks[i - 1])} – {shown(breaks[i])}{tail}"


def span_of(values: NDArray[np.float64]) -> list[float]:
    """From where to where values (N,) are charted: from 0, or the least below it, to the largest, each rounded outwards."""
    known = values[np.isfinite(values)]
    return [0.0 - _outwards(-known.min(initial=0.0)), _outwards(known.max(initial=0.0))]


def _outwards(top: float) -> float:
    """The next half step of the power of ten at or above a value that is not below 0."""
    step = 10.0 ** np.floor(np.log10(top)) if top > 0 else 1.0
    return float(np.ceil(top / step * 2) / 2 * step)
