"""Every text in English and Chinese: stages and errors carry messages, and whoever shows them renders them."""

from planner.words.render import LANGS, Message, Value, both, joined, pair, plain, render, say, term, text

__all__ = ["LANGS", "Message", "Value", "both", "joined", "pair", "plain", "render", "say", "term", "text"]
