"""A runner as a service: whatever its methods are called with is batched, and comes back to who asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ekiben
from ekiben.serving.classic.arguments import ArgumentsInput
from ekiben.serving.classic.runners import RunnerService
from ekiben.serving.execution.executor import Executor
from ekiben.serving.payload.call_arguments import CallArguments, arguments_of
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import VALUES, decode_values, encode_values
from ekiben.serving.wire import JSON, Call, Payload, Reply

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Adding(ekiben.Runnable):
    """Notes what its methods were called with."""

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.sizes: list[int] = []

    @ekiben.Runnable.method(batchable=True)
    def add(self, one: Any, other: Any, *, factor: int = 1) -> Any:
        self.sizes.append(len(one))
        return (np.asarray(one) + np.asarray(other)) * factor + self.start

    @ekiben.Runnable.method(batchable=True, batch_dim=(1, 0))
    def columns(self, table: Any) -> Any:
        return table.sum(axis=0)

    @ekiben.Runnable.method
    def single(self, *values: int, **named: int) -> dict[str, object]:
        return {"values": list(values), **named}


def run(method: str, calls: Sequence[Arguments], start: int = 0) -> tuple[list[Reply], Adding]:
    """The replies to calls that come as one batch, and the Runnable afterwards."""
    service = RunnerService(ekiben.Runner(Adding, name="Adder", runnable_init_params={"start": start}))
    spec = service.endpoints[method].input
    instance = service()

    async def go() -> list[Reply]:
        executor = Executor(service, instance)
        bodies = [encode_values(spec.by_name(args, kwargs, "it")) for args, kwargs in calls]
        return await executor.run(method, [Call(method, body, "id") for body in bodies])

    return asyncio.run(go()), instance


def values_of(replies: Sequence[Reply]) -> list[Any]:
    return [decode_values(one.payload.body) for one in replies]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_all_arguments_are_joined_in_step_and_each_call_gets_its_rows(sizes: list[int]) -> None:
    tables = [np.full((rows, 2), at) for at, rows in enumerate(sizes)]
    replies, runnable = run("add", [((table, table + 1), {}) for table in tables])
    for table, value in zip(tables, values_of(replies), strict=True):
        assert np.array_equal(value, 2 * table + 1)
    assert runnable.sizes == [sum(sizes)]


def test_named_arguments_are_joined_too_and_others_have_to_be_equal() -> None:
    calls: list[Arguments] = [
        (([1], [1]), {}),
        (([2],), {"other": [2]}),
        (([3],), {"other": [3]}),
        (([4], [4]), {"factor": 10}),
    ]
    replies, runnable = run("add", calls, start=1)
    assert [value.tolist() for value in values_of(replies)] == [[3], [5], [7], [81]]
    assert sorted(runnable.sizes) == [1, 1, 2]


def test_the_dimension_that_is_joined_is_the_methods() -> None:
    replies, _ = run("columns", [((np.ones((2, 1)),), {}), ((np.ones((2, 3)),), {})])
    assert [value.tolist() for value in values_of(replies)] == [[2.0], [2.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    ("arguments", "said"), [(([1, 2], [1]), "differ in length"), ((3, 4), "no argument is a list or array")]
)
def test_arguments_that_no_batch_can_hold_are_a_400_for_themselves_alone(arguments: Any, said: str) -> None:
    bad, good = run("add", [(arguments, {}), (([1], [1]), {})])[0]
    assert (bad.status, good.status) == (400, 200)
    assert said.encode() in bytes(bad.payload.body)


def test_a_method_that_takes_no_batches_gets_what_it_was_called_with() -> None:
    replies, _ = run("single", [((1, 2), {"a": 3}), ((), {})])
    assert values_of(replies) == [{"values": [1, 2], "a": 3}, {"values": []}]


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        (b"[1, 2]", CallArguments((1, 2), {})),
        (b'{"0": 1, "a": 2}', CallArguments((1,), {"a": 2})),
        (b"", CallArguments((), {})),
    ],
)
def test_a_runner_that_is_served_alone_reads_json(body: bytes, arguments: CallArguments) -> None:
    with RequestFolder() as folder:
        assert ArgumentsInput().decode(Payload(JSON, body), folder) == {"arguments": arguments}


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [(b"3", JSON, 400), (b'{"1": 1}', JSON, 400), (b"[", JSON, 400), (b"x", "a/b", 415)],
)
def test_a_body_that_is_no_arguments_is_refused(body: bytes, media_type: str, status: int) -> None:
    with RequestFolder() as folder, pytest.raises(ekiben.exceptions.BentoMLException) as caught:
        ArgumentsInput().decode(Payload(media_type, body), folder)
    assert caught.value.http_status == status


@given(st.lists(st.integers()), st.dictionaries(st.sampled_from(["a", "b"]), st.integers()))
def test_arguments_travel_round(positional: list[int], named: dict[str, int]) -> None:
    arguments = CallArguments(tuple(positional), named)
    assert arguments_of(arguments.by_key()) == arguments


def test_rows_are_counted_by_the_head_alone() -> None:
    spec = ArgumentsInput()
    assert spec.count_rows(encode_values({"0": np.ones((5, 2))}), 0) == 5
    assert spec.count_rows(encode_values({"0": np.ones((5, 2))}), 1) == 2
    assert spec.count_rows(encode_values({"rows": [1, 2, 3], "factor": 2}), 0) == 3
    assert spec.count_rows(encode_values({"factor": 2}), 0) == 1
    assert spec.count_rows(Payload(VALUES, b"nonsense"), 0) == 1
    assert spec.count_rows(Payload(JSON, b"[[1, 2]]"), 0) == 2
    assert spec.count_rows(Payload(JSON, b"[]"), 0) == 1


def test_the_code_says_limits_workers_and_what_may_be_batched() -> None:
    runner = ekiben.Runner(
        Adding, name="Adder", max_batch_size=32, max_latency_ms=10, method_configs={"columns": {"max_batch_size": 4}}
    )
    service = RunnerService(runner)
    batches = {name: one.batch for name, one in service.endpoints.items()}
    assert batches["single"] is None
    assert batches["add"] is not None
    assert batches["columns"] is not None
    assert (batches["add"].max_batch_size, batches["add"].max_latency_s, batches["columns"].max_batch_size) == (
        32,
        0.01,
        4,
    )
    assert service.config == {"traffic": {"timeout": 900}, "workers": "cpu_count", "resources": {"cpu": 1}}
    assert RunnerService(ekiben.Runner(Adding, embedded=True)).config["isolation"] == "none"
    assert service.runner_facts is not None
    assert service.runner_facts.single == ["single"]
