"""Archives of `docker save`, old and new and of others: the image in them, its layers as they lie there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.oci.appending import ConfigChanges, append_layers, empty_image
from ekiben.oci.blobs import BlobStore
from ekiben.oci.docker_archive import save_docker_archive
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.oci.media_types import layer_type
from ekiben.oci.reference import Reference
from tests.oci.archives import files_of_new_engine, files_of_old_engine, write_tar
from tests.oci.images import AMD64, ARM64, blobs_of, make_layer, small_image

IRIS = Reference.parse("iris:1")


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "store")


@pytest.fixture
def image(store: BlobStore) -> Image:
    return small_image(store)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "saved.tar"


def test_what_we_wrote_is_read_as_the_same_image(path: Path, image: Image) -> None:
    save_docker_archive(image, [IRIS], path)
    again = DockerArchive(path).image(IRIS)
    assert (again, again.digest, blobs_of(again)) == (image, image.digest, blobs_of(image))


def test_an_image_of_a_new_engine_keeps_its_digest(path: Path, image: Image) -> None:
    write_tar(path, files_of_new_engine(image, "iris:1"))
    assert DockerArchive(path).image().digest == image.digest


def test_an_image_of_an_old_engine_has_its_layers_as_they_lie_there(path: Path, store: BlobStore) -> None:
    layers = [make_layer(store, text, "none") for text in ("a", "b")]
    image = append_layers(empty_image(AMD64), layers, store, ConfigChanges(user="1034"))
    write_tar(path, files_of_old_engine(image, "iris:1"))
    again = DockerArchive(path).image(IRIS)
    assert (again.config, again.layers, blobs_of(again)) == (image.config, image.layers, blobs_of(image))


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_layers_that_others_packed_have_the_digests_of_what_lies_there(path: Path, store: BlobStore, form: str) -> None:
    layer = make_layer(store, "text", "gzip" if form == "gzip" else "zstd")
    image = append_layers(empty_image(AMD64), [layer], store, ConfigChanges())
    write_tar(path, files_of_old_engine(image))
    again = DockerArchive(path).image()
    assert again.layers == image.layers
    assert again.manifest.layers[0].media_type == layer_type("tar+gzip" if form == "gzip" else "tar+zstd")
    assert blobs_of(again) == blobs_of(image)


def test_a_layer_may_be_a_link_to_another(path: Path, store: BlobStore) -> None:
    layers = [make_layer(store, "same", "none")] * 2
    image = append_layers(empty_image(AMD64), layers, store, ConfigChanges())
    files = files_of_old_engine(image)
    del files["1/layer.tar"]
    write_tar(path, files, {"1/layer.tar": "../0/layer.tar"})
    assert blobs_of(DockerArchive(path).image()) == blobs_of(image)


def test_links_that_lead_nowhere_end(path: Path, image: Image) -> None:
    files = files_of_old_engine(image)
    del files["1/layer.tar"]
    write_tar(path, files, {"1/layer.tar": "../2/layer.tar", "2/layer.tar": "../1/layer.tar"})
    with pytest.raises(ImageError, match=r"lacks `1/layer\.tar`"):
        DockerArchive(path).image()


def test_an_archive_fits_into_a_layout(tmp_path: Path, path: Path, image: Image) -> None:
    write_tar(path, files_of_old_engine(image))
    saved = DockerArchive(path).image()
    Layout(tmp_path / "layout").add(saved, "1")
    assert blobs_of(Layout(tmp_path / "layout").image("1")) == blobs_of(saved)


@pytest.mark.parametrize("name", ["iris:1", "docker.io/library/iris:1"])
def test_an_image_is_found_by_either_spelling_of_its_name(path: Path, image: Image, name: str) -> None:
    write_tar(path, files_of_old_engine(image, name, "other:2"))
    archive = DockerArchive(path)
    assert archive.names == (name, "other:2")
    assert archive.image(IRIS).config == image.config
    with pytest.raises(ImageError, match=rf"there is no image `iris:2` in .*: `{name}`, `other:2` is there"):
        archive.image(Reference.parse("iris:2"))


def both(path: Path, first: Image, second: Image, names: tuple[str, str]) -> DockerArchive:
    """An archive of two images."""
    parts = [files_of_new_engine(one, name) for one, name in zip((first, second), names, strict=True)]
    listed = [json.loads(files["manifest.json"])[0] for files in parts]
    files = {**parts[0], **parts[1]}
    return DockerArchive(write_tar(path, {**files, "manifest.json": json.dumps(listed).encode()}))


def test_an_archive_of_several_images_wants_a_name(path: Path, store: BlobStore, image: Image) -> None:
    other = small_image(store, "other")
    archive = both(path, image, other, ("iris:1", "other:1"))
    assert archive.image(IRIS).config == image.config
    assert archive.image(Reference.parse("other:1")).config == other.config
    with pytest.raises(ImageError, match="holds several images: `iris:1`, `other:1`"):
        archive.image()


def test_the_platform_tells_images_of_one_name_apart(path: Path, store: BlobStore, image: Image) -> None:
    arm = small_image(store, platform=ARM64)
    archive = both(path, image, arm, ("iris:1", "iris:1"))
    assert archive.image(IRIS, AMD64).config == image.config
    assert archive.image(IRIS, ARM64).config == arm.config


def test_an_image_for_another_platform_is_refused(path: Path, image: Image) -> None:
    write_tar(path, files_of_old_engine(image))
    with pytest.raises(ImageError, match="is for `linux/amd64`, not for `linux/arm64`"):
        DockerArchive(path).image(platform=ARM64)


def test_an_image_without_some_layer_is_no_image(path: Path, image: Image) -> None:
    files = files_of_new_engine(image)
    gone = f"blobs/sha256/{image.layers[0].digest.hex}"
    write_tar(path, {name: content for name, content in files.items() if name != gone})
    with pytest.raises(ImageError, match=f"lacks `{gone}`"):
        DockerArchive(path).image()


def test_a_layer_of_other_bytes_is_found_out_when_it_is_read(path: Path, image: Image) -> None:
    files = files_of_old_engine(image)
    write_tar(path, {**files, "0/layer.tar": files["0/layer.tar"][::-1]})
    with pytest.raises(ImageError, match=r"in `.*saved\.tar` is damaged"):
        blobs_of(DockerArchive(path).image())


def test_a_manifest_of_other_bytes_is_refused(path: Path, image: Image) -> None:
    files = files_of_new_engine(image)
    write_tar(path, {**files, f"blobs/sha256/{image.digest.hex}": image.content + b" "})
    with pytest.raises(ImageError, match=r"is damaged|is not what its digest"):
        DockerArchive(path).image()


def test_a_configuration_that_tells_of_other_layers_is_refused(path: Path, image: Image) -> None:
    files = files_of_old_engine(image)
    listed = json.loads(files["manifest.json"])
    del listed[0]["Layers"][1]
    write_tar(path, {**files, "manifest.json": json.dumps(listed).encode()})
    with pytest.raises(ImageError, match="has 1 layers"):
        DockerArchive(path).image()


def test_what_is_no_archive_is_named(path: Path, image: Image) -> None:
    with pytest.raises(FileNotFoundError):
        DockerArchive(path)
    path.write_bytes(b"x" * 10_000)
    with pytest.raises(ImageError, match="is no tar"):
        DockerArchive(path)
    files = files_of_new_engine(image)
    path.write_bytes(gzip.compress(write_tar(path, files).read_bytes()))
    with pytest.raises(ImageError, match="is no tar") as caught:
        DockerArchive(path)
    assert "gunzip" in (caught.value.hint or "")
    del files["manifest.json"]
    with pytest.raises(ImageError, match=r"it has no manifest\.json") as caught:
        DockerArchive(write_tar(path, files))
    assert "oci:DIR" in (caught.value.hint or "")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"Config":1}]', b'[{"Layers":[]}]'])
def test_a_table_of_contents_that_is_none_is_refused(path: Path, image: Image, content: bytes) -> None:
    write_tar(path, {**files_of_old_engine(image), "manifest.json": content})
    with pytest.raises(ImageError, match=r"manifest\.json"):
        DockerArchive(path)


def test_an_archive_that_was_cut_off_is_refused_or_found_out(path: Path, image: Image) -> None:
    whole = write_tar(path, files_of_new_engine(image)).read_bytes()
    for end in range(512, whole.index(b"oci-layout\0"), 512):  # which nobody misses
        path.write_bytes(whole[:end])
        with pytest.raises(ImageError):
            blobs_of(DockerArchive(path).image())
