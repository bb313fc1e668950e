"""Fixtures of all tests: a store of their own, a real Docker engine, and no skips where CI says so."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from ekiben.settings import load_settings
from ekiben.store.local import Store, open_store

NO_SKIPS = "EKIBEN_TEST_NO_SKIPS"  # set in CI: a skipped test is a failed one
BASE_IMAGE = "EKIBEN_TEST_BASE_IMAGE"  # a Debian image with python3 and pip that the engine has

hypothesis.settings.register_profile("ekiben", deadline=None)  # a busy machine must not fail a property
hypothesis.settings.load_profile("ekiben")


def pytest_configure(config: pytest.Config) -> None:
    """Lets Ctrl-C through: a shell starts its background jobs, CI's among them, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes what the code says now into the golden files, for reading in the diff."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files from what the code says now")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure where nothing may be skipped."""
    report = yield
    if report.skipped and os.environ.get(NO_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store's folder of the test's own, named in the environment for child processes, too."""
    folder = tmp_path / "home"
    monkeypatch.setenv("EKIBEN_HOME", str(folder))
    monkeypatch.delenv("EKIBEN_BENTO", raising=False)
    return folder


@pytest.fixture
def store(home: Path) -> Store:
    """The empty store in `home`."""
    return open_store(load_settings({"EKIBEN_HOME": str(home)}))


@pytest.fixture(scope="session")
def base_image() -> str:
    """The base image that the engine of DOCKER_HOST has."""
    name = os.environ.get(BASE_IMAGE)
    if not name:
        pytest.skip(f"{BASE_IMAGE} names no base image")
    docker = next((path for path in ("/usr/bin/docker", shutil.which("docker")) if path and Path(path).exists()), None)
    if docker is None:
        pytest.skip("no docker CLI")
    if subprocess.run([docker, "image", "inspect", name], capture_output=True, check=False).returncode:
        pytest.skip(f"no Docker engine that has `{name}` answers")
    return name
