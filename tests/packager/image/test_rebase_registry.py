"""Rebasing in a real registry: the image says what it stands on, and what is there is not sent again."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError, RegistryError, UsageError
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.rebase import RebaseRequest, rebase
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import DEBIAN, base_of
from tests.packager.small_bento import save_model, small_bento

PATCH = Entry.file("usr/lib/x86_64-linux-gnu/libssl.so.3", b"patched")


def put_base(registry: RealRegistry, folder: Path, *more: Entry) -> str:
    """A base under a tag that moves."""
    name = f"{registry.host}/bases/python:3.11"
    image = base_of(folder, [*DEBIAN, *more])
    Registry.open(registry.host, environ={}).push_image(image, Reference.parse(name))
    return name


def push(store: Store, bento: Bento, base: str, reference: str) -> BuiltImage:
    request = ContainerizeRequest(tag=bento.tag, image_tags=(reference,), base_image=base, pushes=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)


def fetched(reference: str) -> Image:
    parsed = Reference.parse(reference)
    return Registry.open(parsed.host, environ={}).get_image(parsed)


def test_a_moved_tag_is_enough_to_rebase_and_only_the_configuration_is_sent(
    registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    base, image = put_base(registry, tmp_path / "blobs"), f"{registry.host}/apps/small:1"
    old = fetched(base).digest
    push(store, small_bento(store, models=[save_model(store, "iris", "w" * 1_000_000)]), base, image)
    assert fetched(image).manifest.annotations["org.opencontainers.image.base.digest"] == str(old)
    put_base(registry, tmp_path / "blobs", PATCH)
    moved = rebase(RebaseRequest(image=image, base=base, pushes=True), store=store, reporter=reporter, environ={})
    after = fetched(image)
    assert moved.references == (f"{image}@{after.digest}",)
    assert after.manifest.annotations["org.opencontainers.image.base.digest"] == str(fetched(base).digest) != str(old)
    assert after.config.diff_ids[0] == fetched(base).config.diff_ids[0]
    sent = [int(found[1]) for line in reporter.told if (found := re.search(r"(\d+) bytes were sent", line))]
    assert sent == [after.manifest.config.size_bytes]


def test_the_rebased_image_is_the_one_that_a_build_pushes(registry: RealRegistry, store: Store, tmp_path: Path) -> None:
    base, image, bento = put_base(registry, tmp_path / "blobs"), f"{registry.host}/apps/small:1", small_bento(store)
    push(store, bento, base, image)
    put_base(registry, tmp_path / "blobs", PATCH)
    wanted = push(store, bento, base, f"{registry.host}/apps/wanted:1")
    request = RebaseRequest(image=image, base=base, pushes=True)
    assert rebase(request, store=store, reporter=SilentReporter(), environ={}).id == wanted.id


def test_an_old_base_that_the_registry_lost_is_asked_for(registry: RealRegistry, store: Store, tmp_path: Path) -> None:
    base, image = put_base(registry, tmp_path / "blobs"), f"{registry.host}/apps/small:1"
    push(store, small_bento(store), base, image)
    lost = fetched(base).digest
    delete_manifest(registry, lost)
    new = put_base(registry, tmp_path / "blobs", PATCH)
    request = RebaseRequest(image=image, base=new, pushes=True)
    with pytest.raises(ImageError, match=f"@{lost}` cannot be had: .*; the image says that it stands on it") as refused:
        rebase(request, store=store, reporter=SilentReporter(), environ={})
    assert "--old-base" in str(refused.value.hint)


def test_an_image_that_no_registry_has_is_no_lost_base(registry: RealRegistry, store: Store, tmp_path: Path) -> None:
    base = put_base(registry, tmp_path / "blobs")
    request = RebaseRequest(image=f"{registry.host}/apps/none:1", base=base, pushes=True)
    with pytest.raises(RegistryError, match="apps/none") as refused:
        rebase(request, store=store, reporter=SilentReporter(), environ={})
    assert "the base" not in refused.value.message


def delete_manifest(registry: RealRegistry, digest: Digest) -> None:
    """As a registry's clean-up does it."""
    kept = registry.folder.rglob(f"bases/python/_manifests/revisions/sha256/{digest.hex}/link")
    for link in list(kept):
        link.unlink()


def test_an_image_named_by_its_digest_needs_a_name_for_the_new_one(
    registry: RealRegistry, store: Store, tmp_path: Path
) -> None:
    base, image = put_base(registry, tmp_path / "blobs"), f"{registry.host}/apps/small:1"
    push(store, small_bento(store), base, image)
    request = RebaseRequest(image=f"{image}@{fetched(image).digest}", base=base, pushes=True)
    with pytest.raises(UsageError, match="names a digest, which the new image cannot have"):
        rebase(request, store=store, reporter=SilentReporter(), environ={})
