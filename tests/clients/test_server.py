"""`ekiben.serve()`: a real server as a child, which never outlives whoever started it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.clients.server import serve
from ekiben.errors import ServiceError, UsageError
from tests.serving.server_process import eventually

SMALL = """
import json, os
import ekiben

@ekiben.service
class Small:
    @ekiben.api
    def argument(self) -> str | None:
        return json.loads(os.environ.get("EKIBEN_ARGS", "{}")).get("shade")
"""
STARTER = """
import sys, time
from ekiben.clients.server import serve
server = serve("small:Small")
print(server.process.pid, server._folder.name, flush=True)
time.sleep(60)
"""


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Path:
    (tmp_path / "small.py").write_text(SMALL)
    return tmp_path


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_ready_when_it_is_given_and_gone_behind_its_block(project: Path) -> None:
    with serve("small:Small", working_dir=project, args={"shade": "blue"}, log_level="warning") as server:
        with server.get_client(server_ready_timeout=0) as client:
            assert client.argument() == "blue"
        assert "serving `Small`" in server.log
        pid = server.process.pid
    assert not is_alive(pid)
    assert not server.is_running


def test_a_service_that_a_module_holds_can_be_served_itself(project: Path) -> None:
    spec = importlib.util.spec_from_file_location("small", project / "small.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small"] = module
    try:
        spec.loader.exec_module(module)
        with serve(module.Small) as server, server.get_client() as client:
            assert client.argument() is None
    finally:
        del sys.modules["small"]


def test_a_server_that_does_not_start_shows_its_log(project: Path) -> None:
    (project / "broken.py").write_text("import small\nraise RuntimeError('the weights are gone')\n")
    with pytest.raises(ServiceError, match="ended with status 1") as caught:
        serve("broken:Thing", working_dir=project)
    assert "the weights are gone" in (caught.value.hint or "")


def test_an_option_that_there_is_not_is_refused_before_anything_starts() -> None:
    with pytest.raises(UsageError, match="no option `workres`") as caught:
        serve("small:Small", workres=2)
    assert caught.value.hint == "did you mean `workers`?"


def test_no_server_outlives_a_killed_parent(project: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", STARTER], cwd=project, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid, folder = parent.stdout.readline().split()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    eventually(lambda: not is_alive(int(pid)))
    assert not Path(folder).exists()
