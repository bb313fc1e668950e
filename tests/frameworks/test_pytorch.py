import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import ekiben
from ekiben.errors import BadInput, DamagedItem, FrameworkError, UsageError
from ekiben.frameworks import pytorch
from ekiben.packager.audit.pickles.files import search_file
from ekiben.store.local import Store
from ekiben.store.model_manifest import Signature
from ekiben.store.models import Model
from tests.frameworks import torch_modules
from tests.frameworks.torch_modules import AsksForGradients, Scorer, TiedWords

ROWS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
BATCHABLE = {"batchable": True, "batch_dim": 0}


def pickles_in(model: Model) -> list[str]:
    """The model's files that hold pickles."""
    return [path.name for path in model.path.iterdir() if path.name != "model.yaml" and search_file(path)]


def centred() -> nn.Module:
    module = Scorer()
    module.mean.add_(1)
    return module


@pytest.mark.parametrize("make", [Scorer, TiedWords, centred, lambda: Scorer().half()])
def test_a_module_comes_back_from_its_weights_without_a_pickle(store: Store, make: Callable[[], nn.Module]) -> None:
    module = make().eval()
    model = pytorch.save_model("net", module)
    loaded = pytorch.load_model("net")
    assert (type(loaded), loaded.training) == (type(module), False)
    for name, tensor in module.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
        assert loaded.state_dict()[name].dtype == tensor.dtype
    assert [one.tolist() for one in loaded.buffers()] == [one.tolist() for one in module.buffers()]
    assert model.manifest.options["format"] == "safetensors"
    assert pickles_in(model) == []


def test_what_the_constructor_was_given_is_given_to_it_again(store: Store) -> None:
    module = Scorer(width=5, scale=0.5)
    pytorch.save_model("net", module, init_params={"width": 5, "scale": 0.5})
    rows = torch.ones(1, 5)
    assert torch.equal(pytorch.load_model("net")(rows), module(rows))


def test_tied_weights_are_written_once(store: Store) -> None:
    model = pytorch.save_model("net", TiedWords())
    content = model.path_of("model.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert header["__metadata__"] == {"back.weight": "words.weight"}
    assert header.keys() == {"__metadata__", "words.weight"}


def test_saving_costs_no_random_numbers(store: Store) -> None:
    module = Scorer()
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    pytorch.save_model("net", module)
    assert torch.equal(torch.rand(1), expected)


def changed_attribute() -> nn.Module:
    module = Scorer()
    module.scale = 9.0
    return module


def added_buffer() -> nn.Module:
    module = Scorer()
    module.register_buffer("offset", torch.zeros(1), persistent=False)
    return module


def hooked() -> nn.Module:
    module = Scorer()
    module.linear.register_forward_hook(print)
    return module


def frozen_part() -> nn.Module:
    module = Scorer()
    module.linear.eval()
    return module


def other_part() -> nn.Module:
    module = Scorer()
    module.linear = nn.Sequential(nn.Linear(3, 2))  # type: ignore[assignment]
    return module


def local_class() -> nn.Module:
    class Local(nn.Module):
        pass

    return Local()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (changed_attribute, "`Scorer` has `scale` other than its constructor makes it"),
        (added_buffer, "`Scorer` has `offset` other"),
        (hooked, "`Scorer` has hooks on `linear`"),
        (frozen_part, "`Scorer` has `linear.training` other"),
        (other_part, "`Scorer` is made of other parts"),
        (lambda: Scorer(width=5), "`Scorer` has `linear.in_features` other"),
        (lambda: nn.Linear(2, 2), "`Linear` is not made of the init_params given"),
        (local_class, "the class `Local` cannot be imported"),
    ],
)
def test_what_weights_do_not_make_again_is_pickled_and_the_reason_told(
    store: Store, caplog: pytest.LogCaptureFixture, make: Callable[[], nn.Module], reason: str
) -> None:
    module = make()
    model = pytorch.save_model("net", module)
    assert reason in caplog.text
    assert (model.manifest.options["format"], pickles_in(model)) == ("pickle", ["saved_model.pt"])
    assert pytorch.load_model(model).state_dict().keys() == module.state_dict().keys()
    with pytest.raises(FrameworkError, match=reason.replace("`", ".")):
        pytorch.save_model("net", module, format="safetensors")


def test_a_pickle_is_refused_by_who_wants_weights_alone(store: Store) -> None:
    pytorch.save_model("net", Scorer(), format="pickle")
    with pytest.raises(FrameworkError, match=r"`net:.*` cannot be loaded: UnpicklingError"):
        pytorch.load_model("net", weights_only=True)


def test_external_modules_travel_in_a_pickle(store: Store) -> None:
    model = pytorch.save_model("net", Scorer(), external_modules=[torch_modules])
    names = {str(one) for pickle in search_file(model.path_of("saved_model.pt")) for one in pickle.imports}
    assert "cloudpickle.cloudpickle._make_skeleton_class" in names
    assert "tests.frameworks.torch_modules.Scorer" not in names


