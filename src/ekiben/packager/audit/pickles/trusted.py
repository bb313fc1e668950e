"""What may be imported by a pickle without a word, framework by framework. Data only.

A class is trusted with all of its package's, since a framework's pickles are made of hundreds of them; a function only
by its full name, since a call of it is what a pickle can do.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trust:
    """`packages` whose classes are trusted (by the form of their names); `names` that are trusted one by one."""

    packages: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()


def _names(module: str, names: str) -> set[str]:
    return {f"{module}.{name}" for name in names.split()}


_BUILTINS = _names(
    "builtins",
    "object bool int float complex str bytes bytearray list tuple dict set frozenset slice range type Ellipsis"
    " NotImplemented NoneType hash property staticmethod classmethod"
    " Exception ValueError TypeError KeyError RuntimeError",
)
_CONTAINERS = _names("collections", "OrderedDict defaultdict deque Counter ChainMap UserDict UserList UserString")
_TIME = _names("datetime", "date datetime time timedelta timezone") | {
    "zoneinfo.ZoneInfo._unpickle",
    "zoneinfo.ZoneInfo",
}
_NUMBERS = {"decimal.Decimal", "fractions.Fraction", "random.Random", "uuid.UUID", "uuid.SafeUUID"} | _names(
    "array", "array _array_reconstructor"
)
_PATHS = _names("pathlib", "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath") | _names(
    "pathlib._local", "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath"
)
_PICKLING = _names("copyreg", "_reconstructor __newobj__ __newobj_ex__") | {"_codecs.encode"}
_REST = {
    "functools.partial",
    "operator.itemgetter",
    "re._compile",
    "string.Template",
    "types.SimpleNamespace",
} | _names("ipaddress", "IPv4Address IPv6Address IPv4Network IPv6Network IPv4Interface IPv6Interface")

_UFUNCS = (
    "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil clip cos cosh deg2rad divide exp"
    " exp2 expm1 fabs floor hypot isfinite isinf isnan log log10 log1p log2 logaddexp max maximum mean median min"
    " minimum mod multiply negative power prod rad2deg reciprocal rint round sign sin sinh sqrt square std subtract sum"
    " tan tanh var"
)
_SCALARS = (
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble complex64"
    " complex128 str_ bytes_ object_ void datetime64 timedelta64 intc uintc intp uintp longlong ulonglong"
)
_CORES = ("numpy.core", "numpy._core")
_NUMPY = (
    _names("numpy", f"ndarray dtype matrix recarray record poly1d vectorize {_UFUNCS} {_SCALARS}")
    | {name for core in _CORES for name in _names(f"{core}.multiarray", "_reconstruct scalar ndarray dtype")}
    | {name for core in _CORES for name in _names(f"{core}.numeric", "_frombuffer")}
    | {f"{core}._ufunc_reconstruct" for core in _CORES}
    | _names("numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor")
    | _names("numpy.ma.core", "_mareconstruct")
    | {"numpy.dtypes._convert_to_stringdtype_kwargs", "numpy._core._internal._convert_to_stringdtype_kwargs"}
    | {"numpy.rec.recarray"}
)

_SPARSE_NAMES = " ".join(
    f"{kind}_{form}" for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil") for form in ("matrix", "array")
)
_SCIPY = {
    name
    for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    for module in (f"scipy.sparse._{kind}", f"scipy.sparse.{kind}")
    for name in _names(module, _SPARSE_NAMES)
} | {
    "scipy.interpolate._interpolate.interp1d",
    "scipy.interpolate._interpolate.interp1d._call_linear_np",
    "scipy.optimize._optimize.OptimizeResult",
    "scipy.spatial._ckdtree.cKDTree",
}
# Metrics and kernels: functions of arrays, which searches, scorers and estimators keep.
_CLASSIFICATION = (
    "accuracy_score balanced_accuracy_score brier_score_loss class_likelihood_ratios cohen_kappa_score d2_brier_score"
    " d2_log_loss_score f1_score fbeta_score hamming_loss hinge_loss jaccard_score log_loss matthews_corrcoef"
    " precision_score recall_score zero_one_loss"
)
_REGRESSION = (
    "d2_absolute_error_score d2_pinball_score d2_tweedie_score explained_variance_score max_error mean_absolute_error"
    " mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss mean_poisson_deviance mean_squared_error"
    " mean_squared_log_error mean_tweedie_deviance median_absolute_error r2_score root_mean_squared_error"
    " root_mean_squared_log_error"
)
_RANKING = (
    "average_precision_score coverage_error dcg_score label_ranking_average_precision_score label_ranking_loss"
    " ndcg_score roc_auc_score top_k_accuracy_score"
)
_CLUSTERING = (
    "adjusted_mutual_info_score adjusted_rand_score completeness_score fowlkes_mallows_score homogeneity_score"
    " mutual_info_score normalized_mutual_info_score rand_score v_measure_score"
)
_PAIRWISE = (
    "additive_chi2_kernel chi2_kernel cosine_distances cosine_similarity euclidean_distances haversine_distances"
    " laplacian_kernel linear_kernel manhattan_distances polynomial_kernel rbf_kernel sigmoid_kernel"
)
_METRICS = (
    _names("sklearn.metrics._classification", _CLASSIFICATION)
    | _names("sklearn.metrics._regression", _REGRESSION)
    | _names("sklearn.metrics._ranking", _RANKING)
    | _names("sklearn.metrics._scorer", "positive_likelihood_ratio negative_likelihood_ratio")
    | _names("sklearn.metrics.cluster._supervised", _CLUSTERING)
    | _names("sklearn.metrics.cluster._unsupervised", "calinski_harabasz_score davies_bouldin_score silhouette_score")
    | _names("sklearn.metrics.pairwise", _PAIRWISE)
)
_SKLEARN = (
    {f"sklearn.neighbors._{tree}.newObj" for tree in ("kd_tree", "ball_tree")}
    | _names("sklearn.metrics._dist_metrics", "newObj")
    | _names("sklearn.cluster._kmeans", "_kmeans_single_lloyd _kmeans_single_elkan")
    | _names("sklearn.feature_selection._univariate_selection", "chi2 f_classif f_oneway f_regression r_regression")
    | _names("sklearn.feature_selection._mutual_info", "mutual_info_classif mutual_info_regression")
    | {"scipy._lib.array_api_compat.numpy._aliases.asarray"}
    | {"sklearn.compose._column_transformer.make_column_selector"}
    | _METRICS
)

_PANDAS_NAMES = (
    "DataFrame Series Index RangeIndex MultiIndex DatetimeIndex TimedeltaIndex PeriodIndex CategoricalIndex"
    " IntervalIndex Categorical CategoricalDtype StringDtype PeriodDtype IntervalDtype DatetimeTZDtype SparseDtype"
    " BooleanDtype Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype"
    " Float32Dtype Float64Dtype ArrowDtype Period Interval Timestamp Timedelta NA NaT"
)
_PANDAS = (
    _names("pandas", _PANDAS_NAMES)
    | _names("pandas.core.indexes.base", "_new_Index")
    | _names("pandas.core.indexes.datetimes", "_new_DatetimeIndex")
    | _names("pandas.core.indexes.period", "_new_PeriodIndex")
    | _names("pandas._libs.internals", "_unpickle_block")
    | _names("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")
    | _names("pandas._libs.tslibs.timestamps", "_unpickle_timestamp")
    | _names("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle")
    | {"pandas._libs.tslibs.nattype._nat_unpickle", "pandas._libs.missing._NA", "pandas._libs.missing.NAType"}
)

_TORCH_REBUILDS = (
    "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state"
    " _rebuild_qtensor _rebuild_sparse_tensor _rebuild_nested_tensor _rebuild_device_tensor_from_numpy"
    " _rebuild_meta_tensor_no_storage _rebuild_wrapper_subclass"
)
_TORCH_STORAGES = " ".join(
    f"{kind}Storage"
    for kind in (
        "Float",
        "Double",
        "Half",
        "BFloat16",
        "Long",
        "Int",
        "Short",
        "Char",
        "Byte",
        "Bool",
        "Untyped",
        "Typed",
        "ComplexFloat",
        "ComplexDouble",
        "QInt8",
        "QUInt8",
        "QInt32",
    )
)
_TORCH_TYPES = (
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128 Size device Tensor"
    " qint8 quint8 qint32 per_tensor_affine per_tensor_symmetric per_channel_affine per_channel_symmetric"
)
_TORCH_ACTIVATIONS = (
    "celu elu gelu glu hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish prelu relu relu6 rrelu"
    " selu sigmoid silu softmax softmin softplus softsign tanh tanhshrink threshold"
)
_TORCH = (
    _names("torch._utils", _TORCH_REBUILDS)
    | _names("torch", f"{_TORCH_STORAGES} {_TORCH_TYPES}")
    | _names("torch.storage", "UntypedStorage TypedStorage")
    | _names("torch._tensor", "_rebuild_from_type_v2")
    | {"torch.serialization._get_layout"}
    | {name for of in ("torch", "torch.nn.functional", "torch._C._nn") for name in _names(of, _TORCH_ACTIVATIONS)}
    | _names("torch.jit._pickle", "build_boollist build_doublelist build_intlist build_tensorlist restore_type_tag")
)
# Parts whose classes hold configuration and weights. Others load from the hub once they are called, and what they load
# may be code: pipelines, trainers, retrieval, all of sentence_transformers.
_TRANSFORMERS = (
    "transformers.activations",
    "transformers.cache_utils",
    "transformers.configuration_utils",
    "transformers.feature_extraction_utils",
    "transformers.generation.configuration_utils",
    "transformers.image_processing_utils",
    "transformers.modeling_outputs",
    "transformers.models",
    "transformers.tokenization_utils",
    "transformers.tokenization_utils_base",
    "transformers.tokenization_utils_fast",
    "transformers.trainer_utils",
    "transformers.training_args",
    "transformers.utils.generic",
    "transformers.utils.quantization_config",
    "tokenizers",
)

TRUSTED: dict[str, Trust] = {
    "python": Trust(
        names=frozenset(_BUILTINS | _CONTAINERS | _TIME | _NUMBERS | _PATHS | _PICKLING | _REST),
    ),
    "numpy": Trust(("numpy.ma", "numpy.random", "numpy.dtypes", "numpy.polynomial"), frozenset(_NUMPY)),
    "scipy": Trust(("scipy.interpolate", "scipy.sparse", "scipy.spatial", "scipy.stats"), frozenset(_SCIPY)),
    "sklearn": Trust(("sklearn", "imblearn"), frozenset(_SKLEARN)),
    "joblib": Trust(names=frozenset(_names("joblib.numpy_pickle", "NumpyArrayWrapper"))),
    "pandas": Trust(("pandas.core", "pandas.arrays", "pandas._libs", "pandas.tseries"), frozenset(_PANDAS)),
    "torch": Trust(("torch.nn.modules", "torch.nn.parameter", "torch.optim"), frozenset(_TORCH)),
    "torchscript": Trust(("__torch__",)),  # classes that the file itself defines, in a language without the system
    "transformers": Trust(_TRANSFORMERS),
    "boosting": Trust(("xgboost.sklearn", "xgboost.core", "lightgbm.sklearn", "lightgbm.basic", "catboost.core")),
}
