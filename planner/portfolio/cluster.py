"""Where sites are planned: in this process, in local ones, or on a Dask cluster; the replies are the same wherever.

Every reply is kept on disk under the hash of what it answers, so that an interrupted run goes on where it stood.
"""

from __future__ import annotations

import gc
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from planner import __version__
from planner.errors import PlannerError, UsageError
from planner.files import write_whole
from planner.memory import MEMORY, available_memory
from planner.portfolio.sites import (
    CUTS,
    GAP,
    UNCOUNTED,
    UNDATED,
    UNWEIGHED,
    Ask,
    Reply,
    SiteKey,
    answer,
    read_districts,
    take_districts,
)
from planner.processes import SERVED, serve
from planner.words import say

RETRIES = 3  # times a site is planned anew where its worker died
AHEAD = 1  # sites that wait at a worker, for every one it plans, so that it never waits for this process
TAIL = 4  # sites for every worker that are left when no more wait at one: the last are planned by who is idle
APART = 2  # sites that wait for a worker from which another, idle, takes one: it has to survey it first
KEPT_BYTES = 2**25  # that a worker keeps of what it freed (the most the C library takes): pages given back are cleared anew
LOCAL: Mapping[str, Any] = {  # of processes that this one starts, which do nothing but plan
    "distributed.worker.multiprocessing-method": "forkserver" if SERVED else "spawn",
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.admin.tick.interval": "1s",  # each wakes the process that plans: fifty a second took turns with it
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "500ms",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": KEPT_BYTES,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": KEPT_BYTES,
}


@dataclass(frozen=True)
class Job:
    """A site and the prices it is asked under; fingerprint: of the files it is planned from."""

    key: SiteKey
    asks: tuple[Ask, ...]
    fingerprint: str

    @property
    def name(self) -> str:
        """The hash its replies are kept under."""
        told: dict[str, Any] = {"files": self.fingerprint, "id": self.key.id, "asks": [asdict(a) for a in self.asks]}
        told |= {"free_earth": self.key.free_earth, "layer": None if self.key.layer is None else self.key.layer.id}
        told |= {
            "version": __version__,
            "gap": GAP,
            "cuts": CUTS,
            "uncounted": UNCOUNTED,
            "undated": UNDATED,
            "unweighed": UNWEIGHED,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _never() -> bool:
    return False


def _unheard(place: int, replies: tuple[Reply, ...]) -> None:
    pass


Late = Callable[[], bool]
Heard = Callable[[int, tuple[Reply, ...]], None]
Run = Callable[[Iterable[tuple[int, Job]], Late], Iterator[tuple[int, Job, tuple[Reply, ...]]]]


@dataclass(frozen=True, eq=False)
class Planners:
    """Answers jobs in their order. run: gives (place, job, replies) as they are finished. cache: folder of finished replies."""

    run: Run
    cache: Path | None = None

    def replies(
        self, jobs: Iterable[Job], told: Callable[[int, int], None], late: Late = _never, heard: Heard = _unheard
    ) -> list[tuple[Reply, ...] | None]:
        """The replies to jobs, None for those not begun when it was late; told is called with how many are done and of how
        many, heard with each reply and its job's place as soon as it is there. Jobs are taken while others are planned."""
        found: dict[int, tuple[Reply, ...]] = {}
        count = 0

        def keep(at: int, replies: tuple[Reply, ...]) -> None:
            found[at] = replies
            heard(at, replies)
            told(len(found), count)

        def new() -> Iterator[tuple[int, Job]]:
            nonlocal count
            for at, job in enumerate(jobs):
                count = at + 1
                if (kept := self._kept(job)) is None:
                    yield at, job
                else:
                    keep(at, kept)

        for at, job, replies in self.run(new(), late):
            self._keep(job, replies)
            keep(at, replies)
        return [found.get(at) for at in range(count)]

    def _path(self, job: Job) -> Path | None:
        return None if self.cache is None else self.cache / f"{job.name}.json"

    def _kept(self, job: Job) -> tuple[Reply, ...] | None:
        path = self._path(job)
        if path is None or not path.is_file():
            return None
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            return tuple(Reply(**{**row, "mu": tuple(row["mu"])}) for row in rows)
        except (ValueError, TypeError, KeyError):
            return None  # not whole: planned anew

    def _keep(self, job: Job, replies: tuple[Reply, ...]) -> None:
        path = self._path(job)
        if path is not None:
            write_whole(path, json.dumps([r.to_dict() for r in replies]))


def _here(jobs: Iterable[tuple[int, Job]], late: Late) -> Iterator[tuple[int, Job, tuple[Reply, ...]]]:
    for at, job in jobs:
        if not late():
            yield at, job, answer(job.key, job.asks)


@contextmanager
def planners(
    workers: int | None = None,
    scheduler: str | None = None,
    cache: str | Path | None = None,
    keys: Iterable[SiteKey] = (),
) -> Iterator[Planners]:
    """Where sites are planned: workers local processes (1 or None: this one), or the cluster at an address.

    keys: of the sites; their districts are read here while local workers start, which are handed them. Raises UsageError
    where workers and a scheduler are given, PlannerError where Dask is not installed or the scheduler does not answer.
    """
    if workers is not None and scheduler is not None:
        raise UsageError(say("portfolio.workers_and_scheduler"))
    folder = None if cache is None else Path(cache)
    if scheduler is None and (workers is None or workers == 1):
        yield Planners(_here, folder)
        return
    try:
        import dask

        if scheduler is None:
            serve()  # imports on a core of its own, while this process does the same and reads
        from distributed import Client
    except ImportError:
        raise PlannerError(say("portfolio.no_dask")) from None
    quiet: Mapping[str, Any] = {"distributed.logging.distributed": "error", "distributed.scheduler.allowed-failures": RETRIES}
    with dask.config.set(quiet):
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=10, set_as_default=False)
            except OSError as error:
                raise PlannerError(say("portfolio.no_scheduler", address=scheduler, why=str(error))) from None
            with client:
                yield Planners(_on(client), folder)
            return
        assert workers is not None
        with ThreadPoolExecutor(1) as beside:
            read = beside.submit(read_districts, keys)
            local = _local(workers)
            with local, Client(local, set_as_default=False) as client:
                client.run(take_districts, read.result())
                del read
                yield Planners(_on(client), folder)


