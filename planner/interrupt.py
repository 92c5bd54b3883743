"""Ctrl-C ends the command line within two seconds, even while compiled code runs that no signal reaches.

A small process of our own waits beside the program (not on Windows). Told of Ctrl-C, it gives the program GRACE_S to end, or to
say that it carries on with what it has (`carry_on`: the search for a plan stops and keeps the best one), and then ends it. What
was being written is then as after a kill: the old file or folder stands, and the next run cleans up.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final

GRACE_S: Final = 1.6
_CARRY_ON: Final = b"\xff"
_CAREFUL: Final = b"\xfe"
_CAREFUL_NO_MORE: Final = b"\xfd"
_pipe: list[int] = []


def carry_on() -> None:
    """Says that Ctrl-C was heard and is dealt with: the program goes on to a sound end of its own."""
    _tell(_CARRY_ON)


def _tell(word: bytes) -> None:
    for end in _pipe:
        with contextlib.suppress(OSError):
            os.write(end, word)


@contextlib.contextmanager
def careful() -> Iterator[None]:
    """A part of the program that takes Ctrl-C as its own business, as the search for a plan does."""
    _tell(_CAREFUL)
    try:
        yield
    finally:
        _tell(_CAREFUL_NO_MORE)


def watched(last_words: str) -> None:
    """Sets a watcher beside this process; before any other thread is started. last_words: told where it has to act."""
    if not hasattr(os, "fork") or threading.active_count() > 1 or threading.current_thread() is not threading.main_thread():
        return
    theirs, ours = os.pipe()
    program = os.getpid()
    try:
        child = os.fork()
    except OSError:  # no more processes: then without
        os.close(theirs)
        os.close(ours)
        return
    if child == 0:
        os.close(ours)
        with contextlib.suppress(BaseException):
            _watch(theirs, program, last_words)
        os._exit(0)
    os.close(theirs)
    os.set_blocking(ours, False)
    signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
    _pipe.append(ours)


def _watch(pipe: int, program: int, last_words: str) -> None:
    """Waits for the program's end or for Ctrl-C; told of it, for the program's end or word, and else ends it."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    until, patient = None, 0
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        ready, _, _ = select.select([pipe], [], [], left)
        if not ready:
            sys.stderr.write(last_words + "\n")
            sys.stderr.flush()
            os.kill(program, signal.SIGKILL)
            return
        told = os.read(pipe, 64)
        if not told:  # the program has ended
            return
        patient += told.count(_CAREFUL) - told.count(_CAREFUL_NO_MORE)
        if _CARRY_ON in told or patient > 0:
            until = None
        elif bytes([signal.SIGINT]) in told and until is None:
            until = time.monotonic() + GRACE_S
