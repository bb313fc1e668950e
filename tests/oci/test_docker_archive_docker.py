"""A real Docker engine: it runs what we write, takes what it lacks, and we read what it saves."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore
from ekiben.oci.docker_archive import count_known_layers, docker_archive
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference

pytestmark = pytest.mark.docker

NAME = Reference.parse("ekiben-test/archive:1")
DOCKER = next(path for path in ("/usr/bin/docker", "docker") if path == "docker" or Path(path).exists())


def docker(*arguments: str, input: bytes | None = None) -> str:
    done = subprocess.run([DOCKER, *arguments], input=input, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.fixture(scope="module")
def saved(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Image:
    path = tmp_path_factory.mktemp("saved") / "base.tar"
    docker("save", base_image, "-o", str(path))
    return DockerArchive(path).image(Reference.parse(base_image))


@pytest.fixture
def load() -> Iterator[Callable[[Image, int], str]]:
    """Loads an image without its lowest layers; it is removed at the end."""

    def run(image: Image, known_layers: int) -> str:
        return docker("load", input=b"".join(docker_archive(image, [NAME], known_layers=known_layers)))

    yield run
    docker("image", "rm", "--force", NAME.familiar)


def on_top(base: Image, store: BlobStore, word: str) -> Image:
    """`base` with a program in two layers, one packed and one not, of which `word` is in the upper."""
    program = Entry.file("app/say.py", b"import pathlib; print(pathlib.Path('/app/word').read_text())")
    layers = [
        AddedLayer(store.make_layer([program], "none"), "program"),
        AddedLayer(store.make_layer([Entry.file("app/word", word.encode())], "gzip"), "word"),
    ]
    changes = ConfigChanges(entrypoint=("python3", "/app/say.py"), user="1034:0", labels={"word": word})
    return append_layers(base, layers, store, changes)


def layers_in_engine(name: str) -> tuple[Digest, ...]:
    found = docker("image", "inspect", "--format", "{{range .RootFS.Layers}}{{println .}}{{end}}", name)
    return tuple(map(Digest.parse, found.split()))


def test_an_engine_runs_what_stands_on_what_it_saved(
    saved: Image, tmp_path: Path, base_image: str, load: Callable[[Image, int], str]
) -> None:
    store = BlobStore(tmp_path)
    first, second = on_top(saved, store, "first"), on_top(saved, store, "second")

    known = count_known_layers(first.config.diff_ids, [layers_in_engine(base_image)])
    assert known == len(saved.layers)
    assert load(first, known) == f"Loaded image: {NAME.familiar}"
    assert docker("image", "inspect", "--format", "{{.Id}}", NAME.familiar) == str(first.manifest.config.digest)
    assert docker("run", "--rm", NAME.familiar) == "first"

    known = count_known_layers(second.config.diff_ids, [layers_in_engine(NAME.familiar)])
    assert known == len(saved.layers) + 1
    assert sum(map(len, docker_archive(second, [NAME], known_layers=known))) < 16_384
    load(second, known)
    assert docker("run", "--rm", NAME.familiar) == "second"


def test_what_an_engine_saves_of_ours_has_our_configuration(
    saved: Image, tmp_path: Path, load: Callable[[Image, int], str]
) -> None:
    image = on_top(saved, BlobStore(tmp_path / "store"), "kept")
    load(image, 0)
    docker("save", NAME.familiar, "-o", str(tmp_path / "saved.tar"))
    again = DockerArchive(tmp_path / "saved.tar").image(NAME)
    assert again.manifest.config.digest == image.manifest.config.digest
    assert again.config.diff_ids == image.config.diff_ids
