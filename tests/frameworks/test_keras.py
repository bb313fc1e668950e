from typing import Any

import keras
import numpy as np
import pytest

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks.keras import get_runnable, load_model, save_model
from ekiben.packager.audit.formats import has_lambda
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from tests.frameworks.looking import FEATURES, pickles_in

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"  # of TensorFlow's arrays
)


class Tripled(keras.layers.Layer):  # type: ignore[misc]
    """A layer of the test's own."""

    def call(self, inputs: Any) -> Any:
        return 3 * inputs


def net(*layers: Any) -> Any:
    """A small network that ends with these layers."""
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2), *layers])


def test_a_network_comes_back_and_holds_no_pickle(store: Store) -> None:
    trained = net(keras.layers.Dense(1))
    trained.compile("sgd", "mse")
    trained.fit(FEATURES, FEATURES[:, 0], epochs=1, verbose=0)
    model = save_model("net", trained)
    loaded: Any = load_model("net")
    assert np.allclose(loaded.predict(FEATURES, verbose=0), trained.predict(FEATURES, verbose=0))
    assert loaded.optimizer.iterations.numpy() == trained.optimizer.iterations.numpy() > 0
    assert pickles_in(model) == set()
    assert not has_lambda(model.path_of("saved_model.keras"))
    assert model.manifest.signatures == {"predict": Signature()}
    assert model.manifest.context.framework_versions == {"keras": keras.__version__}


def test_a_runnable_takes_rows_and_gives_arrays(store: Store) -> None:
    trained = net()
    trained.compile("adam", "mse")
    served: Any = get_runnable(
        save_model("net", trained, signatures={"predict": {"batchable": True}, "__call__": {}})
    )()
    for answer in (served.predict(FEATURES), served.__call__(FEATURES)):
        assert isinstance(answer, np.ndarray)
        assert np.allclose(answer, trained.predict(FEATURES, verbose=0))
    assert served.SUPPORTED_RESOURCES == ("nvidia.com/gpu", "cpu")


@pytest.mark.parametrize("count", [1, 40, 1024, 1025])
def test_a_runnable_predicts_the_same_for_few_rows_and_many(store: Store, count: int) -> None:
    trained = net(keras.layers.Dropout(0.5), keras.layers.BatchNormalization())
    served: Any = get_runnable(save_model("net", trained))()
    rows = np.resize(FEATURES, (count, 4))
    wanted = trained.predict(rows, verbose=0)
    assert np.allclose(served.predict(rows), wanted, atol=1e-6)
    assert np.allclose(served.predict(rows, batch_size=8), wanted, atol=1e-6)


class Counting(keras.Model):  # type: ignore[misc]
    """A model with a `predict` of its own."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def predict(self, rows: Any) -> Any:
        return len(rows)


def test_a_predict_of_ones_own_is_what_a_runnable_calls(store: Store) -> None:
    counting = Counting()
    counting(FEATURES)
    model = save_model("counting", counting, custom_objects={"Counting": Counting})
    assert get_runnable(model)().predict(FEATURES) == 40  # type: ignore[attr-defined]


def test_layers_of_ones_own_come_along_as_custom_objects_which_are_a_pickle(store: Store) -> None:
    trained = net(Tripled())
    model = save_model("net", trained, custom_objects={"Tripled": Tripled})
    loaded: Any = load_model(model)
    assert np.allclose(loaded.predict(FEATURES, verbose=0), trained.predict(FEATURES, verbose=0))
    assert pickles_in(model) == {"custom_objects.pkl"}
    with pytest.raises(FrameworkError, match="Could not locate class 'Tripled'") as caught:
        load_model(save_model("net", trained))
    assert "custom_objects" in str(caught.value.hint)


def test_code_in_a_model_is_refused_unless_it_is_trusted(store: Store) -> None:
    model = save_model("net", net(keras.layers.Lambda(lambda rows: 2 * rows)))
    assert has_lambda(model.path_of("saved_model.keras"))
    with pytest.raises(FrameworkError, match="Lambda") as caught:
        load_model(model)
    assert "safe_mode=False" in str(caught.value.hint)
    loaded: Any = load_model(model, safe_mode=False)
    assert loaded.predict(FEATURES, verbose=0).shape == (40, 2)
    with pytest.raises(FrameworkError, match="Lambda"):
        get_runnable(model)()
    served: Any = get_runnable(model, safe_mode=False)()
    assert served.predict(FEATURES).shape == (40, 2)


def test_a_folder_that_came_from_bentoml_is_read(store: Store) -> None:
    trained = net()
    context = ModelContext("keras", {"keras": keras.__version__})
    with store.models.create("net", module="ekiben.keras", context=context) as draft:
        trained.save(draft.path, zipped=False)
    loaded: Any = load_model("net")
    assert np.allclose(loaded.predict(FEATURES, verbose=0), trained.predict(FEATURES, verbose=0))


def test_what_cannot_be_saved_is_refused(store: Store) -> None:
    with pytest.raises(FrameworkError, match="`dict` is no Keras model"):
        save_model("net", {})
    with pytest.raises(UsageError, match="`Sequential` has no method `embed`"):
        save_model("net", net(), signatures={"embed": {}})
    assert store.models.list() == []


def test_a_file_that_changed_is_damage(store: Store) -> None:
    model = save_model("net", net())
    model.path_of("saved_model.keras").write_bytes(b"no net")
    with pytest.raises(DamagedItem, match="is not what was saved: ValueError"):
        load_model(model)


def test_another_backend_is_told_when_loading(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    context = ModelContext("keras", {"keras": keras.__version__})
    options = {"backend": "jax"}
    with store.models.create("net", module="ekiben.keras", context=context, options=options) as draft:
        net().save(draft.path_of("saved_model.keras"))
    load_model("net")
    assert f"was saved by Keras on jax and is loaded on {keras.backend.backend()}" in caplog.text
