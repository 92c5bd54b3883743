"""Small worlds with columns from 1e-6 to 1e12 against every plan, walked in exact rationals."""

import pytest

from tests.allocation.worlds import held, world

ONCE_WRONG = (166, 421, 540, 624, 930, 1011, 1022, 1299, 1415, 1512, 1737, 1839, 1985, 2225, 2559)


@pytest.mark.parametrize("seed", [*range(60), *ONCE_WRONG])
def test_the_engine_is_right_about_a_world(seed: int) -> None:
    assert held(seed) in ("optimal", "infeasible"), world(seed).rules
