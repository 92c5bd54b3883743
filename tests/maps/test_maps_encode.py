"""Packed blocks: what goes in comes out, the same input gives the same characters."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.maps.encode import Column, codes, delta, numbers, pack, rings_of, unpack


@given(st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=50))
def test_whole_numbers_come_back(values: list[int]) -> None:
    found, _ = unpack(pack({"a": Column(np.array(values, dtype=np.int64))}))
    assert found["a"].tolist() == values


@given(st.lists(st.one_of(st.floats(-1e12, 1e12), st.just(float("nan"))), min_size=1, max_size=40))
def test_numbers_come_back_within_half_a_step(values: list[float]) -> None:
    column = numbers(values, step=0.01)
    found, _ = unpack(pack({"a": column}))
    given_values = np.array(values)
    assert np.array_equal(np.isnan(found["a"]), np.isnan(given_values))
    known = ~np.isnan(given_values)
    assert np.all(np.abs(found["a"][known] - given_values[known]) <= 0.5 * column.scale * (1 + 1e-9) + 1e-9)


def test_a_column_too_large_for_its_step_is_coarsened_by_tens() -> None:
    assert numbers([5e9], step=1.0).scale == 10.0
    assert numbers([5e9, np.inf], step=1.0).scale == 10.0


@settings(max_examples=30)
@given(st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=60))
def test_differences_add_up_again(values: list[int]) -> None:
    found, _ = unpack(pack({"x": delta(np.array(values, dtype=float))}))
    assert found["x"].tolist() == values


def test_codes_and_texts() -> None:
    column = codes(["b", "a", "zzz", ""], ["a", "b"])
    assert column.values.tolist() == [1, 0, -1, -1]
    _, texts = unpack(pack({"c": column}, {"words": ["</script>", "亩", "\u2028"]}))
    assert texts["words"] == ["</script>", "亩", "\u2028"]


def test_the_same_block_every_time() -> None:
    columns = {"a": numbers([1.5, np.nan, -2.0], step=0.1)}
    assert pack(columns, {"b": 1, "a": 2}) == pack(columns, {"a": 2, "b": 1})


def test_a_value_beyond_32_bits_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="column big"):
        pack({"big": Column(np.array([2**40], dtype=np.int64))})


def test_rings_of_a_square_with_a_hole_and_a_pair() -> None:
    holed = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 2), (2, 2), (2, 1)]])
    pair = shapely.MultiPolygon([shapely.box(10, 0, 11, 1), shapely.box(12, 0, 13, 1)])
    rings = rings_of(np.array([holed, pair], dtype=object))
    assert rings.rings_per_unit.tolist() == [2, 2]
    assert rings.ring_sizes.tolist() == [4, 4, 4, 4]
    signed = []
    start = 0
    for n in rings.ring_sizes:
        x, y = rings.x[start : start + n], rings.y[start : start + n]
        signed.append(0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))
        start += n
    assert signed == [16.0, -1.0, 1.0, 1.0]  # shells counter-clockwise, holes clockwise


def test_a_line_is_no_unit() -> None:
    with pytest.raises(InvalidInput, match=r"unit 1 \(of 2\) is no polygon"):
        rings_of(np.array([shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])], dtype=object))
