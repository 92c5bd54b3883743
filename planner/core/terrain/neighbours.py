"""Which cells of a grid are neighbours: a number of them, as every kernel and table takes it."""

from typing import Final

EDGES: Final = 4  # water passes edges only
CORNERS: Final = 8  # water passes corners too
# Plain numbers and no enum: compiled kernels are not kept between runs where an argument is an enum's member.
KNOWN: Final = (EDGES, CORNERS)
