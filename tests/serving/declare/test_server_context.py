"""What a process knows of itself, and modules that may be missing where nothing is served."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.server_context import ServerContext, importing

SERVING = """
from ekiben.serving.declare.server_context import importing, server_context
server_context.begin()
print(server_context.worker_index, server_context.service_name, repr(server_context.bento_name))
server_context.begin("Iris")
print(server_context.service_name, server_context.bento_version)
with importing():
    import a_module_that_nobody_has
"""


def run(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)


def test_nothing_is_served_here() -> None:
    context = ServerContext()
    assert (context.worker_index, context.service_name, context.bento_name) == (None, None, "")
    with pytest.raises(ServiceError, match="no instance in this process"):
        _ = context.instance


class Instance:
    pass


def test_the_instance_is_the_one_of_the_service_that_is_served() -> None:
    context = ServerContext()
    context.begin("Front")
    callee, front, other = Instance(), Instance(), Instance()
    found = []
    for name, instance in (("Callee", callee), ("Front", front), ("Other", other)):
        context.add(name, instance)
        found.append(context.instance)
    assert found == [callee, front, front]


def test_an_instance_is_not_kept_for_those_who_may_ask_for_it() -> None:
    context = ServerContext()
    gone, here = Instance(), Instance()
    context.add("Gone", gone)
    context.add("Here", here)
    del gone
    assert context.instance is here


def test_a_module_may_be_missing_where_nothing_is_served() -> None:
    with importing():
        importlib.import_module("a_module_that_nobody_has")


def test_a_server_says_who_it_is_and_misses_what_is_missing() -> None:
    ended = run(SERVING)
    assert ended.stdout.split() == ["1", "None", "''", "Iris", "not", "available"]
    assert "No module named 'a_module_that_nobody_has'" in ended.stderr


def test_a_workers_process_is_told_by_its_environment() -> None:
    ended = run(SERVING, EKIBEN_WORKER="3 Summarizer of Texts", EKIBEN_BENTO_VERSION="abc")
    assert ended.stdout.splitlines() == ["3 Summarizer of Texts ''", "Summarizer of Texts abc"]
    assert "No module named" in ended.stderr
