"""The structure holds: rows of DESIGN, no cycles, imports at the top, files and functions of a readable size."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = SOURCE / "ekiben"

# Top to bottom. A module imports from its own group or from rows below; groups in one row do not meet.
ROWS: list[tuple[str, ...]] = [
    ("cli",),
    ("packager", "deploy", "clients"),
    ("serving",),
    ("frameworks",),
    ("store",),
    ("oci", "templates", "trust"),
    ("tag", "digest", "settings", "report"),
    ("errors", "nearest"),
]
# The same inside `serving`, whose rooms are packages and single modules.
SERVING_ROWS: list[tuple[str, ...]] = [
    ("__main__",),
    ("server", "loading", "embedded", "describe"),
    ("observing", "reload"),
    ("grpc",),
    ("http",),
    ("composition",),
    ("workers",),
    ("classic", "execution", "metrics", "openapi", "importing"),
    ("tasks",),
    ("calling",),
    ("declare", "target"),
    ("options", "client_types"),
    ("config",),
    ("batching", "payload", "streams"),
    ("oip",),
    ("failures",),
    ("wire", "shared_memory", "logs", "interpreter", "healthcheck", "stopping", "exit_status"),
    ("variables",),
]
# The public face: thin modules that re-export from any row below the command line. Nothing inside imports them.
FACE = {
    *("ekiben", "bentos", "container", "exceptions", "gradio", "images", "io"),
    *("legacy", "metrics", "models"),
    *("picklable_model", "sklearn"),
    *("catboost", "keras", "lightgbm", "mlflow", "onnx", "pytorch", "tensorflow", "torchscript", "transformers"),
    "xgboost",
    "validators",
}
# The only modules that may import inside functions: each is alone in touching a heavy or optional third party, or is a
# command body that keeps start-up quick. The reason stands behind each.
LATE_IMPORTS = {
    "ekiben": "names resolve on first use",
    "ekiben.bentos": "export and import bring compressors along, which no service needs",
    "ekiben.models": "the same",
    "ekiben.settings": "yaml only where there is a settings file",
    "ekiben.clients.results": "alone in making arrays, frames and images, for results that are such",
    "ekiben.frameworks.catboost": "alone in touching CatBoost, which the user's environment may not have",
    "ekiben.frameworks.huggingface": "alone in touching huggingface_hub; what is in the hub's cache needs none",
    "ekiben.frameworks.keras": "the same of Keras",
    "ekiben.frameworks.lightgbm": "the same of LightGBM",
    "ekiben.frameworks.mlflow": "the same of MLflow",
    "ekiben.frameworks.onnx": "the same of ONNX and its runtime",
    "ekiben.frameworks.pytorch": "the same of torch",
    "ekiben.frameworks.sklearn": "the same of scikit-learn, joblib and skops",
    "ekiben.frameworks.tensorflow": "the same of TensorFlow",
    "ekiben.frameworks.tensors": "the same of torch, for models of several libraries",
    "ekiben.frameworks.torch_classes": "the same",
    "ekiben.frameworks.torch_weights": "the same of safetensors",
    "ekiben.frameworks.torchscript": "the same of torch",
    "ekiben.frameworks.transformers": "the same of transformers",
    "ekiben.frameworks.xgboost": "the same of XGBoost",
    "ekiben.oci.compression": "alone in touching zstandard, for one of three forms of a layer",
    "ekiben.packager.image.engines.docker_api": "alone in touching the Docker SDK, which pushes and layouts do without",
    "ekiben.packager.registries": "images that neither come from a registry nor go to one need no client",
    "ekiben.serving.declare.gradio_app": "alone in touching Gradio, which the user's environment may not have",
    "ekiben.serving.healthcheck": "it runs every few seconds, and few servers speak TLS",
    "ekiben.serving.http.h1.upgrading": "what touches websockets comes with the first one; it need not be installed",
    "ekiben.serving.http.tasking": "what touches the queue of tasks comes with the first API that is one",
    "ekiben.serving.openapi": "the same",
    "ekiben.serving.grpc.opening": "gRPC only where it is switched on; grpcio need not be installed",
    "ekiben.serving.metrics.page": "alone in the front in touching prometheus_client; no start waits for it",
    "ekiben.serving.metrics.registry": "touches prometheus_client only where the service has imported it",
    "ekiben.serving.reload": "alone in touching watchfiles, which images do not carry",
    "ekiben.store.archive.compression": "alone in touching zstandard, for one of five forms",
    "ekiben.store.archive.offline": "alone in touching images, of which images know nothing",
    "ekiben.store.archive.remote_files": "alone in touching fsspec, which need not be installed",
    "ekiben.store.documents": "alone in touching YAML; a list of the store needs none",
    "ekiben.store.lock": "alone in touching filelock; readers need no lock",
    "ekiben.store.pickles": "alone in touching pickles; few commands do",
    "ekiben.templates.loader": "alone in touching Jinja for templates; most builds fill in none",
    "ekiben.trust.keys": "alone in touching cryptography, which images do not carry",
}
LATE_IMPORT_ROOMS = {"ekiben.cli": "start-up time"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def modules() -> dict[str, Path]:
    """Module name -> file, of the whole package."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def group_of(module: str) -> str:
    """The room, leaf or face that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def row_of(group: str) -> int:
    """The index of a group's row."""
    return next(index for index, groups in enumerate(ROWS) if group in groups)


