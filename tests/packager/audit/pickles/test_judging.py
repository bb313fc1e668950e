"""What is dangerous is named so whatever road leads there; what frameworks save passes without a word."""

from __future__ import annotations

import collections
import datetime
import pickle

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from scipy.stats import uniform
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler
from sklearn.svm import SVC

from ekiben.packager.audit.pickles.judging import Verdict, judge
from ekiben.packager.audit.pickles.values import Global
from tests.packager.audit.pickles.test_machine import follow


def verdict(name: str, own: frozenset[str] = frozenset()) -> Verdict:
    """Of `module name`."""
    module, _, attribute = name.partition(" ")
    return judge(Global(module, attribute), own)


def worst(value: object, protocol: int = 4) -> Verdict:
    """Of all that a pickle of `value` imports."""
    return max(judge(one) for one in follow(pickle.dumps(value, protocol=protocol)).imports)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "os system",
            "posix system",
            "nt system",
            "subprocess Popen",
            "builtins eval",
            "builtins exec",
            "builtins open",
        ),
        *(
            "__builtin__ eval",
            "__builtin__ file",
            "commands getoutput",
            "cPickle loads",
            "pickle loads",
            "_pickle loads",
        ),
        *(
            "importlib import_module",
            "importlib.util find_spec",
            "pkgutil resolve_name",
            "runpy run_path",
            "sys modules",
        ),
        *("operator attrgetter", "operator methodcaller", "numpy prod.os.system", "sklearn.utils os", "torch.hub load"),
        *("numpy.testing._private.utils runstring", "numpy.f2py.crackfortran getlincoef", "joblib load", "torch load"),
        *(
            "timeit timeit",
            "pip main",
            "webbrowser open",
            "ctypes CDLL",
            "shutil rmtree",
            "socket socket",
            "code interact",
        ),
        *("joblib.externals.loky.backend.popen_loky_posix Popen", "myapp.tools Popen", "numpy __builtins__"),
        *(
            "builtins getattr.__globals__",
            "sklearn.svm._classes SVC.__init__.__globals__",
        ),
        "pandas.core.computation.expr Expr",  # Expr("np.f2py.os.system('...')", "python", "pandas", Scope(-1))
        *("cloudpickle loads", "pandas.io.pickle read_pickle", "http.client HTTPConnection", "urllib.request urlopen"),
    ],
)
def test_what_runs_or_reaches_code_is_dangerous(name: str) -> None:
    assert verdict(name) is Verdict.dangerous
    assert verdict(name, frozenset({"os", "builtins", "myapp", "service"})) is Verdict.dangerous


@pytest.mark.parametrize(
    "name",
    [
        *(
            "collections OrderedDict",
            "copyreg _reconstructor",
            "copy_reg _reconstructor",
            "__builtin__ set",
            "_codecs encode",
        ),
        *("numpy.core.multiarray _reconstruct", "numpy._core.multiarray scalar", "numpy ndarray", "numpy log1p"),
        *(
            "sklearn.svm._classes SVC",
            "sklearn.tree._tree Tree",
            "sklearn._loss._loss __pyx_unpickle_CyHalfBinomialLoss",
        ),
        *("torch._utils _rebuild_tensor_v2", "torch FloatStorage", "torch.nn.modules.linear Linear"),
        *("scipy.sparse._csr csr_matrix", "pandas.core.frame DataFrame", "xgboost.sklearn XGBClassifier"),
        *("datetime datetime", "builtins getattr", "joblib.numpy_pickle NumpyArrayWrapper"),
        *(
            "torch.nn.functional relu",
            "torch._C._nn gelu",
            "torch.jit._pickle build_intlist",
            "torch QUInt8Storage",
            "__torch__.mine Net",
        ),
        *("transformers.models.bert.modeling_bert BertModel", "imblearn.pipeline Pipeline"),
    ],
)
def test_what_frameworks_save_is_trusted(name: str) -> None:
    assert verdict(name) is Verdict.trusted


@pytest.mark.parametrize(
    "name",
    [
        *("sklearn.datasets._base load_iris", "sklearn.utils._testing TempMemmap", "somewhere Thing", "__main__ Model"),
        *(
            "transformers.models.auto AutoModel.from_pretrained",
            "sentence_transformers.SentenceTransformer SentenceTransformer",  # may load code from the hub
            "transformers.models.rag.retrieval_rag CanonicalHFIndex",
            "transformers.pipelines.base Pipeline",
            "pathlib PosixPath.unlink",
            "numpy memmap",
            "numpy save",
        ),
        "torch.storage _load_from_bytes",  # what it loads is followed by itself
    ],
)
def test_what_is_on_no_list_is_for_people_to_look_at(name: str) -> None:
    assert verdict(name) is Verdict.unknown


def test_the_projects_own_code_is_its_own() -> None:
    assert verdict("features.text Vectorizer", frozenset({"features"})) is Verdict.own
    assert verdict("featuresque Vectorizer", frozenset({"features"})) is Verdict.unknown


@pytest.mark.parametrize("protocol", range(6))
def test_values_of_every_day_are_trusted(protocol: int) -> None:
    day = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    table = pd.DataFrame({"a": [1.5, 2], "b": ["x", "y"], "c": pd.to_datetime(["2020", "2021"])})
    assert (
        worst([day, collections.Counter("ab"), np.array(["x", 1], dtype=object), {1}, table], protocol)
        is Verdict.trusted
    )


@pytest.mark.parametrize(
    "estimator",
    [
        *(
            RandomForestClassifier(3),
            HistGradientBoostingClassifier(max_iter=2),
            GradientBoostingClassifier(n_estimators=2),
        ),
        *(SVC(), LogisticRegression(), KNeighborsClassifier(algorithm="kd_tree"), GaussianNB(), SGDClassifier()),
        make_pipeline(StandardScaler(), SelectKBest(k=2), PCA(1), KMeans(2)),
        make_pipeline(FunctionTransformer(np.log1p), ColumnTransformer([("a", SplineTransformer(), [0])]), SVC()),
        GridSearchCV(SVC(kernel=rbf_kernel), {"C": [1, 2]}, scoring=["f1", "roc_auc"], refit="f1", cv=2),
    ],
    ids=str,
)
def test_fitted_estimators_are_trusted(estimator: BaseEstimator) -> None:
    fitted = estimator.fit(np.abs(np.random.default_rng(1).normal(size=(40, 3))), [0, 1] * 20)
    assert worst(fitted) is Verdict.trusted


def test_a_distribution_of_scipys_brings_the_source_that_it_runs() -> None:
    assert worst(uniform(0, 1)) is Verdict.code


def test_a_function_pickled_by_value_is_code() -> None:
    found = follow(cloudpickle.dumps(lambda number: number + 1)).imports
    assert max(judge(one) for one in found) is Verdict.code
