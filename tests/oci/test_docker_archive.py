"""What is written for `docker load`: always the same bytes, two tables of contents, and no layer that is known."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.appending import ConfigChanges, append_layers, empty_image
from ekiben.oci.blobs import BlobStore
from ekiben.oci.docker_archive import (
    count_known_layers,
    docker_archive,
    save_docker_archive,
    write_docker_archive,
)
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from tests.oci.images import AMD64, blobs_of, make_layer, small_image, with_other_bytes

IRIS = Reference.parse("iris:1")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return small_image(BlobStore(tmp_path / "store"))


def members(image: Image, *references: Reference, known_layers: int = 0) -> dict[str, bytes]:
    """The files of the archive, as `tarfile` reads them."""
    content = b"".join(docker_archive(image, references, known_layers=known_layers))
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        return {one.name: archive.extractfile(one).read() for one in archive.getmembers()}  # type: ignore[union-attr]


def test_the_archive_is_one_for_old_and_for_new_engines(image: Image) -> None:
    files = members(image, IRIS, Reference.parse("r.example/team/iris"))
    blobs = {f"blobs/sha256/{digest.removeprefix('sha256:')}": content for digest, content in blobs_of(image).items()}
    assert files["manifest.json"].decode() == json.dumps(
        [
            {
                "Config": f"blobs/sha256/{image.manifest.config.digest.hex}",
                "Layers": [f"blobs/sha256/{layer.digest.hex}" for layer in image.layers],
                "RepoTags": ["iris:1", "r.example/team/iris:latest"],
            }
        ],
        separators=(",", ":"),
    )
    assert [one["annotations"] for one in json.loads(files["index.json"])["manifests"]] == [
        {"io.containerd.image.name": "docker.io/library/iris:1", "org.opencontainers.image.ref.name": "1"},
        {"io.containerd.image.name": "r.example/team/iris:latest", "org.opencontainers.image.ref.name": "latest"},
    ]
    expected = {"index.json", "manifest.json", "oci-layout", f"blobs/sha256/{image.digest.hex}", *blobs}
    assert set(files) == expected
    assert {name: files[name] for name in blobs} == blobs


def test_unpacked_it_is_a_layout(tmp_path: Path, image: Image) -> None:
    for name, content in members(image, IRIS).items():
        (tmp_path / "layout" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "layout" / name).write_bytes(content)
    assert Layout(tmp_path / "layout").image("1").digest == image.digest


def test_the_same_image_makes_the_same_archive(tmp_path: Path, image: Image) -> None:
    again = small_image(BlobStore(tmp_path / "other"))
    assert b"".join(docker_archive(again, [IRIS])) == b"".join(docker_archive(image, [IRIS]))


def test_the_bytes_of_an_archive_stay(image: Image) -> None:
    unpacked = replace(image, manifest=replace(image.manifest, layers=image.manifest.layers[:1] * 2))
    assert (
        Digest.of_chunks(docker_archive(unpacked, [IRIS])).hex
        == "74a8d3984c645a29de73e5f9a38322734aa0d0ded3a5af8881ae394c701b0278"
    )


def test_no_piece_is_larger_than_a_megabyte_and_all_are_told(tmp_path: Path) -> None:
    image = small_image(BlobStore(tmp_path), "x" * 3_000_000)
    told: list[int] = []
    pieces: list[bytes] = []
    write_docker_archive(image, [IRIS], pieces.append, advance=told.append)
    assert max(map(len, pieces)) <= 1024 * 1024
    assert sum(told) == sum(blob.size_bytes for blob in image.blobs)


def test_known_layers_are_named_and_not_sent_and_what_is_left_is_no_layout(image: Image) -> None:
    below, above = (f"blobs/sha256/{layer.digest.hex}" for layer in image.layers)
    files = members(image, IRIS, known_layers=1)
    assert set(files) == {"manifest.json", f"blobs/sha256/{image.manifest.config.digest.hex}", above}
    assert json.loads(files["manifest.json"])[0]["Layers"] == [below, above]


def test_a_known_layer_that_stands_above_unknown_ones_too_is_sent(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    layers = [make_layer(store, text) for text in ("twice", "once", "twice")]
    image = append_layers(empty_image(AMD64), layers, store, ConfigChanges())
    assert f"blobs/sha256/{layers[0].layer.digest.hex}" in members(image, IRIS, known_layers=1)
    assert f"blobs/sha256/{layers[0].layer.digest.hex}" not in members(image, IRIS, known_layers=3)


@given(st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=3), st.lists(st.integers(0, 2), max_size=4))
def test_layers_are_known_where_all_below_them_are(engine: list[list[int]], numbers: list[int]) -> None:
    def digests(of: list[int]) -> tuple[Digest, ...]:
        return tuple(Digest.of_bytes(b"%d" % number) for number in of)

    known = count_known_layers(digests(numbers), map(digests, engine))
    assert any(one[:known] == numbers[:known] for one in engine) or known == 0
    assert not any(one[: known + 1] == numbers[: known + 1] for one in engine if len(numbers) > known)


def test_a_layer_that_is_above_another_in_the_engine_is_sent(image: Image) -> None:
    below, above = image.config.diff_ids
    assert count_known_layers(image.config.diff_ids, []) == 0
    assert count_known_layers(image.config.diff_ids, [(above, below), (below,)]) == 1
    assert count_known_layers(image.config.diff_ids, [(below, above, below)]) == 2


def test_no_further_image_is_asked_for_once_enough_layers_are_known(image: Image) -> None:
    below, above = image.config.diff_ids
    engine = iter([(above,), (below,), (below, above)])
    assert count_known_layers(image.config.diff_ids, engine, enough=1) == 1
    assert list(engine) == [(below, above)]


def test_a_digest_is_no_name_for_an_engine(image: Image) -> None:
    with pytest.raises(ImageError, match="names a digest"):
        list(docker_archive(image, [replace(IRIS, digest=image.digest)]))


@pytest.mark.parametrize("content", [b"", b"x" * 100_000])
def test_a_blob_of_another_length_ends_the_archive(image: Image, content: bytes) -> None:
    with pytest.raises(ImageError, match=r"has not the \d+ bytes"):
        list(docker_archive(with_other_bytes(image, content), [IRIS]))


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, image: Image) -> None:
    path = tmp_path / "archives" / "iris.tar"
    save_docker_archive(image, [IRIS], path)
    assert path.read_bytes() == b"".join(docker_archive(image, [IRIS]))
    BlobStore(tmp_path / "store").path_of(image.layers[0].digest).unlink()
    before = path.read_bytes()
    with pytest.raises(NotFound):
        save_docker_archive(image, [IRIS], path)
    assert ([one.name for one in path.parent.iterdir()], path.read_bytes()) == (["iris.tar"], before)


def test_what_a_killed_writer_left_is_no_part_of_the_next_archive(tmp_path: Path, image: Image) -> None:
    (tmp_path / ".iris.tar.part").write_bytes(b"x" * 10_000_000)
    save_docker_archive(image, [IRIS], tmp_path / "iris.tar")
    assert DockerArchive(tmp_path / "iris.tar").image(IRIS) == image
    assert not (tmp_path / ".iris.tar.part").exists()
