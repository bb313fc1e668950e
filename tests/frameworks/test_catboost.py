import catboost
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks.catboost import get_runnable, load_model, save_model
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from tests.frameworks.looking import FEATURES, LABELS, pickles_in

SMALL = {"iterations": 3, "depth": 2, "verbose": False, "allow_writing_files": False, "thread_count": 1}
METHODS = {"predict": {"batchable": True}, "predict_proba": {}, "calc_leaf_indexes": {}, "score": {}}


@pytest.fixture(scope="module")
def classifier() -> catboost.CatBoostClassifier:
    """A fitted classifier."""
    return catboost.CatBoostClassifier(**SMALL).fit(FEATURES, LABELS)


def test_a_classifier_comes_back_and_holds_no_pickle(store: Store, classifier: catboost.CatBoostClassifier) -> None:
    model = save_model("cats", classifier)
    loaded = load_model("cats")
    assert type(loaded) is catboost.CatBoostClassifier
    assert np.array_equal(loaded.predict_proba(FEATURES), classifier.predict_proba(FEATURES))
    assert pickles_in(model) == set()
    assert model.manifest.signatures == {"predict": Signature()}
    assert save_model("cats", classifier) == model


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(depth=st.integers(1, 4), seed=st.integers(0, 99), words=st.booleans())
def test_whatever_is_trained_answers_the_same(store: Store, depth: int, seed: int, words: bool) -> None:
    rows = pd.DataFrame(np.random.default_rng(seed).random((30, 3)), columns=["a", "b", "c"])
    wanted = rows["a"].to_numpy()
    if words:
        rows["c"] = ["left" if value < 0.5 else "right" for value in rows["b"]]
    model = catboost.CatBoostRegressor(
        **{**SMALL, "depth": depth}, random_seed=seed, cat_features=["c"] if words else []
    )
    model.fit(rows, wanted)
    assert np.array_equal(load_model(save_model("cats", model)).predict(rows), model.predict(rows))


def test_a_runnable_takes_rows_and_gives_arrays(
    store: Store, classifier: catboost.CatBoostClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = get_runnable(save_model("cats", classifier, signatures=METHODS))()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for rows in (FEATURES, FEATURES.tolist(), catboost.Pool(FEATURES)):
        assert np.array_equal(served.predict(rows), classifier.predict(FEATURES))  # type: ignore[attr-defined]
    assert served.predict_proba(FEATURES).shape == (40, 2)  # type: ignore[attr-defined]
    assert served.calc_leaf_indexes(FEATURES).shape == (40, 3)  # type: ignore[attr-defined]
    assert served.score(FEATURES, LABELS) == classifier.score(FEATURES, LABELS)  # type: ignore[attr-defined]
    assert (served.SUPPORTED_RESOURCES, served.SUPPORTS_CPU_MULTI_THREADING) == (("nvidia.com/gpu", "cpu"), True)


def test_what_cannot_be_saved_is_refused(store: Store, classifier: catboost.CatBoostClassifier) -> None:
    with pytest.raises(FrameworkError, match="`dict` is no CatBoost model"):
        save_model("cats", {})
    with pytest.raises(FrameworkError, match="`CatBoostRegressor` cannot be saved: There is no trained model"):
        save_model("cats", catboost.CatBoostRegressor())
    with pytest.raises(UsageError, match="`CatBoostClassifier` has no method `embed`"):
        save_model("cats", classifier, signatures={"embed": {}})
    assert store.models.list() == []


def test_a_file_that_changed_is_damage(store: Store, classifier: catboost.CatBoostClassifier) -> None:
    model = save_model("cats", classifier)
    model.path_of("saved_model.cbm").write_bytes(b"no cats")
    with pytest.raises(DamagedItem, match="is not what was saved: CatBoostError"):
        load_model(model)


def test_a_manifest_names_model_classes_alone(store: Store, classifier: catboost.CatBoostClassifier) -> None:
    context = ModelContext("catboost", {"catboost": catboost.__version__})
    options = {"training_class_name": "Pool"}
    with store.models.create("cats", module="ekiben.catboost", context=context, options=options) as draft:
        classifier.save_model(str(draft.path_of("saved_model.cbm")))
    with pytest.raises(FrameworkError, match="`catboost` has no model class `Pool`"):
        load_model("cats")
