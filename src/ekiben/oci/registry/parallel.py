"""Several transfers at once, of which the first failure is everybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ekiben.oci.registry.progress import Abandoned, Progress

T = TypeVar("T")


def run_all(jobs: Iterable[Callable[[], T]], workers: int, progress: Progress) -> list[T]:
    """The results in order. Where one fails, or the user stops it, the others end at their next step; then raises."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="registry")
    try:
        futures = [pool.submit(job) for job in jobs]
        wait(futures, return_when=FIRST_EXCEPTION)
        if failure := _first_failure(futures):
            raise failure
        return [future.result() for future in futures]
    except BaseException:
        progress.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _first_failure(futures: Iterable[Future[T]]) -> BaseException | None:
    failures = [one.exception() for one in futures if one.done() and one.exception()]
    return next((one for one in failures if not isinstance(one, Abandoned)), None)
