import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import ekiben
from ekiben.errors import DamagedItem, FrameworkError, ModelNotFound, UsageError, VersionTaken
from ekiben.frameworks import sklearn
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from ekiben.store.reference import BentoModel
from tests.frameworks.looking import pickles_in

FEATURES, LABELS = load_iris(return_X_y=True)
NEEDED = ["yaml", "_yaml", "platformdirs"]  # what saving reaches before it asks for scikit-learn


@pytest.fixture(scope="module")
def classifier() -> SVC:
    """A fitted classifier."""
    return SVC().fit(FEATURES, LABELS)


def test_a_saved_estimator_predicts_the_same_when_loaded(store: Store, classifier: SVC) -> None:
    model = sklearn.save_model("iris", classifier)
    loaded = sklearn.load_model(model.tag)
    assert np.array_equal(loaded.predict(FEATURES), classifier.predict(FEATURES))
    assert store.models.get("iris") == model


def test_a_pipeline_is_an_estimator(store: Store) -> None:
    pipeline = make_pipeline(StandardScaler(), SVC()).fit(FEATURES, LABELS)
    sklearn.save_model("iris", pipeline)
    assert sklearn.load_model("iris").score(FEATURES, LABELS) == pipeline.score(FEATURES, LABELS)


def test_the_same_estimator_saved_again_is_the_same_version(store: Store, classifier: SVC) -> None:
    assert sklearn.save_model("iris", classifier) == sklearn.save_model("iris", classifier)


def test_what_was_given_is_in_the_manifest(store: Store, classifier: SVC) -> None:
    model = sklearn.save_model(
        "iris:v1",
        classifier,
        signatures={"predict": {"batchable": True, "batch_dim": 0}, "score": {"batchable": False}},
        labels={"stage": "test"},
        metadata={"accuracy": classifier.score(FEATURES, LABELS)},
        custom_objects={"names": ["setosa", "versicolor", "virginica"]},
    )
    manifest = model.manifest
    assert str(model.tag) == "iris:v1"
    assert manifest.module == "ekiben.sklearn"
    assert manifest.signatures == {"predict": Signature(True), "score": Signature()}
    assert (manifest.labels, manifest.context.framework_name) == ({"stage": "test"}, "sklearn")
    assert manifest.context.framework_versions.keys() == {"scikit-learn"}
    assert model.custom_objects == {"names": ["setosa", "versicolor", "virginica"]}


def test_without_signatures_predict_takes_one_call_at_a_time(store: Store, classifier: SVC) -> None:
    assert sklearn.save_model("iris", classifier).manifest.signatures == {"predict": Signature()}
    assert sklearn.save_model("scaler", StandardScaler()).manifest.signatures == {}


def test_a_model_loads_by_tag_by_model_and_by_reference(store: Store, classifier: SVC) -> None:
    model = sklearn.save_model("iris", classifier)
    for wanted in ("iris", "iris:latest", model.tag, model, BentoModel("iris")):
        assert sklearn.load_model(wanted).classes_.tolist() == [0, 1, 2]
        assert sklearn.get(wanted) == model


def test_a_signature_of_a_method_that_is_not_there_is_refused(store: Store, classifier: SVC) -> None:
    with pytest.raises(UsageError, match="`SVC` has no method `encode`"):
        sklearn.save_model("iris", classifier, signatures={"encode": {"batchable": True}})
    assert store.models.list() == []


@pytest.mark.parametrize(("value", "message"), [({"a": 1}, "`dict` is no scikit-learn"), (SVC, "`SVC` is a class")])
def test_what_is_no_fitted_estimator_is_refused(store: Store, value: object, message: str) -> None:
    with pytest.raises(FrameworkError, match=message):
        sklearn.save_model("iris", value)
    assert not store.home.exists()


def test_an_estimator_with_a_lambda_says_why_it_does_not_pickle(store: Store) -> None:
    with pytest.raises(FrameworkError, match="`FunctionTransformer` cannot be pickled") as caught:
        sklearn.save_model("iris", FunctionTransformer(lambda x: x))
    assert "lambdas" in str(caught.value.hint)
    assert store.models.list() == []


