"""Pushes that are killed at random instants: the registry has the old image or the new, and the next push ends well."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.image.native.commands import seeded
from tests.packager.image.native.tiny_base import DEBIAN, base_of
from tests.packager.image.native.workshop import Workshop, assert_whole, few_bentos

KILLS = 100
PER_REPOSITORY = 5  # images that a repository gets one after the other; at first it has no blob of them


@pytest.fixture
def pushing(registry: RealRegistry, store: Store, tmp_path: Path) -> Workshop:
    """Bentos whose base is in the registry, too."""
    base = f"{registry.host}/bases/python:3.11"
    Registry.open(registry.host, environ={}).push_image(base_of(tmp_path / "blobs", DEBIAN), Reference.parse(base))
    return Workshop.of(store, base, few_bentos(store), tmp_path)


def pulled(host: str, repository: str) -> Digest | None:
    """The image that is `latest` there, every blob of it; None where there is none."""
    client = Registry.open(host, environ={})
    if client.head_manifest(repository, "latest") is None:
        return None
    return assert_whole(client.get_image(Reference(host, repository, "latest")))


@pytest.mark.timeout(1200)  # a minute where nothing else runs
def test_a_push_killed_at_any_instant_leaves_the_old_image_or_the_new_and_the_next_ends_well(
    registry: RealRegistry, pushing: Workshop
) -> None:
    instants, host, pushed = seeded(), registry.host, list[Digest]()

    def repository() -> str:
        return f"apps/small-{len(pushed) // PER_REPOSITORY}"

    def push(bento: str) -> tuple[str, ...]:
        reference = f"{host}/{repository()}:latest"
        return ("containerize", bento, "--base", pushing.base, "--image-tag", reference, "--push")

    def look_and_go_on(bento: str) -> None:
        before = pushed[-1] if len(pushed) % PER_REPOSITORY else None
        if pushed:  # what was pushed first, to find out how long it takes, was not killed
            assert pulled(host, repository()) in (before, pushing.right[bento])
        pushing.commands.done(*push(bento))
        assert pulled(host, repository()) == pushing.right[bento]
        pushed.append(pushing.right[bento])

    pushing.kill_at_random(KILLS, instants, push, look_and_go_on, forgets=(None, None, "layers"))
