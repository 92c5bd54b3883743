"""The softened dual: one unit in closed form, its derivatives by differences, the hard dual as the temperature falls."""

import numpy as np
import pytest

from planner.core.choice.arrays import Forest, Options
from planner.core.choice.assignment import best_options, forest_best, forest_order
from planner.core.choice.smoothdual import smooth_choice, smooth_forest

START = np.arange(0, 11, 2)
KIND = np.tile([0, 1], 5)
GAIN = np.array([5.0, 2.0, 1.0, 3.0, 4.0, 1.0, 0.0, 6.0, 1.0, 2.0])
ROWS = np.array([[1.0, 0.0], [0.0, 2.0]] * 5) * np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 2)[:, None]  # two rows: dry mu, m³
UNITS = Options(START, GAIN, np.ones(10, dtype=np.bool_), KIND)
PARENT = np.array([-1, 0, 0, 1, -1])
LAKE = KIND == 1
FOREST = Forest(LAKE, PARENT, forest_order(PARENT)[0])
PRICE = np.array([0.3, 0.2])


def test_one_unit_in_closed_form() -> None:
    """Options worth 0 and ln 3 at temperature 1: value ln(1 + 3) = ln 4, shares 1/4 and 3/4, variance 3/16."""
    units = Options(np.array([0, 2]), np.array([0.0, np.log(3.0)]), np.ones(2, np.bool_), np.array([0, 1]))
    total, activity, hessian = smooth_choice(units, np.array([[0.0], [1.0]]), np.zeros(1), 1.0, True)
    assert total == pytest.approx(np.log(4.0)) and activity[0] == pytest.approx(0.75) and hessian[0, 0] == pytest.approx(3 / 16)


def test_what_is_not_allowed_has_no_share() -> None:
    units = UNITS._replace(allowed=np.array([True, False] * 5))
    total, activity, _ = smooth_choice(units, ROWS, np.zeros(2), 0.5, False)
    assert total == pytest.approx(5 + 1 + 4 + 0 + 1) and activity.tolist() == pytest.approx([1 + 2 + 3 + 4 + 5, 0.0])


def test_two_units_in_order_in_closed_form() -> None:
    """Lake above needs lake below. All values 0, temperature 1: choices dry-dry, lake-dry, lake-lake, so ln 3 in all.

    One or two lakes of 1 m³ each: 0, 1, 2 with a third each: mean 1, variance 2/3.
    """
    units = Options(np.array([0, 2, 4]), np.zeros(4), np.ones(4, np.bool_), np.array([0, 1, 0, 1]))
    forest = Forest(np.array([False, True, False, True]), np.array([-1, 0]), np.array([0, 1]))
    total, activity, hessian = smooth_forest(units, forest, np.array([[0.0], [1.0], [0.0], [1.0]]), np.zeros(1), 1.0, True)
    assert total == pytest.approx(np.log(3.0)) and activity[0] == pytest.approx(1.0) and hessian[0, 0] == pytest.approx(2 / 3)


@pytest.mark.parametrize("ordered", [False, True])
def test_mean_activity_is_the_slope_and_the_curvature_its_slope(ordered: bool) -> None:
    def at(price: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        return smooth_forest(UNITS, FOREST, ROWS, price, 0.7, True) if ordered else smooth_choice(UNITS, ROWS, price, 0.7, True)

    _, activity, hessian = at(PRICE)
    step = 1e-5
    for a in range(2):
        up, down = (at(PRICE + s * step * np.eye(2)[a]) for s in (1.0, -1.0))
        assert -(up[0] - down[0]) / (2 * step) == pytest.approx(activity[a], rel=1e-6)
        slope = -(up[1] - down[1]) / (2 * step)
        for b in range(a, 2):
            assert slope[b] == pytest.approx(hessian[a, b], rel=1e-5, abs=1e-9)


def test_the_hard_dual_is_its_limit_and_never_above_it() -> None:
    value = GAIN - ROWS @ PRICE
    hard = best_options(START, value, UNITS.allowed)[0].sum()
    ordered = forest_best(START, value, UNITS.allowed, FOREST)[0]
    for temperature in (1.0, 0.1, 0.001):
        soft, _, _ = smooth_choice(UNITS, ROWS, PRICE, temperature, False)
        wet, _, _ = smooth_forest(UNITS, FOREST, ROWS, PRICE, temperature, False)
        assert hard - 1e-12 <= soft <= hard + 5 * temperature * np.log(2.0) + 1e-12
        assert ordered - 1e-12 <= wet <= ordered + 5 * temperature * np.log(2.0) + 1e-12
