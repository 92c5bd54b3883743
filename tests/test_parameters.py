"""Default numbers: what may stand in their place."""

import pytest

from planner.errors import InvalidInput
from planner.parameters import defaults


def test_every_parameter_tells_unit_trust_and_source_and_lies_in_its_own_range() -> None:
    for key, p in defaults().items():
        assert p.source, key
        assert p.trust in {"S", "D", "M", "A", "?"}, key
        if isinstance(p.value, float | int):
            assert p.low <= p.value <= p.high, key


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("earthwork.compaction", 5.0, "between 0.5 and 1.3"),
        ("targets.reservoir.min_depth_m", -3.0, "0 or more"),
        ("earthwork.cut_cny_per_m3", float("nan"), "finite"),
        ("earthwork.cut_cny_per_m3", "cheap", "number"),
        ("earthwork.cut_cny_per_m", 3.0, "did you mean"),
    ],
)
def test_impossible_values_are_refused_with_what_is_possible(key: str, value: object, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        defaults().replaced({key: value}, source="site.toml")


def test_a_given_value_says_so() -> None:
    p = defaults().replaced({"earthwork.compaction": 1}, source="site.toml")["earthwork.compaction"]
    assert (p.value, p.trust, p.source) == (1.0, "given", "site.toml")
