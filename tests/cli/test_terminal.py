"""What stands on a terminal of eighty columns: no word is broken, nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cli.console import _columns, wrapped

TEXT = "The share of terrain missing 0.00 keeps the limit of at most 0.50 (a unit with less terrain than this is not planned)."


def test_lines_end_between_words_under_their_indent() -> None:
    lines = wrapped("  - " + TEXT, 40).split("\n")
    assert len(lines) > 2
    assert all(_columns(line) <= 40 for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == "- " + TEXT


def test_chinese_takes_two_columns_and_no_line_begins_with_a_stop() -> None:
    lines = wrapped("坡度2.0°不超过限值35.0°（更陡的坡面不修梯田不能造林），填方到水面以上平台的高度为0.46米。" * 3, 40).split(
        "\n"
    )
    assert all(_columns(line) <= 42 for line in lines)
    assert not any(line[0] in "，。；：、" for line in lines)


@given(st.lists(st.text("abc中文，。-", min_size=1, max_size=12), min_size=1, max_size=30), st.integers(20, 100))
def test_no_character_is_lost(words: list[str], columns: int) -> None:
    text = " ".join(words)
    assert "".join(wrapped(text, columns).split()) == "".join(text.split())


@pytest.mark.parametrize("table", ["a  b\n-  -\n1  2"])
def test_what_fits_stays_as_it_is(table: str) -> None:
    assert wrapped(table, 80) == table
