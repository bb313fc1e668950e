"""Messages: calls and replies come out of the stream as they went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.wire import Call, Payload, Reply
from ekiben.serving.workers.framing import Bodies
from ekiben.serving.workers.messages import (
    Done,
    Run,
    Start,
    calls_of,
    decode,
    done_of,
    encode,
    replies_of,
    run_of,
)

words = st.text(max_size=20)
payloads = st.builds(Payload, words, st.binary(max_size=100))
pairs = st.lists(st.tuples(words, words), max_size=3).map(tuple)
calls = st.lists(st.builds(Call, st.just("predict"), payloads, words, words, words, words, pairs), max_size=4)
replies = st.lists(st.builds(Reply, st.integers(100, 599), payloads, pairs, st.booleans()), max_size=4)


@given(calls)
def test_calls_round_trip(sent: list[Call]) -> None:
    message, bodies = run_of(7, "predict", sent)
    run = decode(encode(message))
    assert isinstance(run, Run)
    assert run.number == 7
    assert calls_of("predict", run.calls, Bodies(memoryview(b"".join(bodies)), is_lasting=False)) == sent


@given(replies)
def test_replies_round_trip(sent: list[Reply]) -> None:
    message, bodies = done_of(7, sent)
    done = decode(encode(message))
    assert isinstance(done, Done)
    assert done.number == 7
    assert replies_of(done, Bodies(memoryview(b"".join(bodies)), is_lasting=False)) == sent


def test_the_first_message_carries_the_batching_in_force() -> None:
    start = Start("service:Iris", None, "/p", None, 2, {"classify": BatchOptions(max_batch_size=3)}, "info")
    assert decode(encode(start)) == start
