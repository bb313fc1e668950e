"""The whole client against a real registry."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import AccessDenied, ImageError, NotFound, NotInRegistry, RegistryError
from ekiben.oci.artifact_store import Download, Outcome
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import Image, JoinedSource
from ekiben.oci.image_index import ImageIndex
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.reference import Reference
from ekiben.oci.registry.credentials import Login
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.real_registry import PASSWORD, USER, RealRegistry
from tests.oci.registry.talking import blob_of, image_of, registry_at

CHUNK = 64 * 1024
SMALL, LARGE = 1000, 5 * CHUNK + 17


@pytest.mark.parametrize("size_bytes", [0, 1, SMALL, CHUNK, LARGE])
def test_a_pushed_blob_pulls_back_byte_for_byte(real_registry: RealRegistry, size_bytes: int) -> None:
    registry = registry_at(real_registry.host, chunk_bytes=CHUNK)
    blob, open_content = blob_of(size_bytes)
    assert registry.head_blob("a/b", blob.digest) is None
    pushed = registry.push_blob("a/b", blob, open_content)
    assert (pushed.outcome, pushed.sent_bytes) == (Outcome.SENT, size_bytes)
    assert registry.head_blob("a/b", blob.digest) == size_bytes
    assert b"".join(registry.get_blob("a/b", blob)) == open_content().read()


def test_a_blob_that_is_there_is_not_sent_again(registry: Registry) -> None:
    blob, open_content = blob_of(SMALL)
    registry.push_blob("a", blob, open_content)
    pushed = registry.push_blob("a", blob, open_content)
    assert (pushed.outcome, pushed.sent_bytes) == (Outcome.PRESENT, 0)


def test_a_blob_of_another_repository_is_mounted(registry: Registry) -> None:
    blob, open_content = blob_of(SMALL)
    registry.push_blob("models/iris", blob, open_content)
    pushed = registry.push_blob("image", blob, open_content, mounts=["none/such", "models/iris"])
    assert (pushed.outcome, pushed.sent_bytes) == (Outcome.MOUNTED, 0)
    assert registry.head_blob("image", blob.digest) == SMALL


def test_a_blob_that_cannot_be_mounted_is_sent(registry: Registry) -> None:
    blob, open_content = blob_of(SMALL)
    assert registry.push_blob("image", blob, open_content, mounts=["models/iris"]).outcome == Outcome.SENT


def test_a_pushed_image_is_fetched_again(registry: Registry, real_registry: RealRegistry) -> None:
    image, reference = image_of(LARGE), Reference.parse(f"{real_registry.host}/iris:1")
    pushed = registry.push_image(image, reference)
    assert pushed.manifest.digest == image.digest
    fetched = registry.get_image(reference)
    assert (fetched.digest, fetched.config) == (image.digest, image.config)
    for layer in image.layers:
        with fetched.source.open(layer.digest) as stream, image.source.open(layer.digest) as original:
            assert stream.read() == original.read()


def test_an_image_of_which_one_layer_is_new_sends_that_layer_and_a_configuration(
    registry: Registry, real_registry: RealRegistry
) -> None:
    reference = Reference.parse(f"{real_registry.host}/iris:1")
    registry.push_image(image_of(LARGE, seeds=(1, 2)), reference)
    pushed = registry.push_image(image_of(LARGE, seeds=(1, 3)), reference)
    assert LARGE < pushed.sent_bytes < LARGE + 1000
    assert registry.head_manifest("iris", "1") == pushed.manifest


def test_an_image_is_pushed_by_its_digest_alone(registry: Registry, real_registry: RealRegistry) -> None:
    image = image_of(LARGE)
    reference = Reference(real_registry.host, "iris", digest=image.digest)
    registry.push_image(image, reference)
    assert registry.get_image(reference).digest == image.digest


def test_of_an_index_the_image_for_the_platform_is_fetched(registry: Registry, real_registry: RealRegistry) -> None:
    images = [image_of(LARGE), image_of(LARGE, seeds=(3,), architecture="arm64")]
    for image in images:
        registry.push_image(image, Reference(real_registry.host, "iris", digest=image.digest))
    registry.push_manifest("iris", Index(tuple(one.descriptor for one in images)).to_bytes(), OCI_INDEX, "both")
    reference = Reference.parse(f"{real_registry.host}/iris:both")
    assert registry.get_image(reference, Platform.parse("linux/arm64")).digest == images[1].digest
    with pytest.raises(ImageError, match=r"no image for `linux/riscv64`; it has `linux/amd64`, `linux/arm64`"):
        registry.get_image(reference, Platform.parse("linux/riscv64"))


def test_the_images_of_an_index_come_and_go_together_and_share_what_they_can(
    registry: Registry, real_registry: RealRegistry
) -> None:
    index = ImageIndex.of([image_of(LARGE), image_of(LARGE, seeds=(1, 3), architecture="arm64")])
    reference = Reference.parse(f"{real_registry.host}/iris:both")
    pushed = registry.push_image(index, reference)
    assert pushed.manifest == registry.head_manifest("iris", "both") == index.descriptor
    assert 3 * LARGE < pushed.sent_bytes < 3 * LARGE + 1000
    assert [one.digest for one in registry.get_images(reference)] == [one.digest for one in index.images]
    asked = [Platform.parse("linux/arm64"), Platform.parse("linux/amd64")]
    assert [one.digest for one in registry.get_images(reference, asked)] == [one.digest for one in index.images[::-1]]
    assert registry.push_image(index, reference).sent_bytes == 0


def test_an_index_gets_its_name_when_all_its_images_are_there(registry: Registry, real_registry: RealRegistry) -> None:
    whole, torn = image_of(LARGE), image_of(LARGE, seeds=(3,), architecture="arm64")
    index = ImageIndex.of([whole, Image(torn.manifest, torn.config, JoinedSource())])
    with pytest.raises(NotFound, match="is nowhere to be read"):
        registry.push_image(index, Reference.parse(f"{real_registry.host}/iris:both"))
    assert registry.head_manifest("iris", "both") is None


def test_what_is_not_there_is_told_apart(registry: Registry, real_registry: RealRegistry) -> None:
    blob, _ = blob_of(SMALL)
    assert registry.head_manifest("iris", "none") is None
    with pytest.raises(NotInRegistry, match=r"`localhost` has no manifest `none` in `iris`|has no manifest `none`"):
        registry.get_manifest("iris", "none")
    with pytest.raises(NotInRegistry, match=f"has no blob `{blob.digest}` in `iris`"):
        list(registry.get_blob("iris", blob))


def test_a_registry_with_a_password_takes_the_right_one_alone(tmp_path: Path) -> None:
    running = RealRegistry(tmp_path / "registry", has_password=True)
    running.start()
    blob, open_content = blob_of(SMALL)
    registry_at(running.host, Login(USER, PASSWORD)).push_blob("a", blob, open_content)
    with pytest.raises(AccessDenied, match=r"with the credentials that it was shown") as refused:
        registry_at(running.host, Login(USER, "guess")).push_blob("a", blob, open_content)
    assert refused.value.hint == f"log in again with `ekiben login {running.host}`"
    with pytest.raises(AccessDenied, match=r"to somebody without credentials"):
        registry_at(running.host).head_blob("a", blob.digest)
    running.kill()


def test_content_that_is_shorter_than_said_is_an_error_and_leaves_nothing(registry: Registry) -> None:
    blob, open_content = blob_of(SMALL)
    with pytest.raises(RegistryError, match=r"the content of `sha256:\w+` ends at byte 999"):
        registry.push_blob("a", blob, lambda: io.BytesIO(open_content().read()[:-1]))
    assert registry.head_blob("a", blob.digest) is None


def test_content_that_changed_meanwhile_is_refused(registry: Registry) -> None:
    blob, _ = blob_of(SMALL)
    with pytest.raises(RegistryError, match=r"answered 400 to blob") as refused:
        registry.push_blob("a", blob, lambda: io.BytesIO(bytes(SMALL)))
    assert refused.value.hint == "was the content changed meanwhile?"


def test_the_error_of_the_layer_that_failed_ends_a_push(registry: Registry, real_registry: RealRegistry) -> None:
    image = image_of(LARGE, seeds=(1, 2, 3, 4, 5, 6))
    missing = image.layers[2].digest
    kept = {one.digest: image.source.open(one.digest).read() for one in image.blobs if one.digest != missing}
    with pytest.raises(NotFound, match=rf"the blob `{missing}` is nowhere to be read"):
        registry.push_image(
            Image(image.manifest, image.config, JoinedSource(kept)), Reference.parse(f"{real_registry.host}/iris:1")
        )
    assert registry.head_manifest("iris", "1") is None


def test_blobs_are_saved_behind_what_an_earlier_try_left(registry: Registry, tmp_path: Path) -> None:
    blobs = [blob_of(LARGE, seed) for seed in range(6)]
    for blob, open_content in blobs:
        registry.push_blob("a", blob, open_content)
    paths = {blob.digest: tmp_path / blob.digest.hex for blob, _ in blobs}
    paths[blobs[0][0].digest].write_bytes(blobs[0][1]().read()[:CHUNK])
    paths[blobs[1][0].digest].write_bytes(b"of another blob")
    paths[blobs[2][0].digest].write_bytes(bytes(LARGE + 1))
    registry.save_blobs("a", [Download(blob, paths[blob.digest]) for blob, _ in blobs])
    assert {Digest.of_file(path) for path in paths.values()} == set(paths)
