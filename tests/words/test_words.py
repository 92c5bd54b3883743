"""Messages and how a language writes them."""

from __future__ import annotations

import math
import pickle

import pytest

from planner.errors import Infeasible, InvalidInput, OutputExists, PlannerError
from planner.words import Message, joined, pair, plain, render, say, term
from planner.words.render import with_unit, written
from planner.words.table import section, sections


@pytest.mark.parametrize(
    ("value", "spec", "en", "zh"),
    [
        (31.5, ".2f m", "31.50 m", "31.50米"),
        (31.456, "m", "31.46 m", "31.46米"),
        (1234.56, "mu", "1,234.6 mu", "1,234.6亩"),
        (12.345, "mu", "12.35 mu", "12.35亩"),
        (12_345.6, "mu", "12,346 mu", "12,346亩"),
        (2.2e9, "amount yuan", "2.20 bn yuan", "22.00亿元"),
        (4.5e5, "amount yuan", "450,000 yuan", "45.0万元"),
        (38.6e6, "amount m3", "38.60 Mm³", "3,860.0万立方米"),
        (12.0, "amount m3", "12 m³", "12立方米"),
        (6.0, "deg", "6°", "6°"),
        (0.125, ".1%", "12.5%", "12.5%"),
        (2030, "", "2030", "2030"),
        (0.1 + 0.2, "", "0.3", "0.3"),
        (None, ".2f m", "–", "–"),
        (math.nan, "mu", "–", "–"),
        (1, "?hole|holes", "hole", "hole"),
        (2, "?hole|holes", "holes", "holes"),
        ("green", "@target", "Green space", "绿地"),
        ("unheard of", "@target", "unheard of", "unheard of"),
        (("green", "arable"), "@target", "Green space, Arable land", "绿地、耕地"),
        ((1.5, 2.0), ".1f m", "1.5 m, 2.0 m", "1.5米、2.0米"),
        ({"b", "a"}, "", "a, b", "a、b"),
    ],
)
def test_a_value_is_written_as_its_language_does(value: object, spec: str, en: str, zh: str) -> None:
    assert (written(value, spec, "en"), written(value, spec, "zh")) == (en, zh)


def test_a_message_inside_a_message_is_told_in_the_same_language() -> None:
    assert pair(say("words.plain", text=plain("u17"))) == ("u17", "u17")
    assert joined(["a", "b"], "zh") == "a、b"
    assert with_unit("3", "mm_m", "zh") == "3 mm/m"


def test_a_term_is_told_by_its_key() -> None:
    assert term("unit", "mu", "zh") == "亩"
    assert term("no such table", "mu", "zh") == "mu"


def test_equal_messages_are_kept_once() -> None:
    one, other = say("words.plain", text="a"), say("words.plain", text="a")
    assert one == other and hash(one) == hash(other) and len({one, other, say("words.plain", text="b")}) == 2
    assert str(one) == "a"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(LookupError, match=r"words\.nothing"):
        render(Message("words.nothing"))
    with pytest.raises(LookupError, match="text"):
        render(say("words.plain"))


def test_an_error_carries_its_message() -> None:
    error = InvalidInput(say("words.plain", text="u17: no area"))
    assert str(error) == "u17: no area" and error.message.code == "words.plain"
    assert str(PlannerError("as it is")) == render(PlannerError("as it is").message, "zh") == "as it is"
    copy = pickle.loads(pickle.dumps(Infeasible(error.message, conflicts=("a",), relaxations=(plain("b"),))))
    assert str(copy) == "u17: no area" and copy.conflicts == ("a",) and str(copy.relaxations[0]) == "b"
    assert str(OutputExists(say("words.plain", text="there"))) == "there"


def test_a_section_is_parsed_alone() -> None:
    for lang in ("en", "zh"):
        assert "unit" in sections(lang)
        assert section(lang, "words")["both"] == f"{{{lang}}}"
