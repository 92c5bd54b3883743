"""One thread for linear algebra: on arrays as small as a problem's prices its threads win nothing and wait by spinning.

Measured on two cores: Zhonghu chosen in 36 CPU s with them (30 of the clock) and in 24 without (24 of the clock).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _libraries() -> ThreadpoolController:
    """The BLAS libraries of numpy and scipy, found once."""
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it BLAS has one thread in this process, and what it had before after it; also a decorator."""
    with _libraries().limit(limits=1):
        yield
