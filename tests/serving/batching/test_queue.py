"""The queue is first in, first out, and forgets a withdrawn request wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.serving.batching.queue import AwaitedAnswer, RequestQueue, Ticket
from ekiben.serving.wire import Call, Payload

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World

steps = st.lists(st.tuples(st.sampled_from(["add", "remove", "first", "at"]), st.integers(0, 9)), max_size=60)


@given(steps=steps)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_behaves_like_a_list(make_world: Callable[..., World], steps: list[tuple[str, int]]) -> None:
    async def recipient() -> AwaitedAnswer:
        return AwaitedAnswer()

    nobody = make_world().run(recipient())
    queue, model = RequestQueue(), list[Ticket]()
    for step, number in steps:
        if step == "add":
            ticket = Ticket(0.0, number, Call("a", Payload("", b""), ""), nobody)
            queue.add(ticket)
            model.append(ticket)
        elif step == "remove" and model:
            ticket = model.pop(number % len(model))
            assert queue.remove(ticket)
            assert not queue.remove(ticket)
        elif step == "first":
            count = min(number, len(model))
            assert queue.take_first(count) == model[:count]
            del model[:count]
        elif step == "at" and model:
            indexes = sorted({0, number % len(model)})
            assert queue.take_at(indexes) == [model[index] for index in indexes]
            model = [ticket for index, ticket in enumerate(model) if index not in indexes]
        assert list(queue.members) == model
        assert queue.rows == sum(ticket.rows for ticket in model)
