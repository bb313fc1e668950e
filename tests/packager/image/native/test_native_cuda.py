"""A GPU image by the native engine, base and Python from a real registry: as built, and on a patched base."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.rebase import RebaseRequest, rebase
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.image.native.cuda_bases import CUDA, CUDA_ENV, SLIM, SLIM_ENV
from tests.packager.image.native.tiny_base import base_of
from tests.packager.small_bento import small_bento

PATCH = Entry.file("etc/patched", b"")
CUDA_LOCK = f"nvidia-cublas-cu12==12.6.4.1 --hash=sha256:{'0' * 64}\n"


def put(registry: RealRegistry, folder: Path, name: str, entries: list[Entry], env: Mapping[str, str]) -> str:
    """An image of the registry, as a reference with its digest."""
    reference = f"{registry.host}/bases/{name}"
    image = base_of(folder, entries, env=env)
    Registry.open(registry.host, environ={}).push_image(image, Reference.parse(reference))
    return f"{reference}@{image.digest}"


@pytest.fixture
def bento(registry: RealRegistry, store: Store, tmp_path: Path) -> Bento:
    """One that was built for a CUDA base, with both images pinned."""
    keys = {
        "cuda_version": "12.6",
        "base_image": put(registry, tmp_path / "blobs", "cuda:12.6", [*CUDA], CUDA_ENV),
        "python_image": put(registry, tmp_path / "blobs", "python:3.11", [*SLIM], SLIM_ENV),
    }
    return small_bento(store, docker_keys=keys)


def push(store: Store, bento: Bento, reference: str, base: str | None = None) -> Image:
    request = ContainerizeRequest(tag=bento.tag, image_tags=(reference,), base_image=base, pushes=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)
    return fetched(reference)


def fetched(reference: str) -> Image:
    parsed = Reference.parse(reference)
    return Registry.open(parsed.host, environ={}).get_image(parsed)


def test_the_image_stands_on_cuda_and_has_python(registry: RealRegistry, store: Store, bento: Bento) -> None:
    image = push(store, bento, f"{registry.host}/apps/small:1")
    said = [entry.created_by for entry in image.config.history if entry.created_by.startswith("ekiben: ")]
    assert said[:2] == [f"ekiben: Python of {registry.host}/bases/python:3.11", "ekiben: environment"]
    labels = image.config.labels
    assert labels["org.opencontainers.image.base.name"] == f"{registry.host}/bases/cuda:12.6"
    assert labels["io.ekiben.python"] == f"3.11 {bento.manifest.docker['python_image']}"
    variables = image.config.variables
    assert {name: variables[name] for name in CUDA_ENV if name != "PATH"} == {
        name: value for name, value in CUDA_ENV.items() if name != "PATH"
    }


def test_a_patched_cuda_base_gives_the_image_that_a_build_on_it_makes(
    registry: RealRegistry, store: Store, bento: Bento, tmp_path: Path
) -> None:
    reference = f"{registry.host}/apps/small:1"
    push(store, bento, reference)
    patched = put(registry, tmp_path / "blobs", "cuda:12.6", [*CUDA, PATCH], CUDA_ENV)
    wanted = push(store, bento, f"{registry.host}/apps/small:wanted", patched)
    request = RebaseRequest(image=reference, base=patched, pushes=True)
    rebase(request, store=store, reporter=SilentReporter(), environ={})
    assert fetched(reference).content == wanted.content


def test_a_base_that_has_the_python_keeps_its_own(
    registry: RealRegistry, store: Store, bento: Bento, tmp_path: Path
) -> None:
    base = put(registry, tmp_path / "blobs", "own:1", [*SLIM], SLIM_ENV)
    image = push(store, bento, f"{registry.host}/apps/small:own", base)
    assert "io.ekiben.python" not in image.config.labels
    assert image.config.variables["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert image.config.variables["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
