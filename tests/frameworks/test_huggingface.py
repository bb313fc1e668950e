import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.errors import FrameworkError, ModelNotFound, UsageError
from ekiben.frameworks.huggingface import HubReference, HuggingFaceModel
from ekiben.packager.models import pin_models
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.documents import Document, dump_document
from ekiben.store.local import Store
from tests.frameworks.hub_server import COMMIT, FILES, MODEL, serve_hub


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """The address of a hub with one model."""
    with serve_hub() as address:
        yield address


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's libraries."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def files_of(folder: Path) -> set[str]:
    """Paths of the files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def load_bento(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *entries: BentoModelEntry) -> None:
    """Has lookups go through a Bento with these models."""
    manifest = BentoManifest(service="service:Svc", name="svc", models=entries)
    (tmp_path / "bento").mkdir()
    (tmp_path / "bento" / "bento.yaml").write_bytes(dump_document(manifest.to_dict()))
    monkeypatch.setenv("EKIBEN_BENTO", str(tmp_path / "bento"))


def test_a_model_is_fetched_once_and_found_without_the_hub(store: Store, cache: Path, hub: str) -> None:
    model = HuggingFaceModel(MODEL, endpoint=hub)
    path = Path(model.resolve())
    assert files_of(path) == set(FILES)
    assert (path.name, model.commit_hash) == (COMMIT, COMMIT)
    assert HuggingFaceModel(MODEL, endpoint="http://127.0.0.1:9").resolve() == str(path)


def test_only_the_files_that_are_wanted_are_fetched(store: Store, cache: Path, hub: str) -> None:
    model = HuggingFaceModel(MODEL, endpoint=hub, include=["*.json", "weights/"], exclude=["*.bin"])
    assert files_of(Path(model.resolve())) == {"config.json", "weights/model.safetensors"}


def test_an_instance_has_the_path_and_the_class_the_reference(store: Store, cache: Path, hub: str) -> None:
    class Embedder:
        weights = HuggingFaceModel(MODEL, endpoint=hub)

    embedder = Embedder()
    assert Path(embedder.weights, "config.json").read_bytes() == FILES["config.json"]
    assert embedder.weights is embedder.weights
    assert isinstance(Embedder.weights, HuggingFaceModel)


def test_what_the_hub_does_not_have_is_told(store: Store, cache: Path, hub: str) -> None:
    with pytest.raises(FrameworkError, match="the hub does not give `tiny/missing` at `main`") as caught:
        HuggingFaceModel("tiny/missing", endpoint=hub).resolve()
    assert "seed_hub_cache" in str(caught.value.hint)


def test_a_build_pins_the_commit_and_the_bento_needs_no_hub(
    store: Store, cache: Path, hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = HuggingFaceModel(MODEL, endpoint=hub, exclude=["*.bin"])
    pinned = pin_models([str(model)], [], store.models)
    (entry,) = pinned.entries
    assert (entry.tag.name, entry.source, entry.alias) == ("tiny--model", f"hf:{MODEL}@{COMMIT}", str(model))
    assert BentoModelEntry.from_document(Document(tmp_path, entry.to_dict())) == entry
    load_bento(tmp_path, monkeypatch, *pinned.entries)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    gone = HuggingFaceModel(MODEL, endpoint=hub, exclude=["*.bin"])
    assert Path(gone.resolve()) == store.models.get(entry.tag).path
    assert files_of(Path(gone.resolve())) >= {"config.json", "weights/model.safetensors"}
    assert gone.commit_hash == COMMIT
    with pytest.raises(ModelNotFound, match="has no model `hf:tiny/other@main`"):
        HuggingFaceModel("tiny/other").resolve()


def test_a_model_taken_in_twice_is_one_version(store: Store, cache: Path, hub: str) -> None:
    model = HuggingFaceModel(MODEL, endpoint=hub)
    first, second = model.take_in(store.models), model.take_in(store.models)
    assert (first.tag, len(store.models.list())) == (second.tag, 1)
    assert first.metadata == {"model_id": MODEL, "revision": COMMIT}
    assert files_of(first.path) >= {"config.json", "weights/model.bin"}
    assert ".gitattributes" not in files_of(first.path)
    assert model.to_info().tag == first.tag


def test_a_commit_that_the_store_has_needs_neither_hub_nor_cache(
    store: Store, cache: Path, hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = HuggingFaceModel(MODEL, endpoint=hub).take_in(store.models)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    assert HuggingFaceModel(MODEL, COMMIT, endpoint="http://127.0.0.1:9").take_in(store.models) == model


def test_files_that_others_fetched_are_left_out(store: Store, cache: Path, hub: str) -> None:
    HuggingFaceModel(MODEL, endpoint=hub).resolve()
    model = HuggingFaceModel(MODEL, endpoint=hub, include=["weights/"], exclude=["*.bin"]).take_in(store.models)
    assert files_of(model.path) & set(FILES) == {"weights/model.safetensors"}


def test_patterns_that_fit_nothing_are_refused(store: Store, cache: Path, hub: str) -> None:
    with pytest.raises(UsageError, match="no file of `tiny/Model` fits the patterns"):
        HuggingFaceModel(MODEL, endpoint=hub, include=["*.onnx"]).take_in(store.models)


def test_the_files_are_copied_where_a_folder_is_given(store: Store, cache: Path, hub: str, tmp_path: Path) -> None:
    path = HuggingFaceModel(MODEL, endpoint=hub, include=["*.json"]).resolve(tmp_path / "out")
    assert (path, files_of(Path(path))) == (str(tmp_path / "out" / "tiny--model"), {"config.json"})


@pytest.mark.parametrize(
    "reference",
    [
        HubReference("gpt2"),
        HubReference("org/Model.v2_x", "refs/pr/1", ("*.json", "a b&c=?"), ("*.bin",), "http://hub.test/x?y"),
    ],
)
def test_a_reference_is_read_back_from_its_text(reference: HubReference) -> None:
    assert HubReference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers--all-minilm-l6-v2"),
        ("Qwen/Qwen2.5-0.5B_x", "qwen--qwen2-5-0-5b-x"),
        ("_/" + "a" * 80, "0--" + "a" * 60),
    ],
)
def test_the_name_in_the_store_is_a_tags(model_id: str, name: str) -> None:
    assert HubReference(model_id).name == name


def test_without_the_hubs_library_the_cache_is_enough(store: Store, cache: Path, hub: str) -> None:
    path = HuggingFaceModel(MODEL, endpoint=hub).resolve()
    script = (
        "import sys; sys.modules['huggingface_hub'] = None\nfrom ekiben.models import HuggingFaceModel\n"
        f"print(HuggingFaceModel({MODEL!r}).resolve())\nHuggingFaceModel('tiny/other').resolve()"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout == f"{path}\n"
    assert "FrameworkError: `tiny/other` is not in" in ran.stderr
