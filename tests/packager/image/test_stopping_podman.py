"""podman and buildah ended in the middle of a build, by Ctrl-C and by kill -9: nothing of theirs stays, and the next
build is as ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.podman_storage import say
from tests.packager.small_bento import small_bento

pytestmark = pytest.mark.docker

ENDS_S = 30.0


@pytest.fixture
def environ(podman_environ: Mapping[str, str], store: Store) -> Mapping[str, str]:
    """The environment of the command."""
    return {**podman_environ, "EKIBEN_HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A folder of this machine; builds wait in it until a file `go` is there."""
    (tmp_path / "gate").mkdir()
    return tmp_path / "gate"


@pytest.fixture
def bento(store: Store, gate: Path) -> Bento:
    """One whose setup script is a minute's sleep, but for an open gate."""
    script = f"#!/bin/sh\ntest -e {gate}/go && exit 0\necho started {os.urandom(8).hex()}\nsleep 61\n"
    return small_bento(store, setup_script=script, docker_keys={"setup_script": "env/docker/setup_script"})


def containerize(engine: str, base: str, bento: Bento, gate: Path) -> list[str]:
    """The command that makes the image."""
    command = [sys.executable, "-m", "ekiben.cli", "containerize", str(bento.tag), "--engine", engine, "--base", base]
    return [
        *command,
        "--image-tag",
        f"ekiben-test/{engine}:stopped",
        "--progress",
        "plain",
        "--opt",
        f"volume={gate}:{gate}",
    ]


@contextmanager
def building(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The command while its setup script sleeps."""
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("started" in line and "echo" not in line for line in process.stderr)
        yield process


def children(environ: Mapping[str, str]) -> set[str]:
    """Command lines of the processes that were started with this storage."""
    mark, found = f"CONTAINERS_STORAGE_CONF={environ['CONTAINERS_STORAGE_CONF']}".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                found.add((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def left(environ: Mapping[str, str]) -> tuple[list[object], list[str], set[str]]:
    """Working containers, their mounts, and processes."""
    containers = json.loads(say(environ, "buildah", "containers", "--json") or "null") or []
    graph = Path(environ["CONTAINERS_STORAGE_CONF"]).parent / "graph"
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if f"{graph}/overlay/" in line]
    return containers, mounts, children(environ)


NOTHING: tuple[list[object], list[str], set[str]] = ([], [], set())


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_ctrl_c_leaves_no_container_mount_process_or_file_and_the_next_build_is_made(
    store: Store, base_image: str, environ: Mapping[str, str], bento: Bento, gate: Path, engine: str
) -> None:
    command = containerize(engine, base_image, bento, gate)
    with building(command, environ) as process:
        process.send_signal(signal.SIGINT)
        said = process.stderr.read() if process.stderr else ""
    assert process.returncode == 130, said
    assert "was stopped" in said
    assert list(store.layout.tmp.glob("*")) == []
    assert left(environ) == NOTHING
    (gate / "go").touch()
    assert say(environ, *command) == f"ekiben-test/{engine}:stopped\n"
    assert left(environ) == NOTHING


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_what_a_kill_leaves_is_removed_by_the_next_build(
    store: Store, base_image: str, environ: Mapping[str, str], bento: Bento, gate: Path, engine: str
) -> None:
    command = containerize(engine, base_image, bento, gate)
    with building(command, environ) as process:
        process.kill()
    (gate / "go").touch()
    assert say(environ, *command) == f"ekiben-test/{engine}:stopped\n"
    until_s = time.monotonic() + ENDS_S
    while left(environ) != NOTHING and time.monotonic() < until_s:
        time.sleep(0.1)
    assert left(environ) == NOTHING


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_a_build_that_fails_leaves_no_container(
    store: Store, base_image: str, environ: Mapping[str, str], engine: str
) -> None:
    bento = small_bento(store, docker_keys={"python_version": "3.12"})
    command = [sys.executable, "-m", "ekiben.cli", "containerize", str(bento.tag), "--engine", engine]
    failed = subprocess.run([*command, "--base", base_image], env=environ, capture_output=True, text=True, check=False)
    assert failed.returncode == 1, failed.stderr
    assert left(environ) == NOTHING
