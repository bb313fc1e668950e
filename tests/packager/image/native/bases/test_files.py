"""What a container would see, told by layers that lie over each other."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import Image, make_image
from ekiben.oci.media_types import LayerForm, layer_type
from ekiben.packager.image.native.bases.files import ImageFiles, read_files
from tests.packager.image.native.tiny_base import AMD64, Blobs, image_of_tars, tar_of


def read(*tars: bytes) -> ImageFiles:
    return read_files(image_of_tars(*tars), lambda path, _: path.endswith(".txt"))


def file(path: str, content: bytes = b"x") -> tuple[str, bytes, str]:
    return path, content, ""


def folder(path: str) -> tuple[str, None, str]:
    return path, None, ""


def link(path: str, target: str) -> tuple[str, None, str]:
    return path, None, target


def test_an_upper_layer_replaces_and_a_whiteout_removes() -> None:
    lower = tar_of(folder("a"), file("a/one.txt", b"1"), file("a/two.txt"), file("b/deep/three.txt"))
    files = read(lower, tar_of(file("a/one.txt", b"new"), file("a/.wh.two.txt", b""), file(".wh.b", b"")))
    assert sorted(files.nodes) == ["a", "a/one.txt"]
    assert files.nodes["a/one.txt"].content == b"new"


def test_an_opaque_folder_hides_what_lower_layers_have_in_it() -> None:
    files = read(tar_of(file("a/one.txt"), file("b.txt")), tar_of(file("a/.wh..wh..opq", b""), file("a/two.txt")))
    assert sorted(files.nodes) == ["a/two.txt", "b.txt"]


def test_a_whiteout_does_not_remove_what_its_own_layer_brings() -> None:
    files = read(tar_of(file("a/one.txt", b"old")), tar_of(file("a/one.txt", b"new"), file("a/.wh.one.txt", b"")))
    assert files.nodes["a/one.txt"].content == b"new"


def test_a_file_in_the_place_of_a_folder_takes_its_content_away() -> None:
    files = read(tar_of(folder("a"), file("a/one.txt")), tar_of(file("a")))
    assert sorted(files.nodes) == ["a"]


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("lib/x.txt", "usr/lib/x.txt"),
        ("/lib/../bin/tool.txt", "usr/bin/tool.txt"),
        ("bin/relative", "usr/bin/tool.txt"),
        ("bin/absolute", "usr/lib/x.txt"),
        ("bin/up", "usr/lib/x.txt"),
        ("bin/loop", None),
        ("bin/nowhere", None),
        ("bin/out", "usr"),
    ],
)
def test_links_are_followed_inside_the_image(path: str, leads_to: str | None) -> None:
    files = read(
        tar_of(
            *(folder("usr"), folder("usr/bin"), folder("usr/lib"), file("usr/bin/tool.txt"), file("usr/lib/x.txt")),
            *(link("lib", "usr/lib"), link("bin", "/usr/bin"), link("usr/bin/relative", "tool.txt")),
            *(link("usr/bin/absolute", "/lib/x.txt"), link("usr/bin/up", "../lib/x.txt")),
            *(link("usr/bin/loop", "loop"), link("usr/bin/nowhere", "/gone"), link("usr/bin/out", "../../../../usr")),
        )
    )
    assert files.resolve(path) == leads_to


def packed(tar: bytes, form: LayerForm, content: bytes) -> Image:
    descriptor = Descriptor.of_bytes(content, layer_type(form))
    config = ImageConfig(platform=AMD64, diff_ids=(Digest.of_bytes(tar),))
    return make_image(config, (descriptor,), Blobs({descriptor.digest: content}))


@pytest.mark.parametrize("form", ["tar", "tar+gzip", "tar+zstd"])
def test_layers_of_every_form_are_read(form: LayerForm) -> None:
    tar = tar_of(file("a.txt", b"content"))
    forms = {"tar": tar, "tar+gzip": gzip.compress(tar), "tar+zstd": zstandard.compress(tar)}
    files = read_files(packed(tar, form, forms[form]), lambda path, size: (path, size) == ("a.txt", 7))
    assert files.nodes["a.txt"].content == b"content"


@pytest.mark.parametrize("form", ["tar", "tar+gzip", "tar+zstd"])
def test_a_layer_that_is_none_is_an_error_that_names_it(form: LayerForm) -> None:
    image = packed(b"", form, b"no layer at all" * 100)
    with pytest.raises(ImageError, match=f"the layer `{image.layers[0].digest}` of the base image cannot be read"):
        read_files(image, lambda *_: False)


def test_whoever_waits_is_told_of_each_layer() -> None:
    image = image_of_tars(tar_of(file("a")), tar_of(file("b")))
    told: list[int] = []
    read_files(image, lambda *_: False, told.append)
    assert told == [layer.size_bytes for layer in image.layers]


PATHS = st.sampled_from(["a", "a/b", "a/b/c", "a/d", "e", "e/f"])


@given(st.lists(st.tuples(st.sets(PATHS), st.sets(PATHS)), max_size=4))
def test_what_is_told_is_what_unpacking_layer_over_layer_leaves(changes: list[tuple[set[str], set[str]]]) -> None:
    """Each change is the files that a layer brings, and those that it takes away."""
    with tempfile.TemporaryDirectory() as folder:
        tars = []
        for brought, taken in changes:
            files = {path for path in brought if not any(other.startswith(f"{path}/") for other in brought)}
            folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
            whiteouts = [str(PurePosixPath(path).with_name(f".wh.{PurePosixPath(path).name}")) for path in taken]
            members = [
                *map(file, whiteouts),
                *((path, None, "") for path in sorted(folders)),
                *map(file, sorted(files)),
            ]
            tars.append(tar_of(*members))
            unpack(Path(folder), files, folders, taken)
        left = {str(path.relative_to(folder)) for path in Path(folder).rglob("*")}
        assert set(read(*tars).nodes) == left if tars else not left


def unpack(root: Path, files: set[str], folders: set[str], taken: set[str]) -> None:
    """What an engine does with a layer."""
    for path in (root / one for one in taken):
        if path.is_dir():
            shutil.rmtree(path)
        elif os.path.lexists(path):
            path.unlink()
    for path in (root / one for one in sorted(folders)):
        if path.is_file():
            path.unlink()
        path.mkdir(exist_ok=True)
    for path in (root / one for one in files):
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(b"x")
