"""Messages: calls and replies come out of the stream as they went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.declare.options import BatchOptions
from ekiben.serving.wire import Call, Payload, Reply
from ekiben.serving.workers.frames import FrameReader
from ekiben.serving.workers.messages import (
    Done,
    Run,
    Start,
    calls_of,
    decode,
    encode,
    encode_done,
    encode_run,
    replies_of,
)

words = st.text(max_size=20)
payloads = st.builds(Payload, words, st.binary(max_size=100))
pairs = st.lists(st.tuples(words, words), max_size=3).map(tuple)
calls = st.lists(st.builds(Call, st.just("predict"), payloads, words, words, words, words, pairs), max_size=4)
replies = st.lists(st.builds(Reply, st.integers(100, 599), payloads, pairs), max_size=4)


@given(calls)
def test_calls_round_trip(sent: list[Call]) -> None:
    [(header, joined)] = FrameReader().feed(b"".join(encode_run(7, "predict", sent)))
    run = decode(header)
    assert isinstance(run, Run)
    assert (run.number, calls_of(run, joined)) == (7, sent)


@given(replies)
def test_replies_round_trip(sent: list[Reply]) -> None:
    [(header, joined)] = FrameReader().feed(b"".join(encode_done(7, sent)))
    done = decode(header)
    assert isinstance(done, Done)
    assert (done.number, replies_of(done, joined)) == (7, sent)


def test_the_first_message_carries_the_batching_in_force() -> None:
    start = Start("service:Iris", "/p", None, 2, {"classify": BatchOptions(max_batch_size=3)}, "info")
    [(header, _)] = FrameReader().feed(b"".join(encode(start)))
    assert decode(header) == start
