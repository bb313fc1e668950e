import shutil
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks.tensorflow import get_runnable, load_model, save_model
from ekiben.store.local import Store
from ekiben.store.models import Signature
from tests.frameworks.looking import pickles_in

ROWS = np.arange(6.0).reshape(3, 2)
PAIRS = [tf.TensorSpec([None, 2], tf.float32)]


class Scale(tf.Module):  # type: ignore[misc]
    """Multiplies, in more than one way."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function(input_signature=PAIRS)  # type: ignore[untyped-decorator]
    def __call__(self, rows: Any) -> Any:
        return self.factor * rows

    @tf.function(input_signature=[*PAIRS, *PAIRS])  # type: ignore[untyped-decorator]
    def both(self, rows: Any, others: Any) -> Any:
        return {"sum": rows + others, "each": (rows, [others])}

    def describe(self) -> str:
        """Python alone: it does not come back."""
        return "scale"


def test_a_module_comes_back_and_holds_no_pickle(store: Store) -> None:
    model = save_model("scale", Scale(2.0))
    assert np.array_equal(load_model("scale")(ROWS.astype("float32")), 2 * ROWS)
    assert pickles_in(model) == set()
    assert model.manifest.signatures == {"__call__": Signature(), "both": Signature()}
    assert model.manifest.context.framework_versions == {"tensorflow": tf.__version__}


def test_what_was_loaded_is_saved_again(store: Store) -> None:
    save_model("scale", Scale(3.0))
    model = save_model("again", load_model("scale"))
    assert set(model.manifest.signatures) == {"__call__", "both"}
    assert np.array_equal(load_model("again")(ROWS.astype("float32")), 3 * ROWS)


def test_a_runnable_takes_arrays_of_any_number_type_and_gives_arrays(store: Store) -> None:
    served: Any = get_runnable(save_model("scale", Scale(2.0)))()
    for rows in (ROWS, ROWS.astype("int64"), ROWS.astype("float32"), ROWS.tolist(), tf.constant(ROWS, tf.float32)):
        answer = served.__call__(rows)
        assert isinstance(answer, np.ndarray)
        assert np.array_equal(answer, 2 * ROWS)
    answer = served.both(ROWS, ROWS)
    assert np.array_equal(answer["sum"], 2 * ROWS)
    assert [type(one) for one in (answer["each"][0], answer["each"][1][0])] == [np.ndarray, np.ndarray]
    with pytest.raises((TypeError, ValueError)):
        served.__call__(ROWS, ROWS, ROWS)


class Traced(tf.Module):  # type: ignore[misc]
    """Takes what it was traced with, and no other number type."""

    @tf.function  # type: ignore[untyped-decorator]
    def __call__(self, rows: Any, doubled: bool = True) -> Any:
        return 2 * rows if doubled else rows


def test_a_runnable_gives_a_traced_function_the_number_type_that_it_knows(store: Store) -> None:
    traced = Traced()
    traced(tf.constant(ROWS, tf.float32))
    model = save_model("traced", traced)
    with pytest.raises(ValueError, match="Could not find matching concrete function"):
        load_model(model)(ROWS)
    served: Any = get_runnable(model)()
    assert np.array_equal(served.__call__(ROWS), 2 * ROWS)
    with pytest.raises(TypeError, match="too many positional arguments"):
        served.__call__(ROWS, True, ROWS)


def test_what_would_not_come_back_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match=r"`describe` of `Scale` is no tf\.function"):
        save_model("scale", Scale(1.0), signatures={"describe": {}})
    with pytest.raises(FrameworkError, match="`int` cannot be saved: Expected an object of type `Trackable`"):
        save_model("five", 5, signatures={})
    for lacking in (tf.Module(), keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])):
        with pytest.raises(FrameworkError, match=r"has no tf\.function") as caught:
            save_model("none", lacking)
        assert "ekiben.keras" in str(caught.value.hint)
    assert store.models.list() == []
    variables = tf.Module()
    variables.weight = tf.Variable(3.0)
    assert load_model(save_model("weight", variables, signatures={})).weight.numpy() == 3


def test_a_file_that_is_lost_or_changed_is_damage(store: Store) -> None:
    model = save_model("scale", Scale(1.0))
    model.path_of("saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(DamagedItem, match="is not what was saved: "):
        load_model(model)
    shutil.rmtree(model.path_of("variables"))
    with pytest.raises(DamagedItem, match="is not what was saved: "):
        load_model(model)


def test_naming_the_module_imports_no_library() -> None:
    names = "('tensorflow', 'keras', 'mlflow', 'catboost', 'lightgbm', 'sklearn', 'numpy')"
    faces = "ekiben.tensorflow, ekiben.keras, ekiben.mlflow, ekiben.catboost, ekiben.lightgbm, ekiben.sklearn"
    script = f"import sys, ekiben; {faces}; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
