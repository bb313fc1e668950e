"""Layers that an engine made by a Containerfile: moved where they keep to /app, refused where they are the base's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ImageError
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.packager.image.native.bases.facts import DEFAULT_PATH, BaseFacts, look_at
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.bases.opening import Base
from ekiben.packager.image.native.rebasing import rebased_image
from ekiben.packager.image.running import path_above
from tests.packager.image.native.tiny_base import DEBIAN, base_of, image_of_tars, tar_of

OWN = Entry.file("app/bento/src/service.py", b"x = 1\n")


def base(folder: Path, *more: Entry, reference: str | None = None) -> Base:
    image = base_of(folder, [*DEBIAN, *more])
    return Base(BaseName.parse(reference or "example.org/python:3.11"), image, look_at(image), reference)


def on(below: Base, folder: Path, *entries: Entry, created_by: str = "COPY /app /app") -> Image:
    blobs = BlobStore(folder)
    changes = ConfigChanges(created="2026-01-02T03:04:05Z", entrypoint=("/app/venv/bin/python",), user="1034")
    return append_layers(below.image, [AddedLayer(blobs.make_layer(entries), created_by)], blobs, changes)


def test_layers_below_app_are_moved_with_their_words_and_time(tmp_path: Path) -> None:
    old, new = base(tmp_path), base(tmp_path, Entry.file("etc/patch", b""), reference="example.org/python:3.11-new")
    moved = rebased_image(on(old, tmp_path, OWN), old, new)
    assert moved.config.diff_ids[:-1] == new.image.config.diff_ids
    assert moved.config.history[-1].created_by == "COPY /app /app"
    assert moved.config.history[-1].created == moved.config.created == "2026-01-02T03:04:05Z"
    assert moved.manifest.annotations == {"org.opencontainers.image.base.name": "example.org/python:3.11-new"}


@pytest.mark.parametrize("path", ["usr/bin/gcc", "etc/.wh.passwd", "usr/share/.wh..wh..opq", "application"])
def test_a_layer_that_changes_files_of_the_base_is_not_moved(tmp_path: Path, path: str) -> None:
    old = base(tmp_path)
    above = image_of_tars(tar_of(("app/bento/src/service.py", b"x = 1", ""), (path, b"", "")))
    image = append_layers(
        old.image, [AddedLayer(above.layers[0], "RUN apt-get install gcc")], above.source, ConfigChanges()
    )
    with pytest.raises(ImageError, match=rf"`/{path}` on top of its base.*: RUN apt-get install gcc"):
        rebased_image(image, old, base(tmp_path, Entry.file("etc/patch", b"")))


def test_folders_above_app_are_no_change_of_the_base(tmp_path: Path) -> None:
    old = base(tmp_path)
    image = on(old, tmp_path, OWN, Entry("root/.cache", "folder", 0o755))
    assert len(rebased_image(image, old, base(tmp_path, Entry.file("etc/patch", b""))).layers) == 2


def test_an_image_shorter_than_the_base_does_not_stand_on_it(tmp_path: Path) -> None:
    longer = base_of(tmp_path, DEBIAN, [OWN])
    old = Base(BaseName.parse("example.org/python:3.11"), longer, look_at(base_of(tmp_path, DEBIAN)))
    with pytest.raises(ImageError, match="does not stand on"):
        rebased_image(base_of(tmp_path, DEBIAN), old, base(tmp_path))


FACTS = BaseFacts("/usr/bin/python3", "3.11", "2.36", has_musl=False, user="", in_the_way=None)
NAMES = st.sampled_from(["LANG", "PATH", "PYTHON_VERSION", "TEAM", "EKIBEN_HOME"])
BASES = st.dictionaries(NAMES, st.sampled_from(["/a", "/b:/c"]))
OWNS = st.dictionaries(NAMES.filter(lambda name: name != "PATH"), st.sampled_from(["own", "other"]))


def bare_base(content: bytes, variables: Mapping[str, str]) -> Base:
    """A base of which facts are made up; its variables tell of it as labels, too."""
    below = image_of_tars(tar_of(("etc/base", content, "")))
    changes = ConfigChanges(env=variables, labels=variables, ports=frozenset(f"{len(one)}/tcp" for one in variables))
    return Base(BaseName.parse("example.org/python:3.11"), append_layers(below, [], below.source, changes), FACTS)


def built_on(below: Base, own: Mapping[str, str]) -> Image:
    above = image_of_tars(tar_of(("app/bento/bento.yaml", b"", "")))
    path = path_above(below.image.config.variables.get("PATH", DEFAULT_PATH))
    changes = ConfigChanges(
        env={**own, "PATH": path}, labels={"io.ekiben.bento": "a:1", **own}, ports=frozenset({"3000/tcp"}), user="1034"
    )
    return append_layers(below.image, [AddedLayer(above.layers[0], "ekiben: source")], above.source, changes)


@given(BASES, BASES, OWNS)
def test_whatever_the_bases_say_the_image_is_what_a_build_on_the_new_one_makes(
    before: dict[str, str], now: dict[str, str], own: dict[str, str]
) -> None:
    old, new = bare_base(b"old", before), bare_base(b"new", now)
    wanted = built_on(new, {**own, "EKIBEN_HOME": "/app"}).config
    moved = rebased_image(built_on(old, {**own, "EKIBEN_HOME": "/app"}), old, new).config
    assert moved.variables == wanted.variables
    assert (moved.labels, moved.ports, moved.user) == (wanted.labels, wanted.ports, wanted.user)
    assert (moved.diff_ids, moved.history) == (wanted.diff_ids, wanted.history)