def is_type_checking(node: ast.AST) -> bool:
    """Whether a node is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def walk_imports(node: ast.AST, *, in_function: bool = False) -> Iterator[tuple[str, bool]]:
    """`(imported module, whether inside a function)`; what only type checkers see is left out."""
    for child in ast.iter_child_nodes(node):
        if is_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, in_function) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            base = child.module or ""
            for alias in child.names:
                full = f"{base}.{alias.name}"
                yield (full if full in MODULES else base), in_function
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk_imports(child, in_function=in_function or is_function)


def own_imports(module: str, *, at_top_only: bool) -> set[str]:
    """The modules of ours that `module` imports."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return {
        name
        for name, in_function in walk_imports(tree)
        if name.split(".")[0] == "ekiben" and not (at_top_only and in_function)
    }


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down_the_rows(module: str) -> None:
    group = group_of(module)
    if group in FACE:
        return
    for imported in own_imports(module, at_top_only=False):
        target = group_of(imported)
        if imported == "ekiben":
            continue  # the version, which stands in the package's own file
        assert target not in FACE, f"{module} imports the face module {imported}"
        assert target == group or row_of(target) > row_of(group), f"{module} imports {imported}, which is not below it"


def serving_row_of(module: str) -> int | None:
    """The index of the row of a module in `serving`; None for others and for the package's own file."""
    if not module.startswith("ekiben.serving."):
        return None
    room = module.split(".")[2]
    return next(index for index, rooms in enumerate(SERVING_ROWS) if room in rooms)


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("ekiben.serving.")])
def test_imports_inside_serving_point_down_its_rows(module: str) -> None:
    row = serving_row_of(module)
    assert row is not None
    for imported in own_imports(module, at_top_only=False):
        target = serving_row_of(imported)
        is_own = imported.split(".")[:3] == module.split(".")[:3]
        assert target is None or is_own or target > row, f"{module} imports {imported}, which is not below it"


def test_there_is_no_import_cycle() -> None:
    graph = {module: own_imports(module, at_top_only=True) & set(MODULES) for module in MODULES}
    for module, imported in graph.items():
        imported.discard(module)
    list(TopologicalSorter(graph).static_order())  # raises CycleError with the cycle


def test_every_module_belongs_to_a_row_or_the_face() -> None:
    groups = {group_of(module) for module in MODULES}
    assert groups <= FACE | {group for row in ROWS for group in row}


@pytest.mark.parametrize("module", MODULES)
def test_imports_stand_at_the_top(module: str) -> None:
    if module in LATE_IMPORTS or any(module.startswith(room) for room in LATE_IMPORT_ROOMS):
        return
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    late = [name for name, in_function in walk_imports(tree) if in_function]
    assert not late, f"{module} imports {late} inside a function"


@pytest.mark.parametrize("module", MODULES)
def test_files_and_functions_are_of_a_readable_size(module: str) -> None:
    source = MODULES[module].read_text(encoding="utf-8")
    assert source.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
