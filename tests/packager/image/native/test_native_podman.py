"""Native images in podman's own storage, without a Docker engine to take them there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ekiben.errors import EngineFailed, EngineUnavailable, UsageError
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.engines.podman_storage import load_archive
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.image.podman_storage import say
from tests.packager.small_bento import save_model, small_bento

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


def make(store: Store, bento: Bento, base: str, environ: Mapping[str, str], **asked: object) -> BuiltImage:
    request = ContainerizeRequest(tag=bento.tag, base_image=base, output="podman", **asked)  # type: ignore[arg-type]
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(
        request, store=store, settings=settings, reporter=SilentReporter(), environ={**environ, **OFFLINE}
    )


@pytest.mark.docker
def test_the_image_is_in_podmans_storage_as_it_was_made(
    store: Store, podman_environ: Mapping[str, str], tmp_path: Path
) -> None:
    bento = small_bento(store, models=[save_model(store, "iris")])
    built = make(store, bento, tiny_base(tmp_path), podman_environ, image_tags=("ekiben-test/native:1",))
    (told,) = json.loads(say(podman_environ, "podman", "image", "inspect", "ekiben-test/native:1"))
    assert (built.references, built.id) == (("ekiben-test/native:1",), f"sha256:{told['Id']}")
    assert told["Config"]["User"] == "1034"
    assert told["Healthcheck"]["Test"][1] == "/app/venv/bin/python"
    assert [layer.created_by for layer in built.layers][-1] == "ekiben: source"


def test_without_podman_nothing_is_made_for_it(store: Store, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no `podman` command on PATH") as raised:
        make(store, small_bento(store), tiny_base(tmp_path), {"PATH": str(tmp_path)})
    assert "--output oci:DIR" in str(raised.value.hint)
    assert not (store.cache / "layers").exists()


def test_docker_brings_no_image_there(store: Store) -> None:
    with pytest.raises(UsageError, match="docker keeps images in a storage of its own"):
        make(store, small_bento(store), "python:3.11-slim", os.environ, engine="docker")


@pytest.mark.docker
def test_what_podman_does_not_take_is_told_in_its_words(podman_environ: Mapping[str, str]) -> None:
    with pytest.raises(EngineFailed, match=r"podman does not take the image:\n.*payload does not match"):
        load_archive(podman_environ, [b"no archive"] * 3)
