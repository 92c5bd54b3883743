"""Weights from pairwise comparisons (analytic hierarchy process), with the consistency of the comparisons."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]
# Mean consistency index of random reciprocal matrices of order 1-10. Source: Saaty 1980, The Analytic Hierarchy Process.
RANDOM_INDEX: Final = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
LIMIT: Final = 0.1  # Saaty: comparisons with a higher consistency ratio should be revised


def ahp_weights(matrix: Any) -> tuple[Floats, float]:
    """Weights and consistency ratio of a pairwise comparison matrix.

    matrix: (n, n), entry (i, j) how much more i counts than j, reciprocal, n ≤ 10. Returns (weights (n,) summing to 1, ratio).

    Raises InvalidInput where it is not a reciprocal matrix of positive numbers.
    Source: Saaty 1980; weights are the principal eigenvector, ratio = (λ − n)/(n − 1)/random index.
    """
    a = np.asarray(matrix, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not 1 <= len(a) <= len(RANDOM_INDEX):
        raise InvalidInput(say("suitability.matrix_shape", shape=a.shape, most=len(RANDOM_INDEX)))
    if not np.isfinite(a).all() or (a <= 0).any():
        raise InvalidInput(say("suitability.matrix_positive"))
    wrong = np.argwhere(np.abs(a * a.T - 1.0) > 1e-2)
    if len(wrong):
        i, j = wrong[0]
        raise InvalidInput(say("suitability.matrix_reciprocal", i=i + 1, j=j + 1, one=a[i, j], other=a[j, i]))
    values, vectors = np.linalg.eig(a)
    first = int(np.argmax(values.real))
    weights = np.abs(vectors[:, first].real)
    n = len(a)
    ratio = 0.0 if n < 3 else float((values[first].real - n) / (n - 1) / RANDOM_INDEX[n - 1])
    return weights / weights.sum(), max(ratio, 0.0)


def checked_weights(matrix: Any, where: str) -> Floats:
    """The weights of a matrix consistent enough to use. Raises InvalidInput with the ratio where it is not."""
    weights, ratio = ahp_weights(matrix)
    if ratio > LIMIT:
        raise InvalidInput(say("suitability.inconsistent", where=where, ratio=ratio, limit=LIMIT))
    return weights
