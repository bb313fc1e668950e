"""Several platforms pushed to a real registry under one name, and read by others."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from ekiben.oci.entries import Entry
from ekiben.oci.index import Index
from ekiben.oci.layout import Layout
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.oci.images import is_whole
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import both_bases
from tests.packager.image.podman_storage import say
from tests.packager.small_bento import save_model, small_bento

BOTH = ("linux/amd64", "linux/arm64")
NAME = "org.opencontainers.image.base.name"
DIGEST = "org.opencontainers.image.base.digest"


def put_base(registry: RealRegistry, folder: Path, *more: Entry) -> str:
    """A base for both platforms, under a tag that moves."""
    name = f"{registry.host}/bases/python:3.11"
    bases = both_bases(folder, *([more] if more else []))
    Registry.open(registry.host, environ={}).push_image(bases, Reference.parse(name))
    return name


def push(store: Store, bento: Bento, base: str, reference: str, reporter: Recorder) -> BuiltImage:
    request = ContainerizeRequest(tag=bento.tag, image_tags=(reference,), base_image=base, pushes=True, platforms=BOTH)
    environ = {"PATH": os.environ["PATH"], "HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=reporter, environ=environ)


def fetched(reference: str) -> Index:
    parsed = Reference.parse(reference)
    document = Registry.open(parsed.host, environ={}).get_manifest(parsed.repository, parsed.version)
    assert document.descriptor.media_type == OCI_INDEX
    return Index.parse(document.content)


def sent_bytes(reporter: Recorder) -> list[int]:
    found = (re.search(r"^pushed .*: (\d+) bytes were sent$", line) for line in reporter.told)
    return [int(one[1]) for one in found if one]


def test_one_name_leads_to_an_image_for_each_platform_on_its_own_base(
    registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    base, reference = put_base(registry, tmp_path), f"{registry.host}/apps/small:1"
    built = push(
        store, small_bento(store, models=[save_model(store, "iris")], platforms=BOTH), base, reference, reporter
    )
    index, below = fetched(reference), fetched(base)
    assert [str(one) for one in index.platforms] == ["linux/amd64", "linux/arm64/v8"]
    assert built.references == (f"{reference}@{built.id}",)
    assert index.annotations == {NAME: base}
    client, parsed = Registry.open(registry.host, environ={}), Reference.parse(reference)
    for image, its in zip(client.get_images(parsed), below.manifests, strict=True):
        assert image.manifest.annotations == {NAME: base, DIGEST: str(its.digest)}
        assert is_whole(image)


def test_a_base_named_by_its_indexs_digest_is_the_one_named_by_its_tag(
    registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    base, reference, bento = (
        put_base(registry, tmp_path),
        f"{registry.host}/apps/small",
        small_bento(store, platforms=BOTH),
    )
    parsed = Reference.parse(base)
    digest = Registry.open(registry.host, environ={}).get_manifest(parsed.repository, parsed.version).descriptor.digest
    pinned = push(store, bento, f"{base}@{digest}", f"{reference}:pinned", reporter)
    assert pinned.id == push(store, bento, base, f"{reference}:tagged", reporter).id


def test_what_platforms_share_is_sent_once_and_the_bases_are_mounted(
    registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    base, reference = put_base(registry, tmp_path), f"{registry.host}/apps/small:1"
    model = save_model(store, "iris", "w" * 1_000_000)
    push(store, small_bento(store, models=[model], platforms=BOTH), base, reference, reporter)
    images = Registry.open(registry.host, environ={}).get_images(Reference.parse(reference))
    below = {layer.digest for image in images for layer in image.layers[:1]}
    own = {blob.digest: blob.size_bytes for image in images for blob in image.blobs if blob.digest not in below}
    assert sent_bytes(reporter) == [sum(own.values())]
    assert sum(own.values()) < 1_100_000


def test_an_index_copied_to_a_layout_and_back_keeps_its_digest(
    registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    base, reference = put_base(registry, tmp_path), f"{registry.host}/apps/small:1"
    bento = small_bento(store, platforms=BOTH)
    built = push(store, bento, base, reference, reporter)
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    request = ContainerizeRequest(
        tag=bento.tag, base_image=base, output=f"oci:{tmp_path / 'images'}:one", platforms=("all",)
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    assert containerize(request, store=store, settings=settings, reporter=reporter, environ=environ).id == built.id
    (found,) = Layout(tmp_path / "images").descriptors()
    assert str(found.digest) == built.id


@pytest.mark.docker
def test_podman_takes_the_image_of_each_platform(
    registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path, podman_environ: Mapping[str, str]
) -> None:
    base, reference = put_base(registry, tmp_path), f"{registry.host}/apps/small:1"
    push(store, small_bento(store, platforms=BOTH), base, reference, reporter)
    podman = partial(say, podman_environ, "podman")
    for platform in BOTH:
        image = podman("pull", "--quiet", "--tls-verify=false", f"--platform={platform}", reference).strip()
        (told,) = json.loads(podman("image", "inspect", image))
        assert f"{told['Os']}/{told['Architecture']}" == platform
        assert told["Config"]["Entrypoint"][0] == "/app/venv/bin/python"