def test_a_model_of_another_module_is_refused_and_the_right_one_named(store: Store) -> None:
    ekiben.picklable_model.save_model("double", len)
    with store.models.create("files"):
        pass
    with pytest.raises(FrameworkError, match=r"was saved by `ekiben\.picklable_model`") as caught:
        sklearn.load_model("double")
    assert caught.value.hint == "load it with `ekiben.picklable_model.load_model`"
    with pytest.raises(FrameworkError, match="was saved without a framework module"):
        sklearn.get("files")


def test_a_missing_model_is_not_found(store: Store) -> None:
    with pytest.raises(ModelNotFound):
        sklearn.load_model("iris")


def test_a_taken_version_is_refused(store: Store, classifier: SVC) -> None:
    sklearn.save_model("iris", classifier, version="v1")
    with pytest.raises(VersionTaken):
        sklearn.save_model("iris", SVC(C=2).fit(FEATURES, LABELS), version="v1")


def test_another_version_of_scikit_learn_is_told_when_loading(
    store: Store, classifier: SVC, caplog: pytest.LogCaptureFixture
) -> None:
    context = ModelContext("sklearn", {"scikit-learn": "1.0.2"})
    with store.models.create("iris", module="ekiben.sklearn", context=context) as draft:
        joblib.dump(classifier, draft.path_of("saved_model.pkl"))
    sklearn.load_model("iris")
    assert f"model `{draft.tag}` was saved with scikit-learn 1.0.2 and is loaded with" in caplog.text


def test_code_that_is_not_here_is_said_when_loading(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone_tomorrow.py").write_text("def halve(x):\n    return x / 2\n")
    with monkeypatch.context() as here:
        here.syspath_prepend(tmp_path)
        import gone_tomorrow  # type: ignore[import-not-found]

        sklearn.save_model("halve", FunctionTransformer(gone_tomorrow.halve))
        del sys.modules["gone_tomorrow"]
    with pytest.raises(FrameworkError, match="needs code that is not here: No module named 'gone_tomorrow'"):
        sklearn.load_model("halve")


def test_a_model_without_its_file_is_damaged(store: Store, classifier: SVC) -> None:
    model = sklearn.save_model("iris", classifier)
    model.path_of("saved_model.pkl").unlink()
    with pytest.raises(DamagedItem, match=r"has no saved_model\.pkl"):
        sklearn.load_model("iris")


@pytest.mark.parametrize("kept", [0, 1, 50, 500, -500, -1])
def test_a_model_whose_file_was_cut_off_is_damaged(store: Store, classifier: SVC, kept: int) -> None:
    path = sklearn.save_model("iris", classifier).path_of("saved_model.pkl")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedItem, match=f"`{path}` is not what was saved: ") as caught:
        sklearn.load_model("iris")
    assert caught.value.hint == "delete the model and save it again"


def test_a_model_whose_file_was_overwritten_is_damaged(store: Store, classifier: SVC) -> None:
    path = sklearn.save_model("iris", classifier).path_of("saved_model.pkl")
    whole = path.read_bytes()
    path.write_bytes(b"\x80\x04\x95" + bytes(range(256)) + whole)
    with pytest.raises(DamagedItem, match="is not what was saved"):
        sklearn.load_model("iris")


def test_without_scikit_learn_the_error_says_how_to_install_it(home: Path, tmp_path: Path) -> None:
    packages = Path(joblib.__file__).parents[1]
    for name in NEEDED:
        (tmp_path / name).symlink_to(packages / name)
    (tmp_path / "ekiben").symlink_to(Path(ekiben.__file__).parent)
    script = (
        "import ekiben\n"
        "try: ekiben.sklearn.save_model('iris', 1)\n"
        "except ekiben.exceptions.MissingDependencyException as error: print(error, '|', error.hint)\n"
    )
    command = [sys.executable, "-S", "-c", script]
    done = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert done.stdout == "`scikit-learn` is not installed | pip install scikit-learn\n"


