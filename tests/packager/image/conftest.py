"""The engines for tests that make images, and a label by which a run finds its own in Docker again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import docker
import pytest

from tests.packager.image.podman_storage import storage_with

OURS = "org.example.ekiben-test"
LABEL = f"{OURS}={os.getpid()}"


@contextmanager
def engine_cleared_of(name: str) -> Iterator[docker.DockerClient]:
    """The engine; images of that name are removed at the end."""
    connected = docker.DockerClient.from_env()
    yield connected
    for image in connected.images.list(name):
        connected.images.remove(str(image.id), force=True)
    connected.close()


@pytest.fixture(scope="module")
def client(base_image: str) -> Iterator[docker.DockerClient]:
    """The engine; the images of this module are removed at the end."""
    connected = docker.DockerClient.from_env()
    yield connected
    for image in connected.images.list(filters={"label": LABEL}, all=True):
        connected.images.remove(str(image.id), force=True)
    connected.close()


@pytest.fixture(scope="session")
def podman_environ(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of a podman and a buildah that have the base image, in a storage of the tests' own."""
    if not all(map(shutil.which, ("podman", "buildah"))):
        pytest.skip("no podman or no buildah")
    with storage_with(base_image, tmp_path_factory.mktemp("podman")) as variables:
        yield variables
