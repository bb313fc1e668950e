"""The engine for tests that make images, and a label by which a run finds its own again."""

from __future__ import annotations

import os
from collections.abc import Iterator

import docker
import pytest

OURS = "org.example.ekiben-test"
LABEL = f"{OURS}={os.getpid()}"


@pytest.fixture(scope="module")
def client(base_image: str) -> Iterator[docker.DockerClient]:
    """The engine; the images of this module are removed at the end."""
    connected = docker.DockerClient.from_env()
    yield connected
    for image in connected.images.list(filters={"label": LABEL}, all=True):
        connected.images.remove(str(image.id), force=True)
    connected.close()
