"""How images run: as any user, on a read-only root, without a network, until they are told to stop; and what services
find in them, on a distribution's base and on one without even a shell."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.end_to_end.machine import Machine, post

HARDENED = (
    *("--user", "4242:0", "--read-only", "--tmpfs", "/tmp"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
HEALTHY_WITHIN_S = 60.0
SERVICE = '''\
import time

import ekiben


@ekiben.service
class Needs:
    """Does what services do beside computing."""

    @ekiben.api
    def find(self, code: str) -> str:
        """What the expression is, or the error's name."""
        try:
            return str(eval(code))
        except Exception as error:
            return type(error).__name__

    @ekiben.api
    def sleep(self, seconds: float) -> float:
        """Takes its time."""
        time.sleep(seconds)
        return seconds
'''
BENTOFILE = """\
service: "service:Needs"
include: ["service.py"]
python: {packages: [joblib]}
"""
# What docs/images.md says that services find: on any base, and where it differs.
FOUND = {
    "__import__('tempfile').gettempdir()": "/tmp",
    "__import__('pathlib').Path.home()": "/tmp",
    "__import__('pathlib').Path('beside').write_text('x')": "OSError",
    "__import__('joblib').Parallel(2)(map(__import__('joblib').delayed(abs), [-1, -2]))": "[1, 2]",
    "__import__('multiprocessing').get_context('spawn').Pool(2).map(abs, [-1, -2])": "[1, 2]",
    "__import__('locale').getpreferredencoding()": "utf-8",
    "__import__('locale').setlocale(0, 'de_DE.UTF-8')": "Error",
    "__import__('getpass').getuser()": "ekiben",
    "len(__import__('ssl').create_default_context().get_ca_certs()) > 9": "True",
    "__import__('sqlite3').connect(':memory:').execute('select 1').fetchall()": "[(1,)]",
    "__import__('socket').gethostbyname('localhost')": "127.0.0.1",
}
DIFFERING = {
    "__import__('os').path.exists('/bin/sh')": ("True", "False"),
    "__import__('zoneinfo').ZoneInfo('Europe/Rome')": ("Europe/Rome", "ZoneInfoNotFoundError"),
    "__import__('ctypes.util').util.find_library('c')": ("libc.so.6", "None"),
    "bool(__import__('readline'))": ("True", "ModuleNotFoundError"),
}

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def builder(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with the Bento."""
    folder = tmp_path_factory.mktemp("containers")
    machine = Machine(environment, folder / "home", folder)
    project = folder / "project"
    project.mkdir()
    (project / "service.py").write_text(SERVICE)
    (project / "bentofile.yaml").write_text(BENTOFILE)
    machine.run("ekiben", "build", str(project))
    return machine


@pytest.fixture(scope="module", params=["debian", "host"])
def image(request: pytest.FixtureRequest, builder: Machine, base_image: str) -> Iterator[str]:
    """The image on a base, removed at the end."""
    reference = f"ekiben-test/needs-{request.param}:{os.getpid()}"
    base = "host" if request.param == "host" else base_image
    builder.run("ekiben", "containerize", "needs", "--engine", "native", "--base", base, "--image-tag", reference)
    yield reference
    builder.run("docker", "image", "rm", "--force", reference, check=False)


def test_a_container_without_rights_finds_what_the_manual_says(builder: Machine, image: str) -> None:
    is_host = "-host:" in image
    with builder.container(image, *HARDENED) as container:
        found = {code: post(f"{container.url}/find", code=code) for code in (*FOUND, *DIFFERING)}
        ids = post(f"{container.url}/find", code="(__import__('os').getuid(), __import__('os').getgid())")
    assert ids == "(4242, 0)"
    assert found == {**FOUND, **{code: either[is_host] for code, either in DIFFERING.items()}}


def test_without_a_place_for_temporary_files_what_needs_none_is_answered(builder: Machine, image: str) -> None:
    with builder.container(image, "--read-only") as container:
        assert post(f"{container.url}/find", code="1 + 1") == "2"
        assert post(f"{container.url}/find", code="__import__('tempfile').mkstemp()") == "FileNotFoundError"
        builder.run("docker", "exec", container.name, "/app/venv/bin/python", "-m", "ekiben.serving.healthcheck")


@pytest.mark.parametrize("arguments", [["--port", "8080"], ["serve", "--port", "8080"]])
def test_what_stands_after_the_image_goes_to_the_server(builder: Machine, image: str, arguments: list[str]) -> None:
    with builder.container(image, arguments=arguments, port=8080) as container:
        assert post(f"{container.url}/find", code="6 * 7") == "42"


def test_the_engine_finds_it_healthy_without_a_shell_and_without_a_network(builder: Machine, image: str) -> None:
    container = builder.out("docker", "run", "--detach", "--network", "none", *HARDENED, image)
    try:
        until_s = time.monotonic() + HEALTHY_WITHIN_S
        state = ""
        while state != "healthy":
            assert time.monotonic() < until_s, state
            state = builder.out("docker", "inspect", "--format", "{{.State.Health.Status}}", container)
            time.sleep(0.2)
    finally:
        builder.run("docker", "rm", "--force", container)


def test_docker_stop_waits_for_what_was_asked(builder: Machine, image: str) -> None:
    with ThreadPoolExecutor(1) as pool, builder.container(image) as container:
        answer = pool.submit(post, f"{container.url}/sleep", seconds=3.0)
        time.sleep(1.0)
        builder.run("docker", "stop", "--time", "30", container.name)
        assert answer.result() == 3.0
        status = builder.out("docker", "inspect", "--format", "{{.State.ExitCode}}", container.name)
    assert status == "0"
