"""The runtime wheel alone: what an image carries starts the server, and brings nothing that only a builder needs."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ekiben.packager.runtime_wheel import build_runtime_wheel
from tests.end_to_end.machine import Machine, free_port, post, wait_until_ready

BUILDER_ONLY = {
    *("typer", "rich", "docker", "pip-tools", "uv", "pathspec", "jinja2", "watchfiles", "packaging"),
    *("fastapi-swagger", "fastapi", "starlette", "anyio"),
}
SERVICE = """\
import ekiben

@ekiben.service
class Echo:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """An environment that holds the runtime wheel and its requirements, as an image does, and a small service."""
    folder = tmp_path_factory.mktemp("image")
    wheel = build_runtime_wheel()
    (folder / wheel.file_name).write_bytes(wheel.content)
    (folder / "service.py").write_text(SERVICE)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [str(folder / "venv/bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, str(folder / wheel.file_name)], check=True)
    return Machine(folder / "venv/bin", folder / "home", folder)


def test_the_runtime_brings_nothing_that_only_a_builder_needs(image: Machine) -> None:
    listed = json.loads(image.out("python", "-m", "pip", "list", "--format", "json"))
    assert not BUILDER_ONLY & {package["name"].lower() for package in listed}


def test_the_runtime_alone_serves(image: Machine) -> None:
    port = free_port()
    command = [str(image.bin / "python"), "-m", "ekiben.serving", "service:Echo", "--port", str(port)]
    server = subprocess.Popen(command, cwd=image.folder, env=image.environ())
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        assert post(f"http://127.0.0.1:{port}/echo", text="hello") == "hello"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/static/swagger-ui-bundle.js", timeout=10) as page:
            assert b"SwaggerUIBundle" in page.read()
    finally:
        server.terminate()
        assert server.wait(timeout=30) == 0


def test_the_commands_are_not_in_it(image: Machine) -> None:
    assert image.run("python", "-c", "import ekiben.cli", check=False).returncode == 1
    assert not Path(image.bin / "ekiben").exists()
