"""The Gaussian beside SciPy's, to the last bit."""

import numpy as np
import pytest
from scipy import ndimage

from planner.core.terrain.smoothing import smooth


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (3, 40), (61, 47)])
@pytest.mark.parametrize("sigma", [(3.0, 3.0), (0.4, 2.5), (5.0, 0.1)])
def test_as_scipys(shape: tuple[int, int], sigma: tuple[float, float]) -> None:
    z = np.random.default_rng(5).normal(size=shape) * 10 + 30
    told = ndimage.gaussian_filter(z, sigma, mode="nearest", truncate=3.0)
    smooth(z, sigma, 3.0)
    np.testing.assert_array_equal(z, told)
