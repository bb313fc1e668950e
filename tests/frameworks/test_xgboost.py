import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xgboost
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks.xgboost import get_runnable, load_model, save_model
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from tests.frameworks.looking import FEATURES, LABELS, pickles_in

PROBABILITIES = {"predict_proba": {"batchable": True}}


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    """A trained booster."""
    return xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(FEATURES, LABELS), num_boost_round=3)


@pytest.fixture(scope="module")
def classifier() -> xgboost.XGBClassifier:
    """A fitted classifier."""
    return xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1).fit(FEATURES, LABELS)


def test_a_booster_comes_back_and_holds_no_pickle(store: Store, booster: xgboost.Booster) -> None:
    model = save_model("trees", booster)
    loaded = load_model("trees")
    assert isinstance(loaded, xgboost.Booster)
    assert np.array_equal(loaded.predict(xgboost.DMatrix(FEATURES)), booster.predict(xgboost.DMatrix(FEATURES)))
    assert pickles_in(model) == set()
    assert model.manifest.signatures == {"predict": Signature()}
    assert model.manifest.context.framework_versions == {"xgboost": xgboost.__version__}


def test_a_classifier_comes_back_as_what_it_was(store: Store, classifier: xgboost.XGBClassifier) -> None:
    class Named(xgboost.XGBClassifier):
        """A class of the training script, which is not there when the model is loaded."""

    for kind in (classifier, Named(n_estimators=3, max_depth=2, n_jobs=1).fit(FEATURES, LABELS)):
        loaded = load_model(save_model("trees", kind, signatures=PROBABILITIES))
        assert type(loaded) is xgboost.XGBClassifier
        assert np.array_equal(loaded.predict_proba(FEATURES), classifier.predict_proba(FEATURES))


def test_the_same_model_is_the_same_version(store: Store, classifier: xgboost.XGBClassifier) -> None:
    assert save_model("trees", classifier) == save_model("trees", classifier)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(depth=st.integers(1, 4), rounds=st.integers(1, 4), seed=st.integers(0, 99), missing=st.booleans())
def test_whatever_is_trained_answers_the_same(store: Store, depth: int, rounds: int, seed: int, missing: bool) -> None:
    rows = np.random.default_rng(seed).random((30, 3))
    if missing:
        rows[::3, 1] = np.nan
    matrix = xgboost.DMatrix(rows, rows[:, 0], feature_names=["a", "b", "c"])
    trained = xgboost.train({"max_depth": depth, "nthread": 1, "seed": seed}, matrix, num_boost_round=rounds)
    loaded = load_model(save_model("trees", trained))
    assert np.array_equal(loaded.predict(matrix), trained.predict(matrix))


def test_a_runnable_takes_rows_and_gives_arrays(
    store: Store, booster: xgboost.Booster, classifier: xgboost.XGBClassifier
) -> None:
    served = get_runnable(save_model("trees", booster))()
    wanted = booster.predict(xgboost.DMatrix(FEATURES))
    for rows in (FEATURES, pd.DataFrame(FEATURES), xgboost.DMatrix(FEATURES)):
        assert np.array_equal(served.predict(rows), wanted)  # type: ignore[attr-defined]
    served = get_runnable(save_model("sure", classifier, signatures=PROBABILITIES))()
    assert served.predict_proba(FEATURES).shape == (40, 2)  # type: ignore[attr-defined]
    assert (served.SUPPORTED_RESOURCES, served.SUPPORTS_CPU_MULTI_THREADING) == (("nvidia.com/gpu", "cpu"), True)


def test_a_runnable_takes_frames_with_categories_of_another_order(store: Store) -> None:
    frame = pd.DataFrame({"size": FEATURES[:, 0], "kind": pd.Categorical(["left", "right"] * 20)})
    matrix = xgboost.DMatrix(frame, frame["kind"] == "right", enable_categorical=True)
    trained = xgboost.train({"max_depth": 2, "nthread": 1}, matrix, num_boost_round=3)
    asked = pd.DataFrame({"size": [0.5, 0.5], "kind": pd.Categorical(["right", "left"], categories=["right", "left"])})
    served = get_runnable(save_model("trees", trained))()
    right, left = served.predict(asked)  # type: ignore[attr-defined]
    assert right > 0.5 > left


@pytest.mark.parametrize("count", [1, 3])
def test_a_runnable_computes_on_the_threads_that_its_worker_has(
    store: Store, classifier: xgboost.XGBClassifier, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(count))
    served = get_runnable(save_model("trees", classifier))()
    told = json.loads(served.model.get_booster().save_config())  # type: ignore[attr-defined]
    assert told["learner"]["generic_param"]["nthread"] == str(count)


def test_what_cannot_be_saved_is_refused(store: Store, booster: xgboost.Booster) -> None:
    with pytest.raises(FrameworkError, match="`dict` is neither a Booster nor an XGBModel"):
        save_model("trees", {})  # type: ignore[arg-type]
    with pytest.raises(FrameworkError, match="`XGBRegressor` cannot be saved: need to call fit"):
        save_model("trees", xgboost.XGBRegressor())
    with pytest.raises(UsageError, match="`Booster` has no method `predict_proba`"):
        save_model("trees", booster, signatures=PROBABILITIES)
    assert store.models.list() == []


def test_a_file_that_changed_is_damage_told_without_a_stack(store: Store, booster: xgboost.Booster) -> None:
    model = save_model("trees", booster)
    model.path_of("saved_model.ubj").write_bytes(b"{oh")
    with pytest.raises(DamagedItem, match="is not what was saved: XGBoostError") as caught:
        load_model(model)
    assert "Stack trace" not in str(caught.value)


@pytest.mark.parametrize("name", ["core", "DMatrix", "no_such", "Booster", 5])
def test_a_manifest_names_model_classes_alone(store: Store, classifier: xgboost.XGBClassifier, name: object) -> None:
    context = ModelContext("xgboost", {"xgboost": xgboost.__version__})
    with store.models.create("trees", module="ekiben.xgboost", context=context, options={"model_class": name}) as draft:
        classifier.save_model(draft.path_of("saved_model.ubj"))
    if name == "Booster":
        assert isinstance(load_model("trees"), xgboost.Booster)
        return
    with pytest.raises(FrameworkError, match=f"`xgboost` has no model class `{name}`"):
        load_model("trees")


def test_another_version_is_told_when_loading(
    store: Store, booster: xgboost.Booster, caplog: pytest.LogCaptureFixture
) -> None:
    context = ModelContext("xgboost", {"xgboost": "1.0.0"})
    with store.models.create("trees", module="ekiben.xgboost", context=context) as draft:
        booster.save_model(draft.path_of("saved_model.ubj"))
    load_model("trees")
    assert "was saved with xgboost 1.0.0 and is loaded with" in caplog.text


def test_naming_the_module_imports_no_library() -> None:
    script = "import sys, ekiben; ekiben.xgboost.save_model; print('xgboost' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
