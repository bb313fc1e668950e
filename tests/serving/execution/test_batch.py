"""Batches: joined, called, split; each request keeps its own fate."""

import asyncio
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import BaseModel

from ekiben.errors import BadInput
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.declare.api import api
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.service import Service, service
from ekiben.serving.execution.batch import MAX_RETRIES
from ekiben.serving.execution.executor import Executor
from ekiben.serving.wire import JSON, Call, Payload, Reply

MakeCall = Callable[..., Call]
Run = Callable[..., list[Reply]]
Array = np.ndarray[Any, Any]


def bodies(replies: Sequence[Reply]) -> list[Any]:
    return [msgspec.json.decode(one.payload.body) for one in replies]


def statuses(replies: Sequence[Reply]) -> list[int]:
    return [one.status for one in replies]


def recording(method: Callable[..., object], seen: list[Any], **options: Any) -> Service:
    """A service whose one batchable API, `run`, notes each of its inputs in `seen` before `method` answers."""

    def run(self: object, x: object) -> object:
        seen.append(x)
        return method(x)

    run.__annotations__.update(x=method.__annotations__["x"], **{"return": method.__annotations__["return"]})
    return service(type("Recording", (), {"run": api(batchable=True, **options)(run)}))


def lengths(x: list[str]) -> list[int]:
    return [len(one) for one in x]


def sums(x: Array) -> Array:
    result: Array = x.sum(axis=1)
    return result


