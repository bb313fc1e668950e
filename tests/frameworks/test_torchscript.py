import warnings

import pytest
import torch

from ekiben.errors import DamagedItem, FrameworkError
from ekiben.frameworks import torchscript
from ekiben.store.local import Store
from ekiben.store.model_manifest import Signature
from tests.frameworks.torch_modules import Scorer, TiedWords

ROWS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
BATCHABLE = {"batchable": True, "batch_dim": 0}


def scripted(module: torch.nn.Module) -> torch.jit.ScriptModule:
    """The module as TorchScript, without torch's advice to leave it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(module)


@pytest.fixture(scope="module")
def scorer() -> torch.jit.ScriptModule:
    """A scripted module."""
    return scripted(Scorer().eval())


def test_a_saved_module_answers_the_same_when_loaded(store: Store, scorer: torch.jit.ScriptModule) -> None:
    model = torchscript.save_model("net", scorer)
    assert torch.equal(torchscript.load_model("net")(ROWS), scorer(ROWS))
    assert torchscript.get("net") == model
    assert (model.manifest.module, model.manifest.signatures) == ("ekiben.torchscript", {"__call__": Signature()})


def test_extra_files_come_back(store: Store, scorer: torch.jit.ScriptModule) -> None:
    torchscript.save_model("net", scorer, _extra_files={"labels.txt": "cat,dog"})
    extra: dict[str, object] = {"labels.txt": ""}
    torchscript.load_model("net", _extra_files=extra)
    assert extra == {"labels.txt": b"cat,dog"}


def test_a_runner_takes_arrays_and_gives_tensors(store: Store, scorer: torch.jit.ScriptModule) -> None:
    runner = torchscript.save_model("net", scorer, signatures={"__call__": BATCHABLE}).to_runner(name="Net")
    runner.init_local(quiet=True)
    assert torch.equal(runner.run(ROWS.numpy().astype("float64")), scorer(ROWS))


def test_numbers_of_words_stay_whole(store: Store) -> None:
    words = scripted(TiedWords())
    runner = torchscript.save_model("words", words).to_runner()
    runner.init_local(quiet=True)
    assert torch.equal(runner.run(torch.tensor([[1, 2]]).numpy()), words(torch.tensor([[1, 2]])))


def test_what_is_no_script_is_refused_and_the_right_module_named(store: Store) -> None:
    with pytest.raises(FrameworkError, match="`Scorer` is no ScriptModule") as caught:
        torchscript.save_model("net", Scorer())  # type: ignore[arg-type]
    assert "ekiben.pytorch" in str(caught.value.hint)


def test_a_damaged_file_is_told(store: Store, scorer: torch.jit.ScriptModule) -> None:
    path = torchscript.save_model("net", scorer).path_of("saved_model.pt")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedItem, match="is not what was saved"):
        torchscript.load_model("net")
