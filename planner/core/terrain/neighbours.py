"""Which cells of a grid are neighbours: a number of them, as every kernel and table takes it."""

from typing import Final

import numpy as np

EDGES: Final = 4  # water passes edges only
CORNERS: Final = 8  # water passes corners too
# Plain numbers and no enum: compiled kernels are not kept between runs where an argument is an enum's member.
KNOWN: Final = (EDGES, CORNERS)
# To the first four, over edges, or to all eight.
STEP_ROW: Final = np.array([0, 0, -1, 1, -1, -1, 1, 1])
STEP_COL: Final = np.array([-1, 1, 0, 0, -1, 1, -1, 1])
