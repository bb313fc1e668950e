"""`HealthHook`: what a service says of itself by `__is_alive__` and `__is_ready__`, asked from outside its calls.

A sync hook has a thread of its own: the worker's threads may all be busy, which is no reason to be unwell. One that
does not answer in time says no; it is not called a second time until it has answered.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from ekiben.serving.execution.program import USER_FAILURES, call_contained
from ekiben.serving.execution.threads import Threads
from ekiben.serving.failures import is_own_end

logger = logging.getLogger("ekiben.serving")

HOOK_S = 5.0  # seconds: two probes' interval and more, half of what makes a worker's last answer too old


class HealthHook:
    """The method `name` of `instance`; without one, all is well. A no is logged once, until the next yes."""

    def __init__(self, instance: object, name: str, *, limit_s: float = HOOK_S) -> None:
        self._name = name
        self._limit_s = limit_s
        self._hook: Callable[[], Any] | None = getattr(instance, name, None)
        self._threads = Threads(1, f"ekiben-{name}")
        self._answer: asyncio.Task[bool] | None = None
        self._is_unwell = False

    async def ask(self) -> bool:
        """Whether the hook returned something true, in time."""
        if self._hook is None:
            return True
        if self._answer is None:
            self._answer = asyncio.create_task(self._call(self._hook))
        done, _ = await asyncio.wait([self._answer], timeout=self._limit_s)
        if not done:
            self._complain(f"did not answer within {self._limit_s:g} s")
            return False
        answer, self._answer = self._answer, None
        return answer.result()

    async def _call(self, hook: Callable[[], Any]) -> bool:
        try:
            said = await hook() if inspect.iscoroutinefunction(hook) else await self._threads.run(call_contained, hook)
            is_well = bool(said)
        except USER_FAILURES as error:
            if is_own_end(error):
                raise
            self._complain("failed", error)
            return False
        if not is_well:
            self._complain(f"returned {said!r}")
        self._is_unwell = not is_well
        return is_well

    def _complain(self, what: str, error: BaseException | None = None) -> None:
        if not self._is_unwell:
            self._is_unwell = True
            logger.warning("`%s` of the service %s", self._name, what, exc_info=error)
