"""`Runnable` and `Runner`: what may be declared, and calls in one process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import ekiben
from ekiben.errors import BadInput, FrameworkError, NotActedOn, ServiceError
from ekiben.frameworks.runnable import methods_of


class Work(ekiben.Runnable):
    """Methods of every kind."""

    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    @ekiben.Runnable.method(batchable=True)
    def shout(self, texts: list[str], suffixes: list[str] | None = None) -> list[str]:
        return [text.upper() for text in texts]

    @ekiben.Runnable.method
    async def greet(self, name: str) -> str:
        return f"{self.greeting} {name}"

    @ekiben.Runnable.method()
    def count(self, most: int) -> Iterator[int]:
        yield from range(most)

    @ekiben.Runnable.method
    async def count_later(self, most: int) -> AsyncIterator[int]:
        for one in range(most):
            yield one

    @ekiben.Runnable.method
    def thread(self) -> str:
        return threading.current_thread().name


class Same(Work):
    """A subclass with a method of its own in the place of a marked one."""

    def shout(self, texts: list[str], suffixes: list[str] | None = None) -> list[str]:
        """Louder."""
        return [f"{text.upper()}!" for text in texts]


class Increment(ekiben.Runnable):
    """Two methods, of which `__call__` is the default."""

    @ekiben.Runnable.method
    def __call__(self, value: int) -> int:
        return value + 1

    @ekiben.Runnable.method
    def run(self, value: int) -> int:
        return value + 2


def local(cls: type[ekiben.Runnable] = Work, **options: Any) -> ekiben.Runner:
    runner = ekiben.Runner(cls, **options)
    runner.init_local(quiet=True)
    return runner


def test_marked_methods_are_attributes_that_run() -> None:
    runner = local(runnable_init_params={"greeting": "good day"})
    assert runner.shout.run(["a"]) == ["A"]
    assert asyncio.run(runner.shout.async_run(texts=["a"])) == ["A"]
    assert runner.greet.run("Ada") == asyncio.run(runner.greet.async_run("Ada")) == "good day Ada"


def test_streams_come_item_by_item_whatever_makes_them() -> None:
    runner = local()

    async def items(method: str) -> list[int]:
        return [item async for item in getattr(runner, method).async_stream(3)]

    assert asyncio.run(items("count")) == asyncio.run(items("count_later")) == [0, 1, 2]


def test_synchronous_methods_that_are_awaited_run_in_one_thread() -> None:
    runner = local()

    async def names() -> set[str]:
        return set(await asyncio.gather(*(runner.thread.async_run() for _ in range(8))))

    assert len(asyncio.run(names())) == 1


def test_arguments_of_a_batchable_method_have_one_length() -> None:
    with pytest.raises(BadInput, match=r"\[1, 2\]"):
        local().shout.run(["a"], ["b", "c"])


def test_a_subclass_keeps_the_marks_with_its_own_code() -> None:
    assert local(Same).shout.run(["a"]) == ["A!"]
    assert methods_of(Same)["shout"].batchable
    assert methods_of(Same)["shout"].doc == "Louder."


def test_the_default_method_is_the_only_one_or_call() -> None:
    assert local(Increment).methods["__call__"].run(1) == 2
    assert local(Increment).run(1) == 3  # a method named `run` is meant by its name
    with pytest.raises(ServiceError) as caught:
        local().run(1)
    assert caught.value.hint is not None
    assert "`work.shout.run`" in caught.value.hint


def test_a_runner_that_runs_nowhere_says_how_it_would() -> None:
    runner = ekiben.Runner(Work)
    assert not runner.is_ready
    with pytest.raises(ServiceError, match="`work` does not run here"):
        runner.shout.run(["a"])
    runner.init_local(quiet=True)
    assert asyncio.run(runner.runner_handle_is_ready())
    runner.destroy()
    assert not runner.is_ready


def test_running_in_this_process_is_told(caplog: pytest.LogCaptureFixture) -> None:
    ekiben.Runner(Work).init_local()
    assert "tests and scripts" in caplog.text


class Nothing(ekiben.Runnable):
    """No method."""


class Streaming(ekiben.Runnable):
    """A batchable method that answers in pieces."""

    @ekiben.Runnable.method(batchable=True)
    def pieces(self, rows: list[int]) -> Iterator[int]:
        yield 1


class Named(ekiben.Runnable):
    """A method whose name is the runner's own."""

    @ekiben.Runnable.method
    def models(self) -> None: ...


@pytest.mark.parametrize(
    "options",
    [
        {"runnable_class": Nothing},
        {"runnable_class": Streaming},
        {"runnable_class": Named},
        {"runnable_class": dict},
        {"runnable_class": Work, "name": "a b"},
        {"runnable_class": Work, "max_batch_size": 0},
        {"runnable_class": Work, "max_latency_ms": 0},
        {"runnable_class": Work, "method_configs": {"shuot": {"max_batch_size": 1}}},
        {"runnable_class": Work, "method_configs": {"shout": {"max_size": 1}}},
    ],
)
def test_what_cannot_be_run_is_refused_where_it_is_declared(options: dict[str, Any]) -> None:
    with pytest.raises(ServiceError):
        ekiben.Runner(**options)


def test_a_scheduling_strategy_is_refused_with_what_stands_in_for_it() -> None:
    with pytest.raises(NotActedOn) as caught:
        ekiben.Runner(Work, scheduling_strategy=object)
    assert caught.value.hint is not None
    assert "workers_per_resource" in caught.value.hint


def test_a_saved_model_becomes_a_runner_of_its_signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EKIBEN_HOME", str(tmp_path))
    saved = ekiben.picklable_model.save_model(
        "numbers", {1: "one"}, signatures={"get": {"batchable": False}, "keys": {"batchable": True, "batch_dim": 0}}
    )
    runner = saved.to_runner(name="Numbers", max_batch_size=4)
    runner.init_local(quiet=True)
    assert (runner.name, runner.models[0].tag) == ("Numbers", saved.tag)
    assert runner.get.run(1) == "one"
    assert [one.declared.batchable for one in runner.methods.values()] == [False, True]
    assert saved.to_runner().name == "numbers"


def test_a_model_without_a_framework_says_what_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EKIBEN_HOME", str(tmp_path))
    with ekiben.models.create("plain") as draft:
        (draft.path / "weights").write_bytes(b"1")
    with pytest.raises(FrameworkError) as caught:
        draft.model.to_runner()
    assert caught.value.hint is not None
    assert "ekiben.Runnable" in caught.value.hint
