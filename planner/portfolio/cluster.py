"""Where sites are planned: in this process, in local ones, or on a Dask cluster; the replies are the same wherever.

Every reply is kept on disk under the hash of what it answers, so that an interrupted run goes on where it stood.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from planner import __version__
from planner.errors import PlannerError, UsageError
from planner.files import write_whole
from planner.memory import MEMORY, available_memory
from planner.portfolio.sites import CUTS, GAP, Ask, Reply, SiteKey, answer
from planner.words import say

RETRIES = 3  # times a site is planned anew where its worker died


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
        told |= {"version": __version__, "gap": GAP, "cuts": CUTS}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _never() -> bool:
    return False


Run = Callable[[list[Job], Callable[[], bool]], Iterator[tuple[int, tuple[Reply, ...]]]]


@dataclass(frozen=True, eq=False)
class Planners:
    """Answers jobs in their order. run: gives (place, replies) as they are finished. cache: folder of finished replies."""

    run: Run
    cache: Path | None = None

    def replies(
        self, jobs: list[Job], told: Callable[[int, int], None], late: Callable[[], bool] = _never
    ) -> list[tuple[Reply, ...] | None]:
        """The replies to jobs, None for those not begun when it was late; told is called with how many are done and of how
        many."""
        found: dict[int, tuple[Reply, ...]] = {}
        for at, job in enumerate(jobs):
            if (kept := self._kept(job)) is not None:
                found[at] = kept
        rest = [at for at in range(len(jobs)) if at not in found]
        told(len(found), len(jobs))
        for place, replies in self.run([jobs[at] for at in rest], late):
            found[rest[place]] = replies
            self._keep(jobs[rest[place]], replies)
            told(len(found), len(jobs))
        return [found.get(at) for at in range(len(jobs))]

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


def _here(jobs: list[Job], late: Callable[[], bool]) -> Iterator[tuple[int, tuple[Reply, ...]]]:
    for at, job in enumerate(jobs):
        if late():
            return
        yield at, answer(job.key, job.asks)


@contextmanager
def planners(workers: int | None = None, scheduler: str | None = None, cache: str | Path | None = None) -> Iterator[Planners]:
    """Where sites are planned: workers local processes (1 or None: this one), or the cluster at an address.

    Raises UsageError where both are given, PlannerError where Dask is not installed or the scheduler does not answer.
    """
    if workers is not None and scheduler is not None:
        raise UsageError(say("portfolio.workers_and_scheduler"))
    folder = None if cache is None else Path(cache)
    if scheduler is None and (workers is None or workers == 1):
        yield Planners(_here, folder)
        return
    try:
        import dask
        from distributed import Client, LocalCluster
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
        limit = int(available_memory() * MEMORY.workers_share / workers)
        how: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "memory_limit": limit}
        try:
            local = LocalCluster(n_workers=workers, dashboard_address=None, silence_logs=50, **how)
        except RuntimeError as error:
            raise PlannerError(say("portfolio.no_workers", workers=workers, why=str(error).splitlines()[0])) from None
        with local, Client(local, set_as_default=False) as client:
            yield Planners(_on(client), folder)


def _on(client: Any) -> Run:
    """Jobs on a cluster; a site goes to the worker that knows it while that lives."""

    def run(jobs: list[Job], late: Callable[[], bool]) -> Iterator[tuple[int, tuple[Reply, ...]]]:
        from distributed import as_completed

        there = sorted(client.scheduler_info(n_workers=-1)["workers"])
        place = {}
        for at, job in enumerate(jobs):
            wanted = there[int(hashlib.sha256(job.key.id.encode()).hexdigest(), 16) % len(there)] if there else None
            where = {"workers": [wanted], "allow_other_workers": True} if wanted else {}
            future = client.submit(answer, job.key, job.asks, key=f"plan-{job.name}", retries=RETRIES, pure=True, **where)
            place[future] = at
        for future in as_completed(list(place), loop=client.loop):
            yield place[future], future.result()
            future.release()
            if late():
                client.cancel([other for other in place if not other.done()])
                return

    return run
