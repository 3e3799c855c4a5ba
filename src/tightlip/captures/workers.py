"""Workers: tasks are done in this process, and once there is much to do, in several at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import chain
from multiprocessing import connection

from tightlip.captures.inspection import Inspector, Options
from tightlip.captures.outcome import Continuity, Outcome
from tightlip.captures.tasks import Task
from tightlip.findings.result import Fault

WORTH_SHARING = 8 << 20
"""How many bytes are scanned here before other processes are started: that takes time too."""

_WAITING_FOR_EACH = 3


class WorkerError(RuntimeError):
    """A process that scanned has ended in the middle of its work."""


def available_processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def outcomes_of(
    tasks: Iterator[Task | None], inspector: Inspector, jobs: int
) -> Generator[Outcome | None, None, None]:
    """Do the tasks and yield their outcomes in the same order.

    At most `jobs` processes work at once, and only a few tasks are held for each, so that memory
    stays bounded whatever the inputs hold. Close the iterator to end the processes.

    Raises:
        WorkerError: A process was ended from outside, or crashed.
    """
    continuity = Continuity()
    with closing(_outcomes_of(tasks, inspector, jobs)) as outcomes:
        for outcome in outcomes:
            yield None if outcome is None else continuity.placed(outcome)


def _outcomes_of(
    tasks: Iterator[Task | None], inspector: Inspector, jobs: int
) -> Generator[Outcome | None, None, None]:
    done = 0
    for task in tasks:
        if task is None:
            yield None
        elif jobs > 1 and done >= WORTH_SHARING:
            yield from _shared(chain([task], tasks), inspector.options, jobs)
        else:
            done += task.size
            yield _outcome(task, inspector)


def _shared(
    tasks: Iterator[Task | None], options: Options, jobs: int
) -> Generator[Outcome | None, None, None]:
    # A fork has the rules at hand; elsewhere it is not safe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    executor = ProcessPoolExecutor(jobs, context, _begin, (options,))
    waiting: deque[Future[Outcome]] = deque()
    try:
        for task in tasks:
            if task is None:
                while waiting:
                    yield waiting.popleft().result()
                yield None
                continue
            waiting.append(executor.submit(_run, task))
            while waiting and (waiting[0].done() or len(waiting) > jobs * _WAITING_FOR_EACH):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise WorkerError(
            "A process that scanned was ended from outside, perhaps for want of memory. "
            "Try fewer of them: --jobs 1"
        ) from None
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


_inspector: Inspector | None = None


def _begin(options: Options) -> None:
    """Prepare a process that works."""
    global _inspector  # noqa: PLW0603 - each process has one, made before its first task
    # Ctrl-C reaches every process of the terminal; the first one ends the others in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _inspector = Inspector(options)


def _end_with(sentinel: int) -> None:
    """End this process when its parent has ended, however it did."""
    connection.wait([sentinel])
    os._exit(1)


def _run(task: Task) -> Outcome:
    assert _inspector is not None
    return _outcome(task, _inspector)


def _outcome(task: Task, inspector: Inspector) -> Outcome:
    try:
        return task.run(inspector)
    except Exception as error:  # a fault of ours in one text must not end the scan of the others
        path = getattr(task, "path", None) or ", ".join(getattr(task, "paths", ()))
        fault = Fault(path, f"could not be scanned, by a fault of Tightlip: {type(error).__name__}")
        return Outcome(path, faults=[fault])
