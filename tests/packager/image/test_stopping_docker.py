"""The command killed while Docker builds: its build ends, too, and the next one is as ever. Ctrl-C is in
test_containerize_docker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from ekiben.store.local import Store
from tests.packager.image.conftest import OURS
from tests.packager.small_bento import small_bento

pytestmark = pytest.mark.docker

ENDS_S = 60.0


def is_building(name: str) -> bool:
    """Whether a `docker build` of that name runs."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes())
        except OSError:  # it has just ended
            continue
    return any(b"\0build\0" in one and f"--tag={name}".encode() in one for one in commands)


def test_a_killed_command_takes_its_build_along(client: docker.DockerClient, store: Store, base_image: str) -> None:
    name = f"ekiben-test/killed-{os.getpid()}:latest"
    scripts = [f"#!/bin/sh\necho started {os.urandom(8).hex()}\nsleep 300\n", "#!/bin/sh\ntrue\n"]
    keys = {"setup_script": "env/docker/setup_script"}
    slow, quick = (small_bento(store, setup_script=one, docker_keys=keys) for one in scripts)
    ekiben = [sys.executable, "-m", "ekiben.cli", "containerize", "--engine", "docker", "--base", base_image]
    options = ["--image-tag", name, "--label", f"{OURS}={os.getpid()}", "--progress", "plain"]
    pip = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    environ = {**os.environ, **pip, "EKIBEN_HOME": str(store.home)}
    command = [*ekiben, *options, str(slow.tag)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("started" in line and "echo" not in line for line in process.stderr)
        assert is_building(name)
        process.kill()
    until_s = time.monotonic() + ENDS_S
    while is_building(name) and time.monotonic() < until_s:
        time.sleep(0.1)
    assert not is_building(name)
    subprocess.run([*ekiben, *options, str(quick.tag)], env=environ, check=True, capture_output=True)
    assert client.images.get(name).labels["io.ekiben.bento"] == str(quick.tag)
    assert len(list(store.layout.tmp.glob("*"))) == 0
