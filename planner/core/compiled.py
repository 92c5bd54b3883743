"""Compiled helpers that several kernels share."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]


def ascending(values: Floats) -> Labels:
    """Flat indices of the finite values in ascending order, ties by index; (m,) int32."""
    order, keys = _keys(values)
    order = _radix(order, keys)
    _repair(values, order)
    return order


@njit(cache=True)
def _keys(values: Floats) -> tuple[Labels, NDArray[np.uint32]]:
    n = 0
    for i in range(len(values)):
        if np.isfinite(values[i]):
            n += 1
    order = np.empty(n, dtype=np.int32)
    single = np.empty(n, dtype=np.float32)
    at = 0
    for i in range(len(values)):
        if np.isfinite(values[i]):
            order[at] = i
            single[at] = values[i]
            at += 1
    keys = single.view(np.uint32)
    for i in range(n):
        bits = keys[i]
        if bits == np.uint32(0x80000000):  # −0 sorts with +0
            bits = np.uint32(0)
        keys[i] = bits ^ np.uint32(0xFFFFFFFF) if bits & np.uint32(0x80000000) else bits | np.uint32(0x80000000)
    return order, keys


@njit(cache=True)
def _radix(order: Labels, keys: NDArray[np.uint32]) -> Labels:
    """order sorted by keys, stable: three passes of 11 bits."""
    counts = np.zeros((3, 2048), dtype=np.int64)
    for i in range(len(keys)):
        k = keys[i]
        counts[0, k & np.uint32(2047)] += 1
        counts[1, (k >> np.uint32(11)) & np.uint32(2047)] += 1
        counts[2, k >> np.uint32(22)] += 1
    spare_order = np.empty_like(order)
    spare_keys = np.empty_like(keys)
    for p in range(3):
        if counts[p].max() == len(keys):
            continue
        at = np.zeros(2048, dtype=np.int64)
        for b in range(1, 2048):
            at[b] = at[b - 1] + counts[p, b - 1]
        shift = np.uint32(11 * p)
        for i in range(len(keys)):
            digit = (keys[i] >> shift) & np.uint32(2047)
            to = at[digit]
            at[digit] = to + 1
            spare_order[to] = order[i]
            spare_keys[to] = keys[i]
        order, spare_order = spare_order, order
        keys, spare_keys = spare_keys, keys
    return order


@njit(cache=True)
def _repair(values: Floats, order: Labels) -> None:
    """Sorts runs that single precision could not tell apart by their full value, in place."""
    i = 0
    while i + 1 < len(order):
        if values[order[i]] <= values[order[i + 1]] and np.float32(values[order[i]]) != np.float32(values[order[i + 1]]):
            i += 1
            continue
        j = i + 1
        single = np.float32(values[order[i]])
        mixed = False
        while j < len(order) and np.float32(values[order[j]]) == single:
            mixed = mixed or values[order[j]] != values[order[i]]
            j += 1
        if mixed:
            run = order[i:j].copy()
            exact = np.empty(j - i)
            for k in range(j - i):
                exact[k] = values[run[k]]
            order[i:j] = run[np.argsort(exact, kind="mergesort")]
        i = j