def _local(workers: int) -> Any:
    """So many processes on this machine that plan sites. Raises PlannerError where they do not start."""
    import dask
    from distributed import LocalCluster

    limit = int(available_memory() * MEMORY.workers_share / workers)
    how: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "memory_limit": limit}
    try:
        with dask.config.set(LOCAL):
            _served()
            return LocalCluster(n_workers=workers, dashboard_address=None, silence_logs=50, **how)
    except RuntimeError as error:
        raise PlannerError(say("portfolio.no_workers", workers=workers, why=str(error).splitlines()[0])) from None


def _served() -> None:
    """`serve` for workers that begin anew too: Dask names what it would have imported, once."""
    from distributed.utils import get_mp_context

    get_mp_context()
    serve()


def _on(client: Any) -> Run:
    """Jobs on a cluster."""
    desk = Desk()

    def run(jobs: Iterable[tuple[int, Job]], late: Late) -> Iterator[tuple[int, Job, tuple[Reply, ...]]]:
        from distributed import as_completed

        there = client.scheduler_info(n_workers=-1)["workers"]
        desk.open({address: int(worker["nthreads"]) for address, worker in there.items()})
        ready, place = as_completed(loop=client.loop), {}

        def begin() -> None:
            for address, at, job in desk.next():
                where = {"workers": [address], "allow_other_workers": True} if address else {}
                future = client.submit(_timed, job.key, job.asks, key=f"plan-{job.name}", retries=RETRIES, pure=True, **where)
                place[future] = address, at, job
                ready.add(future)

        def ended(future: Any) -> tuple[int, Job, tuple[Reply, ...]]:
            replies, seconds = future.result()
            address, at, job = place.pop(future)
            future.release()
            desk.done(address, job, seconds)
            begin()
            return at, job, replies

        for at, job in jobs:
            desk.waiting.append((at, job))
            begin()
            for future in ready.next_batch(block=False):
                yield ended(future)
        for future in ready:
            yield ended(future)
            if late():
                client.cancel(list(place))
                return

    return run


@dataclass(eq=False)
class Desk:
    """Which worker plans which site next: one that knows it, the longest first; one that has nothing to do takes from others.

    threads: of each worker by address. free: how many more sites it takes. homes: the workers that have surveyed a site.
    took: seconds of its last answer, for each set of prices. Who plans what changes nothing in the replies.
    """

    waiting: list[tuple[int, Job]] = field(default_factory=list)
    threads: dict[str, int] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    homes: dict[SiteKey, set[str]] = field(default_factory=dict)
    took: dict[SiteKey, float] = field(default_factory=dict)

    def open(self, threads: Mapping[str, int]) -> None:
        """The workers there are, none of them busy; where there are none yet, the scheduler finds them."""
        self.waiting.clear()
        self.threads = dict(sorted(threads.items()))
        self.free = {address: (1 + AHEAD) * count for address, count in self.threads.items()}

    def next(self) -> Iterator[tuple[str, int, Job]]:
        """Takes jobs from those that wait: (worker's address, place, job)."""
        if not self.free:
            yield from (("", at, job) for at, job in self.waiting)
            self.waiting.clear()
        while self.waiting:
            ahead = AHEAD if len(self.waiting) > TAIL * len(self.free) else 0
            for address in sorted(self.free, key=lambda a: -self.free[a]):
                kept = (AHEAD - ahead) * self.threads[address]
                if self.free[address] > kept and (taken := self._for(address)) is not None:
                    self.waiting.remove(taken)
                    self.free[address] -= 1
                    self.homes.setdefault(taken[1].key, set()).add(address)
                    yield address, *taken
                    break
            else:
                return

    def done(self, address: str, job: Job, seconds: float) -> None:
        """A job has its answer."""
        self.took[job.key] = seconds / len(job.asks)
        if address in self.free:
            self.free[address] += 1

    def _for(self, address: str) -> tuple[int, Job] | None:
        """The job a worker plans next: of a site it knows, of one nobody knows, of one of the worker with most to do."""
        homes = [self.homes.get(job.key, set()) & self.free.keys() for _, job in self.waiting]
        mine = [one for one, there in zip(self.waiting, homes, strict=True) if address in there]
        mine = mine or [one for one, there in zip(self.waiting, homes, strict=True) if not there]
        if not mine:
            others = [[one for one, there in zip(self.waiting, homes, strict=True) if a in there] for a in self.free]
            mine = max(others, key=lambda waiting: sum(self._long(job) for _, job in waiting))
            if len(mine) < APART:
                return None
        return max(mine, key=lambda one: (self._long(one[1]), -one[0]))

    def _long(self, job: Job) -> float:
        """Seconds a job may take; of a site that nobody has planned yet: any."""
        return self.took.get(job.key, np.inf) * len(job.asks)


def _timed(key: SiteKey, asks: tuple[Ask, ...]) -> tuple[tuple[Reply, ...], float]:
    """`answer` in a worker, and the seconds it took."""
    begun = time.monotonic()
    replies = answer(key, asks)
    _freeze()
    return replies, time.monotonic() - begun


@cache
def _freeze() -> None:
    """What a worker has loaded by its first answer is not searched for garbage again."""
    gc.freeze()
