"""Several jobs at once, of which the first failure is everybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ekiben.errors import EkibenError

T = TypeVar("T")


class Abandoned(EkibenError):
    """A job that was stopped because another one failed, whose error is the one to tell."""


def run_all(jobs: Iterable[Callable[[], T]], workers: int, stop: Callable[[], object]) -> list[T]:
    """The results in order; the jobs are begun in theirs. Where one fails, or the user stops it, `stop` is called, upon
    which the others have to end at their next step; then raises."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ekiben-job")
    try:
        futures = [pool.submit(job) for job in jobs]
        wait(futures, return_when=FIRST_EXCEPTION)
        if failures := _failures(futures):
            if isinstance(failures[0], Abandoned):  # who was stopped may be done before the one whose failure it was
                pool.shutdown(wait=False, cancel_futures=True)
                stop()
                pool.shutdown()
                failures = _failures(futures)
            raise failures[0]
        return [future.result() for future in futures]
    except BaseException:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _failures(futures: Iterable[Future[T]]) -> list[BaseException]:
    """Those that are known by now, with what was only stopped at the end."""
    done = [one.exception() for one in futures if one.done() and not one.cancelled()]
    return sorted((one for one in done if one is not None), key=lambda one: isinstance(one, Abandoned))
