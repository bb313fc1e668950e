from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks.lightgbm import get_runnable, load_model, save_model
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from tests.frameworks.looking import FEATURES, LABELS, pickles_in

SMALL = {"verbose": -1, "num_threads": 1, "min_data_in_leaf": 2, "num_leaves": 4}


def train(rows: NDArray[Any], values: NDArray[Any], **params: object) -> lightgbm.Booster:
    """A small booster."""
    data = lightgbm.Dataset(rows, values, params={"verbose": -1, "min_data_in_leaf": 2})
    return lightgbm.train({**SMALL, **params}, data, num_boost_round=3)


@pytest.fixture(scope="module")
def booster() -> lightgbm.Booster:
    """A trained booster."""
    return train(FEATURES, LABELS)


def test_a_booster_comes_back_and_holds_no_pickle(store: Store, booster: lightgbm.Booster) -> None:
    model = save_model("leaves", booster)
    assert np.array_equal(load_model("leaves").predict(FEATURES), booster.predict(FEATURES))
    assert pickles_in(model) == set()
    assert model.path_of("saved_model.txt").read_text().startswith("tree\n")
    assert model.manifest.signatures == {"predict": Signature()}
    assert save_model("leaves", booster) == model


def test_of_a_classifier_its_booster_is_saved(store: Store) -> None:
    classifier = lightgbm.LGBMClassifier(n_estimators=3, min_child_samples=2, n_jobs=1, verbose=-1)
    loaded = load_model(save_model("leaves", classifier.fit(FEATURES, LABELS)))
    assert isinstance(loaded, lightgbm.Booster)
    assert np.array_equal(loaded.predict(FEATURES), classifier.predict_proba(FEATURES)[:, 1])  # type: ignore[call-overload]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(leaves=st.integers(2, 8), seed=st.integers(0, 99), missing=st.booleans())
def test_whatever_is_trained_answers_the_same(store: Store, leaves: int, seed: int, missing: bool) -> None:
    rows = np.random.default_rng(seed).random((30, 3))
    if missing:
        rows[::3, 1] = np.nan
    trained = train(rows, rows[:, 0], num_leaves=leaves, seed=seed)
    assert np.array_equal(load_model(save_model("leaves", trained)).predict(rows), trained.predict(rows))


def test_a_runnable_takes_rows_and_gives_arrays(
    store: Store, booster: lightgbm.Booster, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = get_runnable(save_model("leaves", booster))()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for rows in (FEATURES, pd.DataFrame(FEATURES)):
        assert np.array_equal(served.predict(rows), booster.predict(FEATURES))  # type: ignore[attr-defined]
    assert (served.SUPPORTED_RESOURCES, served.SUPPORTS_CPU_MULTI_THREADING) == (("cpu",), True)


def test_what_cannot_be_saved_is_refused(store: Store, booster: lightgbm.Booster) -> None:
    with pytest.raises(FrameworkError, match="`dict` is neither a Booster nor an LGBMModel"):
        save_model("leaves", {})  # type: ignore[arg-type]
    with pytest.raises(FrameworkError, match="`LGBMRegressor` is not fitted"):
        save_model("leaves", lightgbm.LGBMRegressor())
    with pytest.raises(UsageError, match="`Booster` has no method `predict_proba`"):
        save_model("leaves", booster, signatures={"predict_proba": {}})
    assert store.models.list() == []


def test_a_file_that_changed_is_damage(store: Store, booster: lightgbm.Booster) -> None:
    model = save_model("leaves", booster)
    model.path_of("saved_model.txt").write_text("no tree\n")
    with pytest.raises(DamagedItem, match="is not what was saved: LightGBMError"):
        load_model(model)


def test_a_model_that_came_from_bentoml_is_read(store: Store, booster: lightgbm.Booster) -> None:
    context = ModelContext("lightgbm", {"lightgbm": lightgbm.__version__})
    with store.models.create("leaves", module="ekiben.lightgbm", context=context) as draft:
        booster.save_model(draft.path_of("saved_model.ubj"))
    assert np.array_equal(load_model("leaves").predict(FEATURES), booster.predict(FEATURES))