def test_an_exported_program_needs_no_class(store: Store) -> None:
    module = Scorer().eval()
    program = torch.export.export(module, (ROWS,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    model = pytorch.save_model("net", program, signatures={"__call__": BATCHABLE})
    assert model.manifest.options["format"] == "export"
    rows = torch.rand(5, 3)
    assert torch.allclose(pytorch.load_model("net")(rows), module(rows))
    runner = model.to_runner()
    runner.init_local(quiet=True)
    assert torch.allclose(runner.run(rows.numpy()), module(rows))


def test_a_class_that_is_no_module_is_not_made(store: Store, tmp_path: Path) -> None:
    with store.models.create(
        "net",
        module="ekiben.pytorch",
        options={"format": "safetensors", "class": "pathlib:Path.touch", "init_params": {"self": str(tmp_path / "x")}},
    ) as draft:
        draft.path_of("model.safetensors").touch()
    with pytest.raises(FrameworkError, match=r"`pathlib:Path\.touch` is no class of torch modules"):
        pytorch.load_model("net")
    assert list(tmp_path.glob("x")) == []


@pytest.mark.parametrize(("value", "told"), [(Scorer, "`type` is no torch module"), ({}, "`dict` is no torch module")])
def test_what_is_no_module_is_refused(store: Store, value: object, told: str) -> None:
    with pytest.raises(FrameworkError, match=told):
        pytorch.save_model("net", value)  # type: ignore[arg-type]


def test_a_module_is_not_exported_by_itself(store: Store) -> None:
    with pytest.raises(UsageError, match="`export` is no format that a module is saved in") as caught:
        pytorch.save_model("net", Scorer(), format="export")
    assert "torch.export.export" in str(caught.value.hint)


def test_damaged_weights_are_told_apart_from_another_class(store: Store) -> None:
    model = pytorch.save_model("net", Scorer())
    path = model.path_of("model.safetensors")
    path.chmod(0o644)
    path.write_bytes(b"\x00" * 20)
    with pytest.raises(DamagedItem, match="is not what was saved"):
        pytorch.load_model("net")


def test_the_manifest_says_what_was_given_and_the_versions(store: Store) -> None:
    model = pytorch.save_model("net:v1", Scorer(), labels={"stage": "test"}, metadata={"loss": 0.5})
    assert (model.manifest.module, model.manifest.signatures) == ("ekiben.pytorch", {"__call__": Signature()})
    assert model.manifest.context.framework_versions.keys() == {"torch", "safetensors"}
    assert (str(model.tag), model.metadata) == ("net:v1", {"loss": 0.5})
    assert ekiben.pytorch.get("net") == model


def test_a_runner_takes_arrays_frames_and_tensors_and_gives_tensors(store: Store) -> None:
    module = nn.Sequential(Scorer(), nn.Dropout(0.9)).train()
    signatures = {"__call__": BATCHABLE}
    runner = pytorch.save_model("net", module, signatures=signatures).to_runner(name="Net")
    runner.init_local(quiet=True)
    expected = module.eval()(ROWS)
    for rows in (ROWS, ROWS.numpy(), ROWS.numpy().astype("float64"), ROWS.numpy().astype(int), pd.DataFrame(ROWS)):
        scores = runner.run(rows)
        assert torch.equal(scores, expected)
        assert not scores.requires_grad
    assert (runner.methods["__call__"].declared.batchable, runner.name) == (True, "Net")


def test_a_runner_has_the_methods_that_the_signatures_name(store: Store) -> None:
    module = Scorer()
    runner = pytorch.save_model("net", module, signatures={"doubled": BATCHABLE}).to_runner()
    runner.init_local(quiet=True)
    assert torch.equal(runner.doubled.run(ROWS.numpy())["scores"], 2 * module(ROWS))
    with pytest.raises(UsageError, match="`Scorer` has no method `encode`"):
        pytorch.save_model("net", module, signatures={"encode": BATCHABLE})


def test_an_array_of_texts_is_the_callers_mistake(store: Store) -> None:
    runner = pytorch.save_model("net", Scorer()).to_runner()
    runner.init_local(quiet=True)
    with pytest.raises(BadInput, match="an array of `<U1` is not what the model takes"):
        runner.run(np.array([["a", "b", "c"]]))


def test_a_runner_keeps_no_gradients(store: Store) -> None:
    runner = pytorch.save_model("net", AsksForGradients()).to_runner()
    runner.init_local(quiet=True)
    assert not runner.run(ROWS).any()


def test_numbers_of_words_stay_whole(store: Store) -> None:
    module = TiedWords()
    runner = pytorch.save_model("net", module).to_runner()
    runner.init_local(quiet=True)
    words = np.array([[1, 2], [3, 4]])
    assert torch.equal(runner.run(words), module(torch.from_numpy(words)))
