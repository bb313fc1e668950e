import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Pipeline

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks import transformers
from ekiben.packager.audit.pickles.files import search_file
from ekiben.store.local import Store
from ekiben.store.model_manifest import Signature
from tests.frameworks.tiny_transformers import WORDS, Exclaiming, classifier, reviewer, tokenizer

TEXTS = ["a good movie", "a bad movie"]
BATCHABLE = {"batchable": True, "batch_dim": 0}


@pytest.fixture(scope="module")
def review() -> Pipeline:
    """A pipeline that classifies texts."""
    return reviewer()


def test_a_pipeline_comes_back_from_a_folder_without_a_pickle(store: Store, review: Pipeline) -> None:
    model = transformers.save_model("review", review)
    assert transformers.load_model("review")(TEXTS) == review(TEXTS)
    assert not any(search_file(path) for path in model.path.iterdir() if path.suffix != ".yaml")
    assert model.path_of("model.safetensors").is_file()
    assert (model.manifest.module, model.manifest.signatures) == ("ekiben.transformers", {"__call__": Signature()})
    assert model.manifest.context.framework_versions.keys() == {"transformers", "torch"}
    assert transformers.get("review") == model


def test_a_runner_of_a_pipeline_takes_batches_of_texts(store: Store, review: Pipeline) -> None:
    runner = transformers.save_model("review", review, signatures={"__call__": BATCHABLE}).to_runner(name="Review")
    runner.init_local(quiet=True)
    assert runner.run(TEXTS) == review(TEXTS)
    assert runner.methods["__call__"].declared.batchable


def test_a_model_and_its_tokenizer_share_a_folder(store: Store) -> None:
    module, words = classifier(), tokenizer()
    model = transformers.save_model("review", module, tokenizer=words)
    inputs = AutoTokenizer.from_pretrained(model.path)(TEXTS, return_tensors="pt")
    with torch.inference_mode():
        assert torch.equal(transformers.load_model("review")(**inputs).logits, module(**inputs).logits)
    assert model.manifest.signatures.keys() == {"__call__", "forward"}


def test_a_runner_of_a_model_takes_arrays_and_gives_tensors(store: Store) -> None:
    module = classifier()
    runner = transformers.save_model("review", module).to_runner()
    runner.init_local(quiet=True)
    ids = torch.tensor([[2, 5, 6, 8, 3]])
    assert torch.equal(runner.run(input_ids=ids.numpy())["logits"], module(input_ids=ids).logits.detach())


def test_a_runner_of_a_tokenizer_gives_plain_mappings(store: Store) -> None:
    runner = transformers.save_model("words", tokenizer()).to_runner()
    runner.init_local(quiet=True)
    encoded = runner.run(TEXTS)
    assert type(encoded) is dict
    assert encoded["input_ids"][0] == [WORDS.index(word) for word in ("[CLS]", "a", "good", "movie", "[SEP]")]
    assert runner.decode.run([5, 6]) == "a good"


def test_a_pipeline_of_ones_own_is_found_by_its_class(store: Store) -> None:
    own = Exclaiming(model=classifier(), tokenizer=tokenizer(), task="exclaiming", device=torch.device("cpu"))
    with pytest.raises(FrameworkError, match="`exclaiming` is no task that transformers knows"):
        transformers.save_model("own", own)
    definition = {"impl": Exclaiming, "pt": (AutoModelForSequenceClassification,), "type": "text"}
    transformers.save_model("own", own, task_name="exclaiming", task_definition=definition)
    assert transformers.load_model("own")(TEXTS[0])[0]["label"].endswith("!")


def test_what_came_from_bentoml_is_read(store: Store, review: Pipeline) -> None:
    task, pretrained = (
        {"task": "text-classification", "pt": [], "tf": [], "type": "text"},
        "BertForSequenceClassification",
    )
    with store.models.create("review", module="ekiben.transformers", options=task) as draft:
        review.save_pretrained(draft.path)
    with store.models.create("bert", module="ekiben.transformers", metadata={"_pretrained_class": pretrained}) as draft:
        review.model.save_pretrained(draft.path)
    assert transformers.load_model("review")(TEXTS) == review(TEXTS)
    assert type(transformers.load_model("bert")).__name__ == pretrained


def test_loading_asks_nobody(store: Store, review: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers.save_model("review", review)
    script = (
        "import socket, sys\ndef refused(*_): raise SystemExit('asked the network')\nsocket.socket.connect = refused\n"
    )
    script += f"import ekiben\nprint(ekiben.transformers.load_model('review')('{TEXTS[0]}')[0]['label'])"
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, f"{review(TEXTS[0])[0]['label']}\n"), ran.stderr


@pytest.mark.parametrize("options", [{"class": "transformers:AutoModel"}, {"task": "text-classification"}])
def test_code_that_came_with_a_model_runs_only_where_it_is_trusted(
    store: Store, tmp_path: Path, options: dict[str, object]
) -> None:
    mark = tmp_path / "ran"
    with store.models.create("own", module="ekiben.transformers", options=options) as draft:
        auto = ("AutoConfig", "AutoModel", "AutoModelForSequenceClassification")
        config = {"model_type": "own", "auto_map": dict.fromkeys(auto, "code.Own")}
        draft.path_of("config.json").write_text(json.dumps(config))
        draft.path_of("code.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n")
    with pytest.raises(FrameworkError, match="cannot be loaded") as caught:
        transformers.load_model("own")
    assert "trust_remote_code=True" in str(caught.value.hint)
    assert not mark.exists()


@pytest.mark.parametrize("path", ["subprocess:Popen", "transformers:nothing", "builtins:eval"])
def test_a_class_that_is_none_of_theirs_is_not_called(store: Store, path: str) -> None:
    with store.models.create("odd", module="ekiben.transformers", options={"class": path}):
        pass
    with pytest.raises(FrameworkError, match=f"`{path}` is no class of transformers' kind"):
        transformers.load_model("odd")


def test_what_is_nothing_of_theirs_is_refused(store: Store, review: Pipeline) -> None:
    with pytest.raises(FrameworkError, match="`dict` is nothing that transformers saves"):
        transformers.save_model("odd", {})
    with pytest.raises(UsageError, match="a pipeline brings its own tokenizer"):
        transformers.save_model("review", review, tokenizer=tokenizer())


def test_damaged_weights_are_told(store: Store) -> None:
    path = transformers.save_model("review", classifier()).path_of("model.safetensors")
    path.chmod(0o644)
    path.write_bytes(b"\x00" * 20)
    with pytest.raises(DamagedItem, match="is not what was saved"):
        transformers.load_model("review")
