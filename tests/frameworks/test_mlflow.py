import shutil
from pathlib import Path

import numpy as np
import pytest
import xgboost
from sklearn.linear_model import LogisticRegression

from ekiben.errors import DamagedItem, FrameworkError, UsageError
from ekiben.frameworks.mlflow import get, get_runnable, import_model, load_model
from ekiben.store.local import Store
from ekiben.store.models import Signature
from tests.frameworks.looking import FEATURES, LABELS, pickles_in

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*Any type hint is inferred as AnyType:UserWarning"  # of MLflow's own hints, when it is imported
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that MLflow's flavour of scikit-learn wrote, pickled as most of those that there are."""
    from mlflow.sklearn import save_model

    folder = tmp_path_factory.mktemp("mlflow") / "saved"
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder.parent)  # MLflow writes where it runs
        save_model(LogisticRegression().fit(FEATURES, LABELS), folder, serialization_format="cloudpickle")
    return folder


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of the test's own."""
    folder = tmp_path / "workplace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def classifier(workplace: Path, saved: Path) -> Path:
    """A copy of that folder, for a test to change."""
    return Path(shutil.copytree(saved, workplace / "saved"))


def test_a_folder_is_brought_in_as_it_is_and_predicts(store: Store, classifier: Path) -> None:
    model = import_model("flow", classifier, labels={"from": "mlflow"})
    wanted = LogisticRegression().fit(FEATURES, LABELS).predict(FEATURES)
    assert np.array_equal(np.asarray(load_model("flow").predict(FEATURES)), wanted)
    assert model.manifest.signatures == {"predict": Signature()}
    assert model.labels == {"from": "mlflow"}
    for path in classifier.iterdir():
        assert model.path_of("mlflow_model", path.name).read_bytes() == path.read_bytes()
    assert import_model("flow", classifier.as_uri()) != model  # labels are content
    assert import_model("flow", classifier.as_uri(), labels={"from": "mlflow"}) == get("flow:latest") == model


def test_the_inner_flavour_says_whether_there_is_a_pickle(store: Store, classifier: Path, workplace: Path) -> None:
    import mlflow.xgboost

    trees = xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(FEATURES, LABELS), num_boost_round=2)
    mlflow.xgboost.save_model(trees, workplace / "trees", model_format="ubj")
    assert pickles_in(import_model("flow", classifier)) == {"mlflow_model/model.pkl"}
    assert pickles_in(import_model("trees", workplace / "trees")) == set()


def test_a_runnable_predicts_in_batches_where_the_signature_says_so(store: Store, classifier: Path) -> None:
    model = import_model("flow", classifier, signatures={"predict": {"batchable": True}})
    served = get_runnable(model)()
    assert served.predict(FEATURES).shape == (40,)  # type: ignore[attr-defined]
    assert model.manifest.signatures == {"predict": Signature(batchable=True)}
    assert served.SUPPORTED_RESOURCES == ("cpu",)


def test_predict_is_the_only_method(store: Store, classifier: Path) -> None:
    with pytest.raises(UsageError, match="has no method `predict_proba`"):
        import_model("flow", classifier, signatures={"predict_proba": {}})


def test_what_is_no_model_is_refused(store: Store, classifier: Path, workplace: Path) -> None:
    (workplace / "empty").mkdir()
    with pytest.raises(FrameworkError, match="`empty` is no model of MLflow"):
        import_model("flow", "empty")
    (classifier / "MLmodel").write_text("flavors: {onnx: {data: model.onnx}}\n")
    with pytest.raises(FrameworkError, match="has no flavour `python_function`") as caught:
        import_model("flow", classifier)
    assert caught.value.hint == "it has: onnx"
    with pytest.raises(FrameworkError, match=r"`nowhere/at/all` cannot be fetched: .*nowhere"):
        import_model("flow", "nowhere/at/all")
    assert store.models.list() == []


def test_what_a_flavour_lacks_here_is_said_when_loading(store: Store, classifier: Path) -> None:
    described = (classifier / "MLmodel").read_text()
    (classifier / "MLmodel").write_text(described.replace("mlflow.sklearn", "absent_flavour"))
    model = import_model("flow", classifier)
    with pytest.raises(FrameworkError, match="needs code that is not here: No module named 'absent_flavour'") as caught:
        load_model(model)
    assert "requirements.txt" in str(caught.value.hint)


def test_a_file_that_is_lost_is_damage(store: Store, classifier: Path) -> None:
    model = import_model("flow", classifier)
    model.path_of("mlflow_model", "model.pkl").unlink()
    with pytest.raises(DamagedItem, match="is not what was saved"):
        load_model(model)
    shutil.rmtree(model.path_of("mlflow_model"))
    with pytest.raises(DamagedItem, match="has no mlflow_model"):
        load_model(model)
