"""`ekiben rebase` on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore
from ekiben.oci.entries import Entry
from ekiben.oci.layout import Layout
from tests.cli.conftest import Run
from tests.packager.image.native.tiny_base import DEBIAN, base_of


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two bases, and an image on the first."""
    folder, blobs = tmp_path / "images", BlobStore(tmp_path / "blobs")
    old = base_of(tmp_path / "blobs", DEBIAN)
    source = AddedLayer(blobs.make_layer([Entry.file("app/bento/bento.yaml", b"")]), "ekiben: source")
    image = append_layers(old, [source], blobs, ConfigChanges(labels={"io.ekiben.bento": "iris:1"}))
    Layout(folder).add(old, "old")
    Layout(folder).add(base_of(tmp_path / "blobs", [*DEBIAN, Entry.file("etc/patch", b"")]), "new")
    Layout(folder).add(image, "iris:1")
    return folder


def test_the_new_image_goes_where_it_is_asked_for_and_its_place_is_printed(run: Run, layout: Path) -> None:
    bases = ["--base", "oci:images:new", "--old-base", "oci:images:old"]
    done = run("rebase", "oci:images:iris:1", *bases, "--output", "oci:images:iris:2")
    assert (done.returncode, done.stdout) == (0, "oci:images:iris:2\n"), done.stderr
    assert re.search(r"the image now stands on `oci:images:new`, sha256:\w{64}; layers kept: 1", done.stderr)
    assert "ekiben: source" in done.stderr
    new, moved = Layout(layout).image("new"), Layout(layout).image("iris:2")
    assert moved.config.diff_ids[:1] == new.config.diff_ids


@pytest.mark.usefixtures("layout")
def test_what_is_refused_ends_with_1_and_a_hint(run: Run) -> None:
    done = run("rebase", "oci:images:iris:1", "--base", "oci:images:new", "--output", "oci:images:iris:2")
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not say which base it stands on" in done.stderr
    assert "--old-base" in done.stderr


@pytest.mark.usefixtures("layout")
def test_a_base_has_to_be_named(run: Run) -> None:
    assert run("rebase", "oci:images:iris:1").returncode == 2
