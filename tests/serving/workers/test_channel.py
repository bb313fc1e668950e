"""Both ends of a channel: bodies of a message arrive in order, whichever way each of them took."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ekiben.serving.shared_memory import LARGE_BYTES, block_of, share
from ekiben.serving.wire import Body, Call, Payload
from ekiben.serving.workers.blocks import MOST_LENT
from ekiben.serving.workers.channel import open_channel, socket_pairs
from ekiben.serving.workers.framing import Bodies
from ekiben.serving.workers.messages import AnyMessage, Run, calls_of, run_of

LARGE = bytes(range(256)) * (LARGE_BYTES // 256)


def shared(content: bytes) -> memoryview:
    body = share([content])
    assert body is not None
    return body


async def sent(messages: Sequence[Sequence[Body]]) -> list[list[Body]]:
    """The bodies of these runs, as the other end has them."""
    arrived: list[list[Body]] = []
    all_arrived = asyncio.Event()

    def on_message(message: AnyMessage, bodies: Bodies) -> None:
        assert isinstance(message, Run)
        arrived.append([call.payload.body for call in calls_of("api", message.calls, bodies)])
        if len(arrived) == len(messages):
            all_arrived.set()

    ours, theirs = socket_pairs()
    near = await open_channel(ours, lambda *_: None, lambda: None)
    far = await open_channel(theirs, on_message, lambda: None)
    for number, bodies in enumerate(messages):
        near.send(*run_of(number, "api", [Call("api", Payload("", body), "id") for body in bodies]))
    await asyncio.wait_for(all_arrived.wait(), 10)
    near.close()
    far.close()
    return arrived


@pytest.mark.parametrize("inline", [b"small", LARGE, b""])
def test_shared_bodies_come_by_themselves_and_all_in_order(inline: bytes) -> None:
    mixed: list[Body] = [inline, shared(LARGE), b"between", shared(LARGE[::-1]), inline]
    messages: list[list[Body]] = [mixed, [shared(LARGE + b"!")], [inline]]
    arrived = asyncio.run(sent(messages))
    assert [[bytes(body) for body in one] for one in arrived] == [[bytes(body) for body in one] for one in messages]
    assert [block_of(body) is not None for body in arrived[0][1::2]] == [True, True]


def test_bodies_that_nobody_looked_at_are_not_taken_for_those_of_the_next_message() -> None:
    async def main() -> list[Body]:
        seen: asyncio.Future[list[Body]] = asyncio.get_running_loop().create_future()

        def on_message(message: AnyMessage, bodies: Bodies) -> None:
            if isinstance(message, Run) and message.number == 1:  # of the one before, the reader has gone
                seen.set_result([call.payload.body for call in calls_of("api", message.calls, bodies)])

        ours, theirs = socket_pairs()
        near = await open_channel(ours, lambda *_: None, lambda: None)
        far = await open_channel(theirs, on_message, lambda: None)
        for number, content in enumerate((LARGE, LARGE[::-1])):
            near.send(*run_of(number, "api", [Call("api", Payload("", shared(content)), "id")]))
        found = await asyncio.wait_for(seen, 10)
        near.close()
        far.close()
        return found

    assert [bytes(body) for body in asyncio.run(main())] == [LARGE[::-1]]


def test_more_shared_bodies_than_may_be_lent_arrive_through_the_socket() -> None:
    messages = [[shared(LARGE + bytes([number])) for number in range(3 * MOST_LENT)]]
    (arrived,) = asyncio.run(sent(messages))
    assert [bytes(body)[-1] for body in arrived] == list(range(3 * MOST_LENT))