ESTIMATORS = st.one_of(
    st.builds(LogisticRegression, C=st.floats(0.1, 10), max_iter=st.just(1000)),
    st.builds(DecisionTreeClassifier, max_depth=st.integers(1, 4)),
    st.builds(RandomForestClassifier, st.integers(1, 3), max_depth=st.integers(1, 3), random_state=st.integers(0, 9)),
    st.builds(GradientBoostingClassifier, n_estimators=st.integers(1, 2)),
    st.builds(lambda neighbours: make_pipeline(StandardScaler(), SVC(C=neighbours)), st.floats(0.5, 2)),
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(estimator=ESTIMATORS, format=st.sampled_from(["joblib", "skops"]))
def test_whatever_is_fitted_answers_the_same_in_either_format(
    store: Store, estimator: Any, format: sklearn.Format
) -> None:
    estimator.fit(FEATURES, LABELS)
    loaded = sklearn.load_model(sklearn.save_model("iris", estimator, format=format))
    assert np.array_equal(loaded.predict(FEATURES), estimator.predict(FEATURES))


def test_joblib_makes_a_pickle_and_skops_none(store: Store, classifier: SVC) -> None:
    pickled = sklearn.save_model("iris", classifier)
    safe = sklearn.save_model("iris", classifier, format="skops")
    assert (pickles_in(pickled), pickles_in(safe)) == ({"saved_model.pkl"}, set())
    assert safe.manifest.options == {"format": "skops", "untrusted_types": []}


class Doubled(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator that skops knows nothing of."""

    def fit(self, features: object, labels: object = None) -> "Doubled":
        return self

    def transform(self, features: Any) -> Any:
        return 2 * features


def test_a_type_that_is_not_trusted_is_recorded_and_has_to_be_named(store: Store) -> None:
    pipeline = make_pipeline(Doubled(), SVC()).fit(FEATURES, LABELS)
    model = sklearn.save_model("iris", pipeline, format="skops")
    name = f"{Doubled.__module__}.Doubled"
    assert model.manifest.options["untrusted_types"] == [name]
    with pytest.raises(FrameworkError, match=f"holds what is not trusted: `{name}`") as caught:
        sklearn.load_model(model)
    assert f"trusted=['{name}']" in str(caught.value.hint)
    loaded = sklearn.load_model(model, trusted=[name])
    assert np.array_equal(loaded.predict(FEATURES), pipeline.predict(FEATURES))
    with pytest.raises(FrameworkError, match="holds what is not trusted"):
        sklearn.get_runnable(model)()
    served: Any = sklearn.get_runnable(model, trusted=[name])()
    assert np.array_equal(served.predict(FEATURES), pipeline.predict(FEATURES))


def test_nothing_can_be_trusted_in_a_pickle(store: Store, classifier: SVC) -> None:
    with pytest.raises(UsageError, match="is a pickle, which may hold anything"):
        sklearn.load_model(sklearn.save_model("iris", classifier), trusted=["a.B"])


def test_a_file_of_skops_that_was_cut_off_is_damage(store: Store, classifier: SVC) -> None:
    model = sklearn.save_model("iris", classifier, format="skops")
    model.path_of("saved_model.skops").write_bytes(b"PK")
    with pytest.raises(DamagedItem, match="is not what was saved"):
        sklearn.load_model(model)


def test_a_runnable_has_the_methods_of_the_signatures(store: Store, classifier: SVC) -> None:
    signatures = {"predict": {"batchable": True}, "decision_function": {}}
    runnable = sklearn.get_runnable(sklearn.save_model("iris", classifier, signatures=signatures))
    served: Any = runnable()
    assert np.array_equal(served.predict(FEATURES), classifier.predict(FEATURES))
    assert np.array_equal(served.decision_function(FEATURES), classifier.decision_function(FEATURES))
    assert (runnable.SUPPORTED_RESOURCES, runnable.SUPPORTS_CPU_MULTI_THREADING) == (("cpu",), True)
