"""Models as layers: the blobs that they are in a registry, within the image's budget."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.oci.image import Image
from ekiben.packager.image.native.model_layers import as_their_blobs
from ekiben.report import SilentReporter
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.remote.item_blobs import item_blobs, item_files, model_place
from ekiben.store.remote.packing import ALONE_BYTES, ItemFile, Pack
from ekiben.tag import Tag
from tests.packager.image.native.test_engine import files_of, make, only_image
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.small_bento import save_model, small_bento


def packs(tag: Tag, number: int) -> tuple[Pack, ...]:
    file = ItemFile("weights.bin", 1, Digest.of_bytes(b""))
    return (Pack(model_place(tag), (file,)),) * number


@pytest.fixture
def base(tmp_path: Path) -> str:
    """A base with a Python, and nothing else."""
    return tiny_base(tmp_path / "bases")


COUNTS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), max_size=12)


@given(COUNTS, st.integers(0, 30))
def test_the_layers_of_all_models_stay_within_the_budget(counts: list[tuple[str, int]], more: int) -> None:
    asked = {Tag(name, f"v{index}"): number for index, (name, number) in enumerate(counts)}
    budget = len(asked) + more
    chosen = as_their_blobs({tag: packs(tag, number) for tag, number in asked.items()}, budget)
    assert sum(asked[tag] if tag in chosen else 1 for tag in asked) <= budget
    names = [tag.name for tag in asked]
    assert all(names.count(tag.name) == 1 for tag in chosen)
    left = budget - sum(asked[tag] if tag in chosen else 1 for tag in asked)
    assert all(asked[tag] - 1 > left for tag in asked if tag not in chosen and names.count(tag.name) == 1)


def large_model(store: Store, name: str, content: bytes) -> Model:
    with store.models.create(name, module="small", api_version="v1") as draft:
        Path(draft.path_of("weights.bin")).write_bytes(content)
        Path(draft.path_of("words.txt")).write_text("a few")
    return draft.model


def layers_with(image: Image, path: str) -> list[int]:
    return [index for index, files in enumerate(files_of(image)) if path in files]


def test_the_layers_are_the_blobs_that_a_registry_gets(store: Store, base: str, tmp_path: Path) -> None:
    model = large_model(store, "iris", os.urandom(ALONE_BYTES))
    make(store, small_bento(store, models=[model]), base, tmp_path / "images")
    files = item_files(model.path)
    blobs = item_blobs(model.path, files, model_place(model.tag), tmp_path / "cache", SilentReporter())
    assert [len(one.pack.files) for one in blobs] == [2, 1]
    layers = {layer.digest for layer in only_image(tmp_path / "images").layers}
    assert {one.layer.digest for one in blobs} <= layers


def test_a_file_that_two_versions_share_is_one_layer(store: Store, base: str, tmp_path: Path) -> None:
    content = os.urandom(ALONE_BYTES)
    layers = []
    for words in ("one", "two"):
        with store.models.create("iris", module="small", api_version="v1") as draft:
            Path(draft.path_of("weights.bin")).write_bytes(content)
            Path(draft.path_of("words.txt")).write_text(words)
        bento = small_bento(store, models=[draft.model])
        make(store, bento, base, tmp_path / words)
        layers.append({layer.digest for layer in only_image(tmp_path / words).layers})
    new = layers[1] - layers[0]
    assert len(new) == 3  # the small files, the links, and the Bento that names another version


def test_two_versions_of_a_model_lie_in_their_own_folders(store: Store, base: str, tmp_path: Path) -> None:
    first, second = (large_model(store, "iris", content) for content in (b"one", b"two"))
    make(store, small_bento(store, models=[first, second]), base, tmp_path / "images")
    image = only_image(tmp_path / "images")
    for model in (first, second):
        assert len(layers_with(image, f"app/models/iris/{model.tag.version}/weights.bin")) == 1
        assert len(layers_with(image, f"app/models/iris/{model.tag.version}/SHA256SUMS")) == 1
    assert layers_with(image, "models/iris/SHA256SUMS") == []


@pytest.mark.parametrize("content", [b"", os.urandom(ALONE_BYTES)])
def test_a_link_leads_to_the_model_in_the_image(store: Store, base: str, tmp_path: Path, content: bytes) -> None:
    model = save_model(store, "iris") if not content else large_model(store, "iris", content)
    make(store, small_bento(store, models=[model]), base, tmp_path / "images")
    found = {path: one for layer in files_of(only_image(tmp_path / "images")) for path, one in layer.items()}
    link = f"app/models/{model.tag.name}/{model.tag.version}"
    target = os.path.normpath(f"{os.path.dirname(link)}/{found[link].linkname}")  # noqa: PTH120
    names = {path.removeprefix(f"{target}/") for path in found if path.startswith(f"{target}/")}
    assert names == {"SHA256SUMS", *(file.path for file in item_files(model.path))}
