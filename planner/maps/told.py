"""A page's configuration told in the units of a locale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.words.locale import Locale


def told_in(config: dict[str, Any], locale: Locale) -> dict[str, Any]:
    """The page's configuration in a locale: sentences with their figures exchanged, words and headings with units renamed."""
    if locale.native:
        return config
    site = config["site"]
    sentences = {k: None if site[k] is None else [locale.text(t) for t in site[k]] for k in ("verdict", "subtitle")}

    def named(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: v if k in ("column", "unit", "key") else named(v) for k, v in node.items()}
        if isinstance(node, list):
            return [named(v) for v in node]
        return locale.words(node) if isinstance(node, str) else node

    return {
        **config,
        "site": {**site, **sentences},
        "story": [{**step, "text": [locale.text(t) for t in step["text"]]} for step in config["story"]],
        **{k: named(config[k]) for k in ("words", "views", "facts")},
        "charts": {**config["charts"], "histograms": named(config["charts"]["histograms"])},
        "area": "ha",
        "reservoirs": [{**lake, "size": ""} for lake in config["reservoirs"]],
    }
