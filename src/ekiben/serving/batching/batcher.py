"""`Batcher`: the queue of one batchable API. It owns loop, clock and queue, and does what the rule says.

Four events make it look again: a request arrives, a slot may be free, a request is withdrawn, the timer rings. Requests
that arrive in one turn of the loop are looked at together, so that a burst does not begin with a batch of one.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ekiben.errors import DeadlineExceeded
from ekiben.serving.batching.batch import run_batch
from ekiben.serving.batching.cost import sample_of
from ekiben.serving.batching.hold import was_worth_it
from ekiben.serving.batching.learned import Learned
from ekiben.serving.batching.observer import BatchObserver
from ekiben.serving.batching.queue import RequestQueue, Ticket
from ekiben.serving.batching.refusal import refusal, too_low_warning
from ekiben.serving.batching.rule import decide, is_max_latency_too_low
from ekiben.serving.batching.sizing import predict_s
from ekiben.serving.batching.slots import SlotClaim, Slots
from ekiben.serving.batching.timer import WakeTimer
from ekiben.serving.batching.view import Dispatch, Member, QueueView, Shed, ShedCause, Wait
from ekiben.serving.declare.options import BatchOptions
from ekiben.serving.wire import Call, Reply

logger = logging.getLogger(__name__)

S = TypeVar("S")

QUEUED_BATCHES = 100  # full batches; what the queue holds unless told otherwise
MIN_QUEUED_ROWS = 1000  # rows; the least that it holds unless told otherwise


class Batcher(Generic[S]):
    """Gathers calls into batches. `run` gets at most `max_batch_size` rows at once, unless a single call has more."""

    def __init__(
        self,
        options: BatchOptions,
        slots: Slots[S],
        run: Callable[[S, list[Call]], Awaitable[list[Reply]]],
        *,
        observer: BatchObserver,
        clock: Callable[[], float] = time.monotonic,
        max_queue_rows: int | None = None,
    ) -> None:
        self._options = options
        self._slots = slots
        self._run = run
        self._observer = observer
        self._clock = clock
        self._max_queue_rows = max_queue_rows or max(MIN_QUEUED_ROWS, QUEUED_BATCHES * options.max_batch_size)
        self._queue = RequestQueue()
        self._timer = WakeTimer(self._act, clock)
        self._claim = SlotClaim(slots)
        self._learned = Learned()
        self._tasks: set[asyncio.Task[None]] = set()
        self._running_batches = 0
        self._running_requests = 0
        self._held_since_s: float | None = None
        self._held_requests = 0
        self._is_backlogged = False
        self._will_act = False
        self._is_closing = False
        self._has_warned = False
        self._idle = asyncio.Event()
        self._context = contextvars.copy_context()  # so that no batch runs in the context of its last request
        slots.on_free(self._on_free)

    @property
    def learned(self) -> Learned:
        """What the past has taught so far."""
        return self._learned

    @property
    def wakes_at_s(self) -> float:
        """When the timer will make it look again, by its clock; infinite where it waits for an event."""
        return self._timer.due_s

    def queue_depth(self) -> int:
        """How many rows wait."""
        return self._queue.rows

    async def submit(self, call: Call, rows: int, *, timeout_s: float | None = None) -> Reply:
        """The reply to `call`, which brings `rows` rows.

        Raises Overloaded where the request is refused or shed, DeadlineExceeded after `timeout_s`. Cancelled before its
        batch has started, it leaves the queue; afterwards the batch goes on, and keeps its slot until it really ends.
        """
        ticket = self._admit(call, max(1, rows))
        loop = asyncio.get_running_loop()
        timeout = None if timeout_s is None else loop.call_later(timeout_s, self._time_out, ticket, timeout_s)
        try:
            return await ticket.answer
        except asyncio.CancelledError:
            if self._withdraw(ticket):
                self._observer.cancelled(1)
            raise
        finally:
            if timeout is not None:
                timeout.cancel()

    async def close(self, drain: bool) -> None:
        """Takes no more requests, and returns when all have an answer: with `drain` their own, without it a refusal."""
        self._is_closing = True
        if not drain:
            self._refuse(self._queue.take_first(len(self._queue)), "closing")
            await asyncio.sleep(0)  # a task that is cancelled before its first step would answer nobody
            for task in self._tasks:
                task.cancel()
        self._act()
        while self._queue or self._running_batches:
            self._idle.clear()
            await self._idle.wait()
        self._timer.disarm()

    def _admit(self, call: Call, rows: int) -> Ticket:
        is_full = self._queue.rows + rows > self._max_queue_rows and len(self._queue) > 0
        if self._is_closing or is_full:
            cause: ShedCause = "closing" if self._is_closing else "queue_full"
            self._observer.shed(cause, 1)
            raise refusal(cause, self._options, self._learned, self._queue.rows)
        now_s = self._clock()
        ticket = Ticket(Member(now_s, rows), call, asyncio.get_running_loop().create_future())
        self._queue.add(ticket)
        in_system = len(self._queue) + self._running_requests
        self._learned.arrived(now_s, rows=rows, in_system=in_system)
        self._observer.queue_depth(self._queue.rows)
        self._act_soon()
        return ticket

    def _time_out(self, ticket: Ticket, timeout_s: float) -> None:
        if self._withdraw(ticket):
            self._observer.shed("timeout", 1)
        ticket.refuse(DeadlineExceeded(f"no answer within `{timeout_s:g}` s"))

    def _withdraw(self, ticket: Ticket) -> bool:
        """Takes a request out of the queue that nobody waits for any more; False where its batch has started."""
        if not self._queue.remove(ticket):
            return False
        self._observer.queue_depth(self._queue.rows)
        self._act_soon()
        return True

    def _on_free(self) -> None:
        """Starts one batch at most, so that the pool may ask the other batchers before this one looks again."""
        self._claim.freed()
        self._act(max_batches=1)

    def _act_soon(self) -> None:
        if not self._will_act:
            self._will_act = True
            asyncio.get_running_loop().call_soon(self._act_now)

    def _act_now(self) -> None:
        self._will_act = False
        self._act()

    def _act(self, max_batches: float = float("inf")) -> None:
        """Does what the rule says until it says to wait, or until so many batches have started."""
        while self._queue and max_batches > 0:
            view = self._view()
            decision = decide(view)
            if isinstance(decision, Wait):
                self._wait(decision, view)
                break
            if isinstance(decision, Shed):
                self._learned.refused(view.now_s)
                self._refuse(self._queue.take_at(decision.indexes), decision.cause)
            else:
                max_batches -= self._dispatch(decision, view)
        else:
            self._stop_waiting()
        self._claim.release()

    def _view(self) -> QueueView:
        has_slot = self._claim.has_slot()
        self._is_backlogged = self._is_backlogged or not has_slot
        return QueueView(
            self._clock(),
            self._options,
            self._queue.members,
            self._queue.rows,
            self._learned,
            has_slot,
            self._running_requests,
            self._running_batches,
            self._held_since_s if has_slot else None,
            self._is_backlogged,
            self._is_closing,
        )

    def _wait(self, decision: Wait, view: QueueView) -> None:
        if not view.has_slot:
            self._held_since_s = None
        elif self._held_since_s is None:
            self._held_since_s = view.now_s
            self._held_requests = len(self._queue)
        self._timer.arm(decision.until_s)

    def _stop_waiting(self) -> None:
        """Nothing is waited for: either nothing waits, or it is this batcher's turn again soon."""
        self._held_since_s = None
        self._timer.disarm()
        if self._queue:
            self._act_soon()
        else:
            self._is_backlogged = False
            self._idle.set()

    def _dispatch(self, decision: Dispatch, view: QueueView) -> bool:
        """Starts a batch; False where another batcher has taken the slot."""
        slot = self._claim.take()
        if slot is None:
            return False
        is_short = decision.count == len(self._queue) and not view.is_full
        self._learned.started(running_batches=self._running_batches + 1, is_short=is_short)
        if view.held_since_s is not None:
            held_s = view.now_s - view.held_since_s
            joined = max(0, len(self._queue) - self._held_requests)
            self._learned.held(view.now_s, was_worth_it=was_worth_it(view, joined, held_s))
        self._held_since_s = None
        tickets = self._queue.take_first(decision.count)
        rows = sum(ticket.member.rows for ticket in tickets)
        waits_s = [view.now_s - ticket.member.arrival_s for ticket in tickets]
        predicted_s = predict_s(self._options, self._learned.cost, rows)
        self._running_batches += 1
        self._running_requests += len(tickets)
        waited_s = 0.0 if decision.reason == "training" else waits_s[0]
        work = self._execute(slot, tickets, rows, waited_s, predicted_s)
        task = asyncio.get_running_loop().create_task(work, context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._observer.batch_started(rows, len(tickets), waits_s, decision.reason, predicted_s)
        self._observer.queue_depth(self._queue.rows)
        return True

    async def _execute(
        self, slot: S, tickets: Sequence[Ticket], rows: int, waited_s: float, predicted_s: float | None
    ) -> None:
        started_s = self._clock()
        went_well = False
        try:
            went_well = await run_batch(self._run, slot, tickets)
        finally:
            ended_s = self._clock()
            service_s = ended_s - started_s
            self._running_batches -= 1
            self._running_requests -= len(tickets)
            sample = sample_of(rows, self._options.max_batch_size, service_s, waited_s) if went_well else None
            self._learned.ended(ended_s, requests=len(tickets), sample=sample)
            self._idle.set()
            self._slots.give_back(slot)
            self._observer.batch_finished(rows, service_s, predicted_s)
            self._warn_once(tickets[0].call.endpoint)

    def _refuse(self, tickets: Sequence[Ticket], cause: ShedCause) -> None:
        for ticket in tickets:
            ticket.refuse(refusal(cause, self._options, self._learned, self._queue.rows))
        if tickets:
            self._observer.shed(cause, len(tickets))
            self._observer.queue_depth(self._queue.rows)

    def _warn_once(self, endpoint: str) -> None:
        if not self._has_warned and is_max_latency_too_low(self._options, self._learned.cost):
            self._has_warned = True
            logger.warning(too_low_warning(endpoint, self._options, self._learned.cost))