def test_lists_are_joined_in_one_call_and_split_again(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    replies = run(recording(lengths, seen), [call("run", x=["a", "bb"]), call("run", x=[]), call("run", x=["ccc"])])
    assert bodies(replies) == [[1, 2], [], [3]]
    assert seen == [["a", "bb", "ccc"]]


def test_arrays_are_joined_along_the_batch_dimension(call: MakeCall, run: Run) -> None:
    def transpose_free(x: Array) -> Array:
        return x * 2

    seen: list[Any] = []
    columns = recording(transpose_free, seen, batch_dim=1)
    replies = run(columns, [call("run", x=[[1, 2], [3, 4]]), call("run", x=[[5], [6]])])
    assert bodies(replies) == [[[2, 4], [6, 8]], [[10], [12]]]
    assert [one.shape for one in seen] == [(2, 3)]


def test_input_and_output_can_have_different_batch_dimensions(call: MakeCall, run: Run) -> None:
    def totals(x: Array) -> Array:
        result: Array = x.sum(axis=0)
        return result

    replies = run(recording(totals, [], batch_dim=(1, 0)), [call("run", x=[[1, 2], [3, 4]]), call("run", x=[[5], [6]])])
    assert bodies(replies) == [[4, 6], [11]]


def test_frames_are_joined_and_numbered_anew(call: MakeCall, run: Run) -> None:
    def doubled(x: pd.DataFrame) -> pd.DataFrame:
        assert x.index.tolist() == list(range(len(x)))
        return x * 2

    seen: list[Any] = []
    replies = run(recording(doubled, seen), [call("run", x=[{"a": 1}, {"a": 2}]), call("run", x={"a": [3]})])
    assert bodies(replies) == [[{"a": 2}, {"a": 4}], [{"a": 6}]]
    assert len(seen) == 1


def test_a_series_is_split_back_into_lists(call: MakeCall, run: Run) -> None:
    def doubled(x: pd.Series) -> pd.Series:
        return x * 2

    assert bodies(run(recording(doubled, []), [call("run", x=[1]), call("run", x=[2, 3])])) == [[2], [4, 6]]


def test_models_are_batched_as_lists(call: MakeCall, run: Run) -> None:
    class Item(BaseModel):
        text: str
        times: int

    def repeat(x: list[Item]) -> list[str]:
        return [one.text * one.times for one in x]

    calls = [call("run", x=[{"text": "a", "times": 2}]), call("run", x=[{"text": "b", "times": 1}])]
    assert bodies(run(recording(repeat, []), calls)) == [["aa"], ["b"]]


def test_what_cannot_be_joined_is_called_apart(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    calls = [call("run", x=[[1, 2]]), call("run", x=[[1.5, 2]]), call("run", x=[[1, 2, 3]]), call("run", x=[[3, 4]])]
    assert bodies(run(recording(sums, seen), calls)) == [[3], [3.5], [6], [7]]
    assert [(str(one.dtype), one.shape) for one in seen] == [("int64", (2, 2)), ("float64", (1, 2)), ("int64", (1, 3))]


def test_arrays_of_text_of_any_length_go_together(call: MakeCall, run: Run) -> None:
    def upper(x: Array) -> list[str]:
        return [str(one).upper() for one in x]

    seen: list[Any] = []
    assert bodies(run(recording(upper, seen), [call("run", x=["a"]), call("run", x=["bcd"])])) == [["A"], ["BCD"]]
    assert len(seen) == 1


def test_no_call_has_more_rows_than_the_limit(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    calls = [
        call("run", x=list("abc")),
        call("run", x=list("de")),
        call("run", x=list("fghijklmno")),
        call("run", x=["p"]),
    ]
    replies = run(recording(lengths, seen, max_batch_size=4), calls)
    assert bodies(replies) == [[1] * 3, [1] * 2, [1] * 10, [1]]
    assert [len(one) for one in seen] == [3, 2, 4, 4, 3]


def test_the_servers_configuration_replaces_the_declared_limit(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    run(recording(lengths, seen), [call("run", x=list("abc"))], batching={"run": BatchOptions(max_batch_size=2)})
    assert [len(one) for one in seen] == [2, 1]


def test_a_body_that_cannot_be_read_fails_alone(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    calls = [
        call("run", x=[[1, 2]]),
        call("run", x=[[1], [2, 3]]),
        call("run", y=1),
        call("run", x=5),
        call("run", x=[[3, 4]]),
    ]
    replies = run(recording(sums, seen), calls)
    assert statuses(replies) == [200, 400, 400, 400, 200]
    assert bodies(replies)[3]["error"] == "`x`: an array of 0 dimensions has no dimension 0"
    assert len(seen) == 1


def fails_on_bad(x: list[str]) -> list[int]:
    if "bad" in x:
        raise ValueError("a secret of the service")
    if "refused" in x:
        raise BadInput("`refused` is no word")
    return lengths(x)


@pytest.mark.parametrize("at", [0, 31, 63])
def test_one_bad_item_of_64_fails_alone(call: MakeCall, run: Run, at: int, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    calls = [call("run", x=["bad" if number == at else "good"]) for number in range(64)]
    replies = run(recording(fails_on_bad, seen), calls)
    assert [number for number, one in enumerate(replies) if one.status != 200] == [at]
    assert replies[at].status == 500
    assert b"secret" not in replies[at].payload.body
    assert len(seen) <= 13
    (record,) = caplog.records
    assert 'request-{"x":["bad"]}' in record.message
    assert record.exc_info


def test_bad_input_that_the_service_finds_is_a_400_for_that_request_only(call: MakeCall, run: Run) -> None:
    replies = run(recording(fails_on_bad, []), [call("run", x=["a"]), call("run", x=["refused"]), call("run", x=["b"])])
    assert statuses(replies) == [200, 400, 200]
    assert bodies(replies)[1] == {"error": "`refused` is no word", "detail": None}


def test_three_bad_items_of_64_are_found(call: MakeCall, run: Run) -> None:
    calls = [call("run", x=["bad" if number in (0, 21, 42) else "good"]) for number in range(64)]
    replies = run(recording(fails_on_bad, []), calls)
    assert [number for number, one in enumerate(replies) if one.status == 500] == [0, 21, 42]


def test_a_model_that_always_fails_is_not_run_for_every_item(call: MakeCall, run: Run) -> None:
    def broken(x: list[str]) -> list[str]:
        raise RuntimeError("out of memory")

    seen: list[Any] = []
    replies = run(recording(broken, seen), [call("run", x=["a"])] * 64)
    assert statuses(replies) == [500] * 64
    assert len(seen) <= MAX_RETRIES + 1


def test_a_failed_batch_is_not_run_again_where_that_is_not_idempotent(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    once = recording(fails_on_bad, seen, idempotent=False)
    assert statuses(run(once, [call("run", x=["a"]), call("run", x=["bad"])])) == [500, 500]
    assert statuses(run(once, [call("run", x=["a"]), call("run", x=["refused"])])) == [500, 500]
    assert statuses(run(once, [call("run", x=["refused"])])) == [400]
    assert len(seen) == 3


def spoils_then_fails(x: list[dict[str, int]]) -> list[int]:
    values = [one.pop("v", -1) for one in x]
    if 13 in values:
        raise ValueError("13")
    return values


def test_a_retry_sees_what_was_sent_not_what_the_first_try_left(call: MakeCall, run: Run) -> None:
    calls = [call("run", x=[{"v": number}]) for number in (1, 2, 13, 4)]
    replies = run(recording(spoils_then_fails, []), calls)
    assert statuses(replies) == [200, 200, 500, 200]
    assert bodies(replies)[:2] + bodies(replies)[3:] == [[1], [2], [4]]


def test_a_retry_of_a_large_request_sees_what_was_sent(call: MakeCall, run: Run) -> None:
    calls = [call("run", x=[{"v": one} for one in range(20, 25)]), call("run", x=[{"v": 13}])]
    replies = run(recording(spoils_then_fails, [], max_batch_size=3), calls)
    assert statuses(replies) == [200, 500]
    assert bodies(replies)[0] == [20, 21, 22, 23, 24]


def test_a_retry_forgets_what_the_failed_try_said_of_a_reply(call: MakeCall, run: Run) -> None:
    @service
    class Teapot:
        @api(batchable=True)
        def run(self, x: list[str], ctx: Context) -> list[str]:
            if "bad" in x:
                for member in ctx.requests:
                    member.response.status_code = 418
                raise ValueError("bad")
            return x

    assert statuses(run(Teapot, [call("run", x=["a"]), call("run", x=["bad"])])) == [200, 500]


def reusing(buffer: Any) -> Callable[..., object]:
    """A method that answers in one buffer, whatever it is asked."""

    def fill(x: Array) -> Any:
        size = len(x)
        if isinstance(buffer, list):
            for place, value in zip(buffer, x, strict=False):
                place[0] = int(value)
            return buffer[:size]
        if isinstance(buffer, pd.Series):
            buffer.iloc[:size] = x
            return buffer.iloc[:size]
        buffer[:size] = x
        return buffer[:size]

    return fill


@pytest.mark.parametrize(
    "buffer", [np.zeros(4), [[0], [0], [0], [0]], pd.Series(np.zeros(4))], ids=["array", "list", "series"]
)
def test_calls_that_answer_in_one_buffer_do_not_mix(call: MakeCall, run: Run, buffer: Any) -> None:
    calls = [call("run", x=[1, 2]), call("run", x=[3, 4, 5]), call("run", x=[6.5]), call("run", x=list(range(10, 20)))]
    replies = run(recording(reusing(buffer), [], max_batch_size=4), calls)
    found = [np.ravel(one).tolist() for one in bodies(replies)]
    expected = [[1, 2], [3, 4, 5], [6 if isinstance(buffer, list) else 6.5], list(range(10, 20))]
    assert found == expected


def test_a_large_request_fails_whole_and_its_other_rows_are_not_computed(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    replies = run(recording(fails_on_bad, seen, max_batch_size=2), [call("run", x=["bad", "a", "b", "c", "d"])])
    assert statuses(replies) == [500]
    assert len(seen) == 1


def one_too_few(x: list[str]) -> list[int]:
    return [0] * (len(x) - 1)


def not_split(x: list[str]) -> list[int]:
    return {"scores": [1]}  # type: ignore[return-value]


def no_rows(x: list[str]) -> Array:
    return np.array(5)


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (one_too_few, "`run` was given 1 rows and returned 0"),
        (not_split, "`run` returned a `dict`, which cannot be split among its requests"),
        (no_rows, "`run` returned an array of 0 dimensions has no dimension 0"),
    ],
)
def test_outputs_that_do_not_fit_are_an_error_that_says_so(
    call: MakeCall, run: Run, method: Callable[..., object], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []
    replies = run(recording(method, seen), [call("run", x=["a"]), call("run", x=["b"])])
    assert statuses(replies) == [500, 500]
    assert [one["error"] for one in bodies(replies)] == [reason, reason]
    assert (len(seen), len(caplog.records)) == (3, 2)


def test_an_output_of_the_wrong_length_costs_its_own_request_only(call: MakeCall, run: Run) -> None:
    def known(x: list[str]) -> list[int]:
        return lengths([one for one in x if one != "unknown"])

    calls = [call("run", x=["unknown" if number == 21 else "good"]) for number in range(64)]
    replies = run(recording(known, []), calls)
    assert [number for number, one in enumerate(replies) if one.status != 200] == [21]
    assert bodies(replies)[21]["error"] == "`run` was given 1 rows and returned 0"


def test_outputs_of_the_wrong_length_are_not_tried_for_every_request(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    assert statuses(run(recording(one_too_few, seen), [call("run", x=["a"])] * 64)) == [500] * 64
    assert len(seen) <= MAX_RETRIES + 1


def test_outputs_of_the_wrong_length_are_not_tried_again_where_that_is_not_idempotent(call: MakeCall, run: Run) -> None:
    seen: list[Any] = []
    calls = [call("run", x=["a"]), call("run", x=["b"])]
    replies = run(recording(one_too_few, seen, idempotent=False), calls)
    assert [one["error"] for one in bodies(replies)] == ["`run` was given 2 rows and returned 1"] * 2
    assert len(seen) == 1


def test_an_output_that_cannot_be_written_fails_alone(call: MakeCall, run: Run) -> None:
    def objects(x: list[int]) -> list[Any]:
        return [object() if one == 2 else one for one in x]

    assert statuses(run(recording(objects, []), [call("run", x=[1]), call("run", x=[2])])) == [200, 500]


@service
class Tenants:
    @api(batchable=True)
    async def greet(self, names: list[str], ctx: Context) -> list[str]:
        await asyncio.sleep(0)
        ctx.response.headers["x-batch"] = str(len(ctx.requests))
        ctx.response.headers["x-tenant"] = "nobody"
        greetings = list(names)
        for member in ctx.requests:
            tenant = member.request.headers["x-tenant"]
            member.response.headers["x-tenant"] = tenant
            if tenant == "b":
                member.response.status_code = 202
            greetings[member.rows] = [f"{tenant}:{name}" for name in names[member.rows]]
        return greetings


def test_each_request_of_a_batch_keeps_its_own_context(call: MakeCall, run: Run) -> None:
    calls = [
        call("greet", [("x-tenant", "a")], names=["Ada", "Bob"]),
        call("greet", [("x-tenant", "b")], names=["Cy"]),
        call("greet", [("x-tenant", "c")], names=["Di", "Ed", "Flo"]),
    ]
    replies = run(Tenants, calls)
    assert bodies(replies) == [["a:Ada", "a:Bob"], ["b:Cy"], ["c:Di", "c:Ed", "c:Flo"]]
    assert statuses(replies) == [200, 202, 200]
    assert [dict(one.headers) for one in replies] == [
        {"x-batch": "3", "x-tenant": "a"},
        {"x-batch": "3", "x-tenant": "b"},
        {"x-batch": "3", "x-tenant": "c"},
    ]


def test_the_request_of_a_batchable_api_is_refused_even_for_one(call: MakeCall, run: Run) -> None:
    @service
    class Careless:
        @api(batchable=True)
        def run(self, x: list[str], ctx: Context) -> list[str]:
            return [ctx.request.path for _ in x]

    (reply,) = run(Careless, [call("run", x=["a"])])
    assert reply.status == 500
    assert bodies([reply])[0]["error"] == "a batchable API has no single request"


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.sampled_from(["ok", "bad"]), max_size=7), min_size=1, max_size=12),
    st.integers(1, 5),
)
def test_every_request_gets_its_own_rows_whatever_the_mix(requests: list[list[str]], limit: int) -> None:
    """Law: a request without a bad item is answered as if it were alone, while few enough are bad to be told apart."""
    seen: list[Any] = []
    declared = recording(fails_on_bad, seen, max_batch_size=limit)
    calls = [Call("run", Payload(JSON, msgspec.json.encode({"x": one})), f"r{at}") for at, one in enumerate(requests)]

    async def go() -> list[Reply]:
        executor = Executor(declared, declared())
        replies = await executor.run("run", calls)
        await executor.stop()
        return replies

    replies = asyncio.run(go())
    assert [one.status == 200 for one in replies] == ["bad" not in one for one in requests]
    assert bodies([one for one in replies if one.status == 200]) == [
        lengths(one) for one in requests if "bad" not in one
    ]
    assert all(1 <= len(one) <= limit for one in seen)


@pytest.fixture(autouse=True)
def only_our_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "ekiben.serving")


def test_replies_say_whether_the_method_was_called_exactly_once(call: MakeCall, run: Run) -> None:
    def whole(x: list[str]) -> list[int]:
        if "bad" in x:
            raise ValueError("bad")
        return [len(one) for one in x]

    def reruns(*texts: list[str], **options: Any) -> set[bool]:
        return {one.is_rerun for one in run(recording(whole, [], **options), [call("run", x=x) for x in texts])}

    assert reruns(["a"], ["b"]) == {False}
    assert reruns(["a"], []) == {False}
    assert reruns([]) == {True}
    assert reruns(["a"], ["bad"], ["b"]) == {True}
    assert reruns(["a", "b"], ["c"], max_batch_size=2) == {True}


def test_groups_that_are_called_apart_are_told_as_reruns(call: MakeCall, run: Run) -> None:
    calls = [call("run", x=[[1, 2]]), call("run", x=[[1, 2, 3]])]
    assert {one.is_rerun for one in run(recording(sums, []), calls)} == {True}


def test_each_request_of_a_batch_is_answered_in_its_own_format(call: MakeCall, run: Run) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([[1.5, 2.0]]))
    binary = Call("run", Payload("application/x-npy", stream.getvalue()), "r")
    seen: list[Any] = []

    def doubled(x: Array) -> Array:
        return 2 * x

    replies = run(recording(doubled, seen), [call("run", x=[[1.5, 2.5]]), binary])
    assert len(seen) == 1
    assert bodies(replies[:1]) == [[[3.0, 5.0]]]
    assert replies[1].payload.content_type == "application/x-npy"
    assert np.load(io.BytesIO(replies[1].payload.body)).tolist() == [[3.0, 4.0]]


def test_lists_of_images_are_joined_and_split(run: Run) -> None:
    def upload(*colours: str) -> Call:
        body = b""
        for colour in colours:
            stream = io.BytesIO()
            Image.new("RGB", (1, 1), colour).save(stream, "PNG")
            head = '--X\r\nContent-Disposition: form-data; name="x"; filename="a.png"\r\n\r\n'
            body += head.encode() + stream.getvalue() + b"\r\n"
        return Call("run", Payload("multipart/form-data; boundary=X", body + b"--X--\r\n"), "r")

    def reds(x: list[Image.Image]) -> list[int]:
        return [one.getpixel((0, 0))[0] for one in x]  # type: ignore[index]

    seen: list[Any] = []
    declared = recording(reds, seen)
    replies = run(declared, [upload("red", "black"), upload("white")])
    assert bodies(replies) == [[255, 0], [255]]
    assert [len(one) for one in seen] == [3]
    assert declared.endpoints["run"].input.count_rows(upload("red", "black").payload, 0) == 2
