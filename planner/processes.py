"""Processes that plan sites come of one that has imported all they use; it begins to as soon as they are wanted."""

from __future__ import annotations

import multiprocessing

SERVED = "forkserver" in multiprocessing.get_all_start_methods()
USED = ["distributed.nanny", "planner.portfolio.cluster"]  # by a worker


def serve() -> None:
    """Starts that process, where there are such and none runs yet, and goes on at once: it imports on a core of its own."""
    if SERVED:
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(USED)
        forkserver.ensure_running()
