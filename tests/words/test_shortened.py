"""What a file holds is repeated in a refusal only as far as it can be read."""

from __future__ import annotations

from planner.errors import InvalidInput
from planner.words import plain, render, say


def test_a_long_name_is_cut_in_the_middle_in_both_languages() -> None:
    name = "x" * 5000 + "end"
    error = InvalidInput(plain(name))
    for lang in ("en", "zh"):
        told = render(error.message, lang)
        assert len(told) < 450 and told.startswith("xxx") and told.endswith("end") and "…" in told
    assert str(InvalidInput(plain("short"))) == "short"


def test_names_in_lists_and_messages_are_cut_too() -> None:
    long = "列" * 1000
    error = InvalidInput(say("words.both", en=plain(long), zh=plain(long)))
    assert len(render(error.message, "zh")) < 450


def test_a_number_beyond_all_measure_takes_no_hundred_digits() -> None:
    told = render(say("read.which_zone", role="polygons", x=-1e200), "en")
    assert "-1e+200" in told and len(told) < 300
    assert "39,500,000" in render(say("read.which_zone", role="polygons", x=39_500_000.0), "en")
