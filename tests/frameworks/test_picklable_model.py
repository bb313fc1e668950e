import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks import picklable_model
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from ekiben.store.pickles import dump_pickle
from tests.frameworks.looking import pickles_in

TRAINING = """\
import ekiben

class Doubler:
    def __init__(self, factor):
        self.factor = factor
    def encode(self, values):
        return [self.factor * value for value in values]

ekiben.picklable_model.save_model("doubler", Doubler(2), signatures={"encode": {"batchable": True}})
"""
SERVING = "import ekiben; print(ekiben.picklable_model.load_model('doubler:latest').encode([1, 2]))"


def test_an_object_comes_back(store: Store) -> None:
    model = picklable_model.save_model("table", {"a": [1, 2]}, labels={"kind": "table"})
    assert picklable_model.load_model(model) == {"a": [1, 2]}
    assert model.manifest.module == "ekiben.picklable_model"
    assert model.manifest.labels == {"kind": "table"}
    assert model.manifest.context.framework_name == "cloudpickle"


def test_a_class_of_the_training_script_travels_with_the_model(home: Path) -> None:
    subprocess.run([sys.executable, "-c", TRAINING], check=True)
    done = subprocess.run([sys.executable, "-c", SERVING], check=True, capture_output=True, text=True)
    assert done.stdout == "[2, 4]\n"


def test_without_signatures_a_call_takes_one_at_a_time(store: Store) -> None:
    assert picklable_model.save_model("length", len).manifest.signatures == {"__call__": Signature()}
    assert picklable_model.save_model("table", {}).manifest.signatures == {}


def test_signatures_are_kept_and_checked(store: Store) -> None:
    model = picklable_model.save_model("word", "text", signatures={"upper": Signature(True, (0, 1))})
    assert model.manifest.signatures == {"upper": Signature(True, (0, 1))}
    with pytest.raises(UsageError, match="`str` has no method `embed`"):
        picklable_model.save_model("word", "text", signatures={"embed": {"batchable": True}})


def test_what_does_not_pickle_is_refused(store: Store) -> None:
    with pytest.raises(FrameworkError, match="`generator` cannot be pickled"):
        picklable_model.save_model("stream", (x for x in [1]))
    assert store.models.list() == []


@pytest.mark.parametrize("by_value", [True, False])
def test_code_of_external_modules_travels_where_asked(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_value: bool
) -> None:
    name = f"local_code_{by_value}".lower()
    (tmp_path / f"{name}.py").write_text("def halve(x):\n    return x / 2\n")
    with monkeypatch.context() as here:
        here.syspath_prepend(tmp_path)
        module = __import__(name)
        picklable_model.save_model("halve", module.halve, external_modules=[module] if by_value else [])
        del sys.modules[name]
    if by_value:
        assert picklable_model.load_model("halve")(3) == 1.5
    else:
        with pytest.raises(FrameworkError, match=f"No module named '{name}'") as caught:
            picklable_model.load_model("halve")
        assert "external_modules" in str(caught.value.hint)


@pytest.mark.parametrize("kept", [0, 1, 20, -20])
def test_a_cut_off_pickle_is_damage(store: Store, kept: int) -> None:
    model = picklable_model.save_model("table", list(range(100)))
    path = model.path_of("saved_model.pkl")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedItem, match=f"`{path}` is not what was saved: "):
        picklable_model.load_model("table")
    path.unlink()
    with pytest.raises(DamagedItem, match=r"has no saved_model\.pkl") as caught:
        picklable_model.load_model("table")
    assert caught.value.hint == "delete the model and save it again"


class Moody:
    """Unpickles badly."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("nonsense",)


def test_a_whole_pickle_that_does_not_load_is_no_damage(store: Store) -> None:
    picklable_model.save_model("moody", Moody())
    with pytest.raises(FrameworkError, match=r"`moody:.*` cannot be loaded: ValueError: .*nonsense") as caught:
        picklable_model.load_model("moody")
    assert "the versions that it was saved with" in str(caught.value.hint)


def test_other_versions_are_told_when_loading(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    context = ModelContext("cloudpickle", {"cloudpickle": "1.0.0"}, python_version="3.8.1")
    with store.models.create("old", module="ekiben.picklable_model", context=context) as draft:
        dump_pickle(draft.path_of("saved_model.pkl"), [1])
    assert picklable_model.load_model("old") == [1]
    assert "was saved with cloudpickle 1.0.0" in caplog.text
    assert "was pickled by Python 3.8.1" in caplog.text


def test_the_versions_of_the_saving_process_are_not_told(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    picklable_model.load_model(picklable_model.save_model("table", {}))
    assert caplog.records == []


def test_a_runnable_gets_one_thread_for_each_worker(store: Store) -> None:
    model = picklable_model.save_model("word", "text", signatures={"upper": {"batchable": True}})
    runnable = picklable_model.get_runnable(model)
    assert runnable().upper() == "TEXT"  # type: ignore[attr-defined]
    assert (runnable.SUPPORTED_RESOURCES, runnable.SUPPORTS_CPU_MULTI_THREADING) == (("cpu",), False)


def test_the_audit_sees_the_pickle(store: Store) -> None:
    assert pickles_in(picklable_model.save_model("table", {}, custom_objects={"a": 1})) == {
        "saved_model.pkl",
        "custom_objects.pkl",
    }
