"""Builds into the Docker engine that are killed: it has the image or has it not, and the next build puts it there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from ekiben.oci.layout import Layout
from ekiben.store.local import Store
from tests.packager.image.conftest import engine_cleared_of
from tests.packager.image.native.commands import seeded
from tests.packager.image.native.workshop import NAME, Workshop, few_bentos

pytestmark = pytest.mark.docker

KILLS = 10
REFERENCE = f"ekiben-test/killed-{os.getpid()}"


@pytest.fixture
def client(base_image: str) -> Iterator[docker.DockerClient]:
    """The engine; the images of this file are removed."""
    with engine_cleared_of(REFERENCE) as connected:
        yield connected


def id_of(client: docker.DockerClient, reference: str) -> str | None:
    """The image of that name, None where the engine has none."""
    try:
        return str(client.images.get(reference).id)
    except ImageNotFound:
        return None


def test_a_build_into_the_engine_killed_at_any_instant_leaves_the_image_or_none(
    client: docker.DockerClient, store: Store, base_image: str, tmp_path: Path
) -> None:
    instants, shop = seeded(), Workshop.of(store, f"docker-daemon:{base_image}", few_bentos(store), tmp_path)
    right = {}
    for bento in shop.bentos:
        shop.commands.done(*shop.build(bento, f"oci:{tmp_path / 'images'}:{NAME}"))
        right[bento] = str(Layout(tmp_path / "images").image(NAME).manifest.config.digest)

    def build(bento: str) -> tuple[str, ...]:
        return (*shop.build(bento, "docker"), "--image-tag", f"{REFERENCE}:{bento.partition(':')[2]}")

    def look_and_go_on(bento: str) -> None:
        reference = f"{REFERENCE}:{bento.partition(':')[2]}"
        assert id_of(client, reference) in (None, right[bento])
        shop.commands.done(*build(bento))
        assert id_of(client, reference) == right[bento]
        assert client.containers.run(reference, entrypoint=["/usr/bin/ls", "/app/bento"], remove=True)
        client.images.remove(right[bento], force=True)

    shop.kill_at_random(KILLS, instants, build, look_and_go_on, forgets=(None, None, "layers"))
