"""`Batcher`: the queue of one API's requests. It owns loop, clock and queue, and does what the policy says.

Four events make it look again: a request arrives, a slot may be free, a request is withdrawn, the timer rings. Requests
that arrive in one turn of the loop are looked at together, so that a burst does not begin with a batch of one.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from ekiben.errors import DeadlineExceeded, WorkerLost
from ekiben.serving.batching.batch import REFUSED, Batch, Run, hand_out, run_batch
from ekiben.serving.batching.deadlines import Deadlines
from ekiben.serving.batching.observer import BatchObserver
from ekiben.serving.batching.policy import Ended, Expectation, Policy, QueueState
from ekiben.serving.batching.queue import AwaitedAnswer, Recipient, RequestQueue, Ticket
from ekiben.serving.batching.slots import SlotLost, Slots
from ekiben.serving.batching.timer import WakeTimer
from ekiben.serving.batching.view import Dispatch, Shed, ShedCause, Wait
from ekiben.serving.wire import Answer, Call

logger = logging.getLogger("ekiben.serving")

S = TypeVar("S")

MAX_DEATHS = 2  # of workers while they ran one request: by then it is taken for the cause


class Batcher(Generic[S]):
    """Gathers calls into batches as `policy` decides, and hands them to `run` in one of the `slots`.

    A request has `timeout_s` from its arrival to its answer. Those whose worker ended are run once more, each alone,
    if they are `is_idempotent`.
    """

    def __init__(
        self,
        policy: Policy,
        slots: Slots[S],
        run: Run[S],
        *,
        observer: BatchObserver,
        clock: Callable[[], float] = time.monotonic,
        timeout_s: float = math.inf,
        is_idempotent: bool = True,
    ) -> None:
        self._policy = policy
        self._slots = slots
        self._run = run
        self._observer = observer
        self._clock = clock
        self._is_idempotent = is_idempotent
        self._queue = RequestQueue()
        self._again: deque[Ticket] = deque()  # to be run alone, before all others
        self._state = QueueState(self._queue)
        self._deadlines = Deadlines(timeout_s, self._time_out, clock)
        self._timer = WakeTimer(self._act, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._will_act = False
        self._is_closing = False
        self._idle = asyncio.Event()
        self._context = contextvars.copy_context()  # so that no batch runs in the context of its last request
        self._claimant = self._on_free
        slots.on_free(self._claimant)

    def queue_depth(self) -> int:
        """How many rows wait."""
        return self._queue.rows + sum(ticket.rows for ticket in self._again)

    async def submit(self, call: Call, rows: int = 1) -> Answer:
        """The answer to `call`, which brings `rows` rows.

        Raises Overloaded where the request is refused or shed, DeadlineExceeded when its time is over. Cancelled before
        its batch has started, it leaves the queue; afterwards the batch goes on, and keeps its slot until it has ended.
        """
        answer = AwaitedAnswer()
        ticket = self.admit(call, rows, answer)
        try:
            return await answer.future
        except asyncio.CancelledError:
            self.abandon(ticket)
            await answer.close_unread()
            raise

    def has_room(self, rows: int) -> bool:
        """Whether a request of so many rows would be admitted now."""
        queue = self._queue
        return not self._is_closing and (queue.rows + rows <= self._policy.max_queue_rows or not queue)

    def admit(self, call: Call, rows: int, recipient: Recipient) -> Ticket:
        """Queues `call`, which brings `rows` rows; `recipient` is told what becomes of it, in a later turn of the loop.

        `submit` without a coroutine. Raises Overloaded where the request is refused at once.
        """
        queue = self._queue
        rows = max(1, rows)
        if not self.has_room(rows):
            cause: ShedCause = "closing" if self._is_closing else "queue_full"
            self._observer.shed(cause, 1)
            raise self._policy.refusal(cause, queue.rows)
        now_s = self._clock()
        ticket = Ticket(now_s, rows, call, recipient)
        queue.add(ticket)
        self._deadlines.add(ticket, now_s)
        self._policy.arrived(now_s, rows, len(queue) + self._state.running_requests)
        self._act_soon()
        return ticket

    def abandon(self, ticket: Ticket) -> None:
        """Nobody waits for the answer any more."""
        ticket.is_settled = True
        self._deadlines.discard(ticket)
        if self._withdraw(ticket):
            self._observer.cancelled(1)
        elif ticket.audience is not None:
            ticket.audience.one_left()

    def begin_drain(self) -> None:
        """Nothing is held back any more; what arrives is still taken."""
        self._state.is_draining = True
        self._act_soon()

    async def close(self, *, drain: bool) -> None:
        """Takes no more requests, and returns when all have an answer: with `drain` their own, without it a refusal."""
        self._is_closing = self._state.is_draining = True
        if not drain:
            self._refuse([*self._again, *self._queue.take_first(len(self._queue))], "closing")
            self._again.clear()
            await asyncio.sleep(0)  # a task that is cancelled before its first step would answer nobody
            for task in self._tasks:
                task.cancel()
        self._act()
        while self._queue or self._again or self._state.running_batches:
            self._idle.clear()
            await self._idle.wait()
        self._timer.disarm()
        self._deadlines.close()

    def _time_out(self, ticket: Ticket) -> None:
        if self._withdraw(ticket):
            self._observer.shed("timeout", 1)
        ticket.refuse(DeadlineExceeded(f"not answered within `{self._deadlines.timeout_s:g}` s"))
        if ticket.audience is not None:
            ticket.audience.one_left()

    def _withdraw(self, ticket: Ticket) -> bool:
        """Takes a request out of the queue that nobody waits for any more; False where its batch has started."""
        if ticket in self._again:
            self._again.remove(ticket)
        elif not self._queue.remove(ticket):
            return False
        self._observer.queue_depth(self.queue_depth())
        self._act_soon()
        return True

    def _on_free(self) -> None:
        """Starts one batch at most, so that the pool may ask the other batchers before this one looks again."""
        self._act(max_batches=1)

    def _act_soon(self) -> None:
        if not self._will_act:
            self._will_act = True
            asyncio.get_running_loop().call_soon(self._act_now, context=self._context)

    def _act_now(self) -> None:
        self._will_act = False
        self._act()
        self._observer.queue_depth(self.queue_depth())

    def _act(self, max_batches: float = math.inf) -> None:
        """Does what the policy says until it says to wait, or until so many batches have started."""
        state = self._state
        while max_batches > 0 and (self._queue or self._again):
            state.free_slots = self._slots.free()
            if self._again and state.free_slots:
                max_batches -= self._start_again()
                continue
            if not self._queue:
                break
            state.is_backlogged = state.is_backlogged or state.free_slots == 0
            now_s = self._clock()
            decision = self._policy.decide(now_s, state)
            if isinstance(decision, Wait):
                self._timer.arm(decision.until_s)
                return
            if isinstance(decision, Shed):
                self._refuse(self._queue.take_at(decision.indexes), decision.cause)
            else:
                max_batches -= self._start_next(now_s, decision)
        self._rest()

    def _rest(self) -> None:
        """Nothing is waited for but a slot: either nothing waits, or it is this batcher's turn again soon."""
        self._policy.rested()
        self._timer.disarm()
        if self._queue:
            self._act_soon()
        elif not self._again:
            self._state.is_backlogged = False
            self._idle.set()

    def _start_next(self, now_s: float, dispatch: Dispatch) -> bool:
        """Starts the batch that was decided; False where another batcher has taken the slot."""
        slot = self._slots.take(self._claimant)
        if slot is None:
            return False
        queue = self._queue
        is_all = dispatch.count == len(queue)
        rows = queue.rows if is_all else sum(member.rows for member in islice(queue.members, dispatch.count))
        expected = self._policy.started(now_s, self._state, dispatch, rows)
        tickets = queue.take_first(dispatch.count)
        self._start(Batch(slot, tickets, rows, dispatch.reason, now_s, expected))
        return True

    def _start_again(self) -> bool:
        """Runs one request alone whose worker ended while it ran it with others."""
        slot = self._slots.take(self._claimant)
        if slot is None:
            return False
        ticket = self._again.popleft()
        self._start(Batch(slot, [ticket], ticket.rows, "retry", self._clock(), Expectation()))
        return True

    def _start(self, batch: Batch[S]) -> None:
        requests = len(batch.tickets)
        self._state.running_batches += 1
        self._state.running_requests += requests
        task = asyncio.get_running_loop().create_task(self._execute(batch), context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._observer.batch_started(batch.rows, requests, batch.waits_s(), batch.reason, batch.expected.service_s)
        self._observer.queue_depth(self.queue_depth())

    async def _execute(self, batch: Batch[S]) -> None:
        tickets, rows, expected = batch.tickets, batch.rows, batch.expected
        begun_s = self._clock()
        outcome = REFUSED
        try:
            outcome = await run_batch(self._run, batch)
        except SlotLost as lost:
            self._take_back(tickets, lost)
        finally:
            ended_s = self._clock()
            ended = Ended(rows, len(tickets), ended_s - begun_s, outcome.went_well, outcome.worked_s)
            self._state.running_batches -= 1
            self._state.running_requests -= len(tickets)
            self._policy.ended(ended_s, ended, expected)
            self._idle.set()
            self._slots.give_back(batch.slot)  # before the answers are written: the worker need not wait for that
            self._observer.batch_finished(rows, ended.service_s, expected.service_s)
        if outcome.replies:
            await hand_out(tickets, outcome.replies)
        for ticket in tickets:
            if ticket.is_settled:
                self._deadlines.discard(ticket)

    def _take_back(self, tickets: Sequence[Ticket], lost: SlotLost) -> None:
        """The worker has ended: what never began waits again, what may have begun gets one more try alone."""
        waiting = [ticket for ticket in tickets if not ticket.is_settled]
        if lost.has_begun:
            waiting = [ticket for ticket in waiting if self._may_try_again(ticket)]
        if any(ticket.deaths for ticket in waiting):
            self._again.extend(waiting)
        else:
            self._queue.put_back(waiting)
        self._observer.retried(len(waiting))
        self._observer.queue_depth(self.queue_depth())
        self._act_soon()

    def _may_try_again(self, ticket: Ticket) -> bool:
        ticket.deaths += 1
        if self._is_idempotent and ticket.deaths < MAX_DEATHS and not self._is_closing:
            return True
        logger.error("a worker died while it ran request %s to `%s`", ticket.call.request_id, ticket.call.endpoint)
        ticket.refuse(WorkerLost())
        return False

    def _refuse(self, tickets: Sequence[Ticket], cause: ShedCause) -> None:
        for ticket in tickets:
            self._deadlines.discard(ticket)
            ticket.refuse(self._policy.refusal(cause, self._queue.rows))
        if tickets:
            self._observer.shed(cause, len(tickets))
            self._observer.queue_depth(self.queue_depth())
