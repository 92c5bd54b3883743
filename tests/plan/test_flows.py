"""Zone flows hold all of the earth, however many hauls there are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.plan.flows import MOST, zone_flows

COLUMNS = ["x_from", "y_from", "x_to", "y_to", "volume_m3"]
numbers = st.floats(0.0, 1e4).map(lambda v: round(v, 3))


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers, st.floats(0.0, 1e6).map(lambda v: round(v, 3))), max_size=60))
def test_nothing_is_lost_and_nothing_is_outside(rows: list[tuple[float, ...]]) -> None:
    hauls = pd.DataFrame(rows, columns=COLUMNS, dtype=float)
    flows = zone_flows(hauls, most=7)
    assert len(flows) <= 7
    assert flows["volume_m3"].sum() == pytest.approx(hauls["volume_m3"].sum())
    moved = hauls[hauls["volume_m3"] > 0]
    assert flows["hauls"].sum() == len(moved)
    for column in COLUMNS[:4]:
        assert ((flows[column] >= moved[column].min() - 1e-6) & (flows[column] <= moved[column].max() + 1e-6)).all()
        assert (flows[column] * flows["volume_m3"]).sum() == pytest.approx((moved[column] * moved["volume_m3"]).sum())


def test_two_crowds_become_two_arrows() -> None:
    random = np.random.default_rng(1)
    near = random.normal(0.0, 5.0, (40, 4)) + np.array([0.0, 0.0, 100.0, 0.0])
    far = random.normal(0.0, 5.0, (60, 4)) + np.array([3000.0, 3000.0, 3100.0, 3000.0])
    hauls = pd.DataFrame(np.vstack([near, far]), columns=COLUMNS[:4]).assign(volume_m3=1.0)
    flows = zone_flows(hauls, most=2)
    assert list(flows["volume_m3"]) == [60.0, 40.0]
    assert flows["x_to"].sub(flows["x_from"]).between(90, 110).all()


def test_few_hauls_stay_as_they_are() -> None:
    hauls = pd.DataFrame([[0.0, 0.0, 10.0, 0.0, 5.0], [50.0, 0.0, 90.0, 0.0, 7.0]], columns=COLUMNS)
    assert len(zone_flows(hauls)) == 2 < MOST
    assert zone_flows(hauls.iloc[:0]).empty
