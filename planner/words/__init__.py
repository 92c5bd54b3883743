"""Every text in English and Chinese: stages and errors carry messages, and whoever shows them renders them."""

from planner.words.render import LANGS, Message, Value, both, joined, pair, plain, render, say, share, shortened, term, text
from planner.words.telling import Telling

__all__ = [
    "LANGS",
    "Message",
    "Telling",
    "Value",
    "both",
    "joined",
    "pair",
    "plain",
    "render",
    "say",
    "share",
    "shortened",
    "term",
    "text",
]
