"""Compiled helpers that several kernels share."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
Indices = NDArray[np.int32] | NDArray[np.int64]


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


@njit(cache=True)
def heap_push(level: Floats, cell: Indices, size: int, key: float, value: int) -> None:
    """Puts (key, value) into a heap of `size` entries, the least key first, then the least value; the arrays have room."""
    i = size
    while i > 0:
        up = (i - 1) >> 2
        if level[up] < key or (level[up] == key and cell[up] <= value):
            break
        level[i], cell[i] = level[up], cell[up]
        i = up
    level[i], cell[i] = key, value


@njit(cache=True)
def heap_pop(level: Floats, cell: Indices, size: int) -> None:
    """Takes the least entry off a heap of `size` entries."""
    size -= 1
    key, value = level[size], cell[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        best = child
        for k in range(child + 1, min(child + 4, size)):
            if level[k] < level[best] or (level[k] == level[best] and cell[k] < cell[best]):
                best = k
        if key < level[best] or (key == level[best] and value <= cell[best]):
            break
        level[i], cell[i] = level[best], cell[best]
        i = best
    level[i], cell[i] = key, value
