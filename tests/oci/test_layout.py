"""A folder of images: what was put there is found by name and platform, whole, or a sentence says what is amiss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import BlobStore
from ekiben.oci.image import Image, read_image
from ekiben.oci.image_index import any_image
from ekiben.oci.layout import Layout
from ekiben.oci.media_types import OCI_INDEX
from tests.oci.images import AMD64, ARM64, blobs_of, files_below, small_image, with_other_bytes


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images" / "iris"


def damage(folder: Path, image: Image, place: int, content: bytes) -> None:
    """Gives another content to the blob of `image` at `place`."""
    path = folder / "blobs" / "sha256" / image.blobs[place].digest.hex
    path.unlink()
    path.write_bytes(content)


def test_an_image_is_found_as_it_was_put_there(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    descriptor = Layout(folder).add(image, "latest")
    for found in (Layout(folder).image("latest"), Layout(folder).image(), Layout(folder).image(platform=AMD64)):
        assert (found, found.digest) == (image, descriptor.digest)
        assert blobs_of(found) == blobs_of(image)


def test_a_layout_is_what_the_specification_says(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    Layout(folder).add(image, "latest")
    files = files_below(folder)
    blobs = [f"blobs/sha256/{one.digest.hex}" for one in (*image.blobs, image.descriptor)]
    assert set(files) == {"oci-layout", "index.json", *blobs}
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads(files["index.json"]) == {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": str(image.digest),
                "size": len(image.content),
                "platform": {"os": "linux", "architecture": "amd64"},
                "annotations": {"org.opencontainers.image.ref.name": "latest"},
            }
        ],
    }


def test_the_same_images_make_the_same_layout_in_any_order(tmp_path: Path, store: BlobStore) -> None:
    images = {name: small_image(store, name) for name in ("a", "b", "c")}
    for name in ("a", "b", "c"):
        Layout(tmp_path / "forth").add(images[name], name)
    for name in ("c", "b", "a", "c"):
        Layout(tmp_path / "back").add(images[name], name)
    assert files_below(tmp_path / "forth") == files_below(tmp_path / "back")


def test_a_name_means_the_last_image_that_got_it(folder: Path, store: BlobStore) -> None:
    old, new = small_image(store, "old"), small_image(store, "new")
    layout = Layout(folder)
    for name in ("latest", "1", None):
        layout.add(old, name)
    for name in ("latest", None):
        layout.add(new, name)
    assert layout.names() == ("1", "latest")
    assert (layout.image("latest"), layout.image("1")) == (new, old)


def test_what_others_wrote_stays(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    Layout(folder).add(image, "theirs")
    path = folder / "index.json"
    index = json.loads(path.read_bytes())
    index["manifests"][0] |= {
        "urls": ["oci.example"],
        "platform": {"os": "linux", "architecture": "a", "os.version": "1"},
    }
    path.write_text(json.dumps(index | {"annotations": {"a": "b"}, "x-theirs": 1}))
    Layout(folder).add(image, "ours")
    after = json.loads(path.read_bytes())
    assert after["manifests"][1] == index["manifests"][0]
    assert (after["annotations"], after["x-theirs"]) == ({"a": "b"}, 1)


def test_blobs_of_a_store_are_linked_and_not_copied(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    told: list[int] = []
    Layout(folder).add(image, "latest", advance=told.append)
    for layer in image.layers:
        assert store.path_of(layer.digest).samefile(folder / "blobs" / "sha256" / layer.digest.hex)
    assert sum(told) == sum(blob.size_bytes for blob in image.blobs)


def test_a_damaged_blob_is_copied_anew(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    Layout(folder).add(image)
    damage(folder, image, 0, b"torn")
    Layout(folder).add(image)
    assert blobs_of(Layout(folder).image()) == blobs_of(image)


def test_blobs_come_from_other_layouts_too(tmp_path: Path, folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    Layout(folder).add(image)
    Layout(tmp_path / "other").add(Layout(folder).image(), "copy")
    assert Layout(tmp_path / "other").image("copy").digest == image.digest


def test_an_image_of_a_damaged_layout_is_not_copied(tmp_path: Path, folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    Layout(folder).add(image)
    damage(folder, image, 0, b"x" * image.blobs[0].size_bytes)
    with pytest.raises(ImageError, match="is damaged"):
        Layout(tmp_path / "other").add(Layout(folder).image())
    with pytest.raises(ImageError, match="is no OCI image layout"):
        Layout(tmp_path / "other").names()


def test_a_source_that_gives_other_bytes_is_found_out(folder: Path, store: BlobStore) -> None:
    with pytest.raises(ImageError, match=r"came as `sha256:\w+`, of 3 bytes"):
        Layout(folder).add(with_other_bytes(small_image(store), b"x" * 3))


def test_one_name_can_be_an_image_for_each_platform(folder: Path, store: BlobStore) -> None:
    images = [small_image(store, platform=platform) for platform in (AMD64, ARM64)]
    layout = Layout(folder)
    descriptor = layout.add(any_image(images), "both")
    assert descriptor.media_type == OCI_INDEX
    assert [layout.image("both", one).config.platform for one in (AMD64, ARM64)] == [AMD64, ARM64]
    with pytest.raises(ImageError, match="is several images, for `linux/amd64`, `linux/arm64`"):
        layout.image("both")


def test_the_images_of_a_name_are_found_together(folder: Path, store: BlobStore) -> None:
    images = tuple(small_image(store, platform=platform) for platform in (AMD64, ARM64))
    Layout(folder).add(any_image(images), "both")
    assert Layout(folder).images("both") == images
    assert Layout(folder).images("both", [ARM64, AMD64]) == images[::-1]


def blobs_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "blobs" / "sha256").iterdir()}


def test_what_only_the_old_image_of_a_name_had_goes_with_it(folder: Path, store: BlobStore, tmp_path: Path) -> None:
    old = any_image([small_image(store, "old", platform) for platform in (AMD64, ARM64)])
    Layout(folder).add(old, "latest")
    Layout(folder).add(small_image(store, "new"), "latest")
    Layout(tmp_path / "fresh").add(small_image(store, "new"), "latest")
    assert files_below(folder) == files_below(tmp_path / "fresh")
    for layer in old.blobs:
        assert store.has(layer.digest) or layer.media_type.endswith("json")  # what was linked to is still its owner's


def test_what_another_name_has_stays(folder: Path, store: BlobStore) -> None:
    old = small_image(store, "old")
    Layout(folder).add(any_image([old, small_image(store, "old", ARM64)]), "other")
    Layout(folder).add(old, "latest")
    before = blobs_in(folder)
    Layout(folder).add(small_image(store, "new"), "latest")
    assert before < blobs_in(folder)
    assert blobs_of(Layout(folder).images("other")[0]) == blobs_of(old)


def test_blobs_that_no_image_of_the_name_had_stay(folder: Path, store: BlobStore) -> None:
    Layout(folder).add(small_image(store, "old"), "latest")
    (folder / "blobs" / "sha256" / ("0" * 64)).write_bytes(b"on its way")
    Layout(folder).add(small_image(store, "new"), "latest")
    assert "0" * 64 in blobs_in(folder)


@pytest.mark.parametrize("media_type", [OCI_INDEX, "application/vnd.example.bundle"])
def test_where_a_name_leads_nobody_knows_where_nothing_goes(folder: Path, store: BlobStore, media_type: str) -> None:
    Layout(folder).add(small_image(store, "old"), "latest")
    path = folder / "index.json"
    index = json.loads(path.read_bytes())
    unknown = {"mediaType": media_type, "digest": f"sha256:{'0' * 64}", "size": 3}
    path.write_text(json.dumps({**index, "manifests": [*index["manifests"], unknown | {"annotations": {"a": "b"}}]}))
    before = blobs_in(folder)
    Layout(folder).add(small_image(store, "new"), "latest")
    assert before <= blobs_in(folder)


def test_indexes_in_indexes_have_an_end(folder: Path, store: BlobStore) -> None:
    layout = Layout(folder)
    layout.add(small_image(store))
    path = folder / "index.json"
    for _ in range(4):
        content = path.read_bytes()
        digest = store.put_bytes(content)
        (folder / "blobs" / "sha256" / digest.hex).write_bytes(content)
        inner = {"mediaType": OCI_INDEX, "digest": str(digest), "size": len(content)}
        path.write_text(json.dumps({"schemaVersion": 2, "manifests": [inner]}))
    with pytest.raises(ImageError, match="has indexes in indexes"):
        layout.image()


def test_a_layout_of_several_images_wants_a_name(folder: Path, store: BlobStore) -> None:
    layout = Layout(folder)
    for name in ("a", "b"):
        layout.add(small_image(store, name), name)
    with pytest.raises(ImageError, match="holds several images: `a`, `b`"):
        layout.image()
    with pytest.raises(ImageError, match=r"there is no image `c` in `.*`: `a`, `b` is there"):
        layout.image("c")


def test_one_image_of_two_names_needs_none(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    for name in ("1", "latest"):
        Layout(folder).add(image, name)
    assert Layout(folder).image() == image


def test_an_image_for_another_platform_is_refused(folder: Path, store: BlobStore) -> None:
    Layout(folder).add(small_image(store))
    with pytest.raises(ImageError, match="has no image for `linux/arm64`; it has `linux/amd64`"):
        Layout(folder).image(platform=ARM64)
    path = folder / "index.json"
    index = json.loads(path.read_bytes())
    del index["manifests"][0]["platform"]
    path.write_text(json.dumps(index))
    with pytest.raises(ImageError, match="is for `linux/amd64`, not for `linux/arm64`"):
        Layout(folder).image(platform=ARM64)


@pytest.mark.parametrize("name", ["", "a b", "-a", "a..b", "a\n", "ä"])
def test_a_name_that_no_reader_takes_is_refused(folder: Path, store: BlobStore, name: str) -> None:
    with pytest.raises(ImageError, match="cannot be the name of an image"):
        Layout(folder).add(small_image(store), name)
    assert not folder.exists()


def test_a_folder_of_other_things_is_left_alone(folder: Path, store: BlobStore) -> None:
    folder.mkdir(parents=True)
    (folder / "service.py").write_text("")
    with pytest.raises(ImageError, match="holds other things than images"):
        Layout(folder).add(small_image(store))
    assert list(files_below(folder)) == ["service.py"]


def test_what_is_no_layout_is_named(tmp_path: Path, folder: Path, store: BlobStore) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ImageError, match=r"is no OCI image layout: it has no index\.json"):
            Layout(place).image()
    Layout(folder).add(small_image(store))
    (folder / "index.json").write_bytes(b'{"schemaVersion":2,"manifests":[]}')
    with pytest.raises(ImageError, match="holds no image"):
        Layout(folder).image()


def test_a_blob_that_is_gone_or_damaged_is_named(folder: Path, store: BlobStore) -> None:
    image = small_image(store)
    Layout(folder).add(image)
    damage(folder, image, 0, b"x" * image.blobs[0].size_bytes)
    digest = image.blobs[0].digest
    with pytest.raises(ImageError, match=f"the blob `{digest}` in .* is damaged"):
        blobs_of(Layout(folder).image())
    (folder / "blobs" / "sha256" / digest.hex).unlink()
    with pytest.raises(NotFound, match=f"lacks the blob `{digest}`"):
        blobs_of(Layout(folder).image())


def test_an_image_that_was_read_keeps_its_digest_when_it_is_put_elsewhere(folder: Path, store: BlobStore) -> None:
    made = small_image(store)
    spaced = made.content.replace(b",", b", ")
    image = read_image(spaced, made.source)
    Layout(folder).add(image)
    assert Layout(folder).image().content == spaced
    assert replace(image, original=None).digest != image.digest


def test_what_a_killed_writer_had_brought_goes_unless_it_is_named(folder: Path, store: BlobStore) -> None:
    layout, first, half = Layout(folder), small_image(store, "first"), small_image(store, "half")
    layout.add(first, "it")
    kept = files_below(folder)
    lacking = Image(half.manifest, half.config, store)  # which does not have the configuration, the last of the blobs
    with pytest.raises(NotFound):
        layout.add(lacking, "it")
    assert len(files_below(folder)) > len(kept)
    assert blobs_of(layout.image("it")) == blobs_of(first)
    layout.add(first, "it")
    assert files_below(folder) == kept


def test_blobs_that_another_program_put_there_stay(folder: Path, store: BlobStore) -> None:
    layout = Layout(folder)
    layout.add(small_image(store, "first"), "it")
    other = folder / "blobs/sha256" / Digest.of_bytes(b"other").hex
    other.write_bytes(b"other")
    layout.add(small_image(store, "second"), "it")
    assert other.exists()
