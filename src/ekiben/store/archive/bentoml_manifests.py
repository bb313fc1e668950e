"""BentoML's model.yaml and bento.yaml as ours. Pure: documents in, manifests and what they have no place for out.

Shapes: BentoML 1.4 `ModelInfo`, `BentoInfo` (spec 1, from bentofiles with docker, conda and the like) and `BentoInfoV2`
(spec 2, with `image`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ekiben.errors import ArchiveError, InvalidTag
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.documents import Document
from ekiben.store.model_manifest import API_VERSION, ModelContext, ModelManifest, parse_signatures
from ekiben.store.plain import plain_labels
from ekiben.tag import Tag

# Frameworks whose files are read here as BentoML writes them.
_FRAMEWORKS = (
    *("catboost", "keras", "lightgbm", "mlflow", "onnx", "picklable_model", "pytorch", "sklearn", "tensorflow"),
    *("torchscript", "transformers", "xgboost"),
)
_MODULES = {f"bentoml.{name}": f"ekiben.{name}" for name in _FRAMEWORKS}
_SIGNATURE_KEYS = ("batchable", "batch_dim")
_OF_THE_MAKING = {"name", "version", "creation_time", "bentoml_version"}  # the receipt tells of these
_MODEL_KEYS = {
    *_OF_THE_MAKING,
    *("module", "labels", "options", "metadata", "context", "signatures", "api_version"),
}
_BENTO_KEYS = {
    *_OF_THE_MAKING,
    *("service", "entry_service", "labels", "models", "services", "envs", "schema", "args"),
    *("docker", "python", "conda", "image", "runners", "apis", "spec"),
}
_DOCKER_KEYS = ("distro", "python_version", "base_image", "system_packages", "env")
_SETUP_SCRIPT = "env/docker/setup_script"  # where a Bento has it, theirs or ours
_PYTHON_KEYS = ("requirements_txt", "packages")
_IMAGE_KEYS = ("base_image", "python_version", "python_requirements")
_SPECS = (1, 2)
_LOGIN = re.compile(r"(?<!ssh)://[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class ModelConversion:
    """Ours, and what of theirs is not in it, in words."""

    manifest: ModelManifest
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BentoConversion:
    """Ours, and what of theirs is not in it, in words."""

    manifest: BentoManifest
    dropped: tuple[str, ...]


def model_manifest(document: Document) -> ModelConversion:
    """The manifest of a model. Raises DamagedItem, UsageError for what no manifest can keep."""
    context = document.within("context")
    module = document.text("module", "")
    theirs = document.mapping("signatures")
    ours = {method: _only(one, _SIGNATURE_KEYS) for method, one in theirs.items()}
    specs = sorted(
        {f"`signatures.{method}.{key}`" for method, one in theirs.items() for key in _rest(one, ours[method])}
    )
    manifest = ModelManifest(
        name=document.text("name"),
        module=_MODULES.get(module, module),
        labels=plain_labels(document.mapping("labels")),
        options=document.mapping("options"),
        metadata=document.mapping("metadata"),
        context=ModelContext(
            framework_name=context.text("framework_name", ""),
            framework_versions=context.texts("framework_versions"),
            ekiben_version="",
            python_version=context.text("python_version", ""),
        ),
        signatures=parse_signatures(ours),
        api_version=document.text("api_version", API_VERSION),
    )
    no_module = [f"what loads `{module}`"] if module and module not in _MODULES else []
    unknown = [f"`{key}`" for key in sorted(map(str, document.content.keys() - _MODEL_KEYS))]
    return ModelConversion(manifest, (*no_module, *specs, *unknown))


def bento_manifest(
    document: Document,
    find_model: Callable[[Tag], BentoModelEntry | None],
    packages: tuple[str, ...],
    executables: tuple[str, ...],
) -> BentoConversion:
    """The manifest of a Bento; `find_model` gives a model's digest, `packages` are those of its requirements.in.

    Raises ArchiveError, DamagedItem, UsageError.
    """
    spec = document.number("spec", 1)
    if spec not in _SPECS:
        raise ArchiveError(
            f"its bento.yaml has spec {spec}, which is not known", hint="specs 1 and 2 are BentoML 1.4's"
        )
    service = document.text("service")
    rows = [row for part in (document, *document.each("services")) for row in part.each("models")]
    local = [row for row in rows if row.text("registry", "bentoml") == "bentoml"]
    manifest = BentoManifest(
        service=service,
        name=document.text("name"),
        ekiben_version="",
        labels=plain_labels(document.mapping("labels")),
        models=_models(local, find_model),
        services=tuple(_service(one, service) for one in document.each("services")),
        envs=tuple(_variable(one) for one in document.each("envs")),
        python=_python(document, packages),
        docker=_docker(document, executables),
        schema=document.mapping("schema"),
        args=document.mapping("args"),
        executables=executables,
    )
    remote = [row for row in rows if row not in local]
    return BentoConversion(manifest, tuple(_dropped(document, remote, manifest.docker)))


def _models(
    rows: Iterable[Document], find_model: Callable[[Tag], BentoModelEntry | None]
) -> tuple[BentoModelEntry, ...]:
    found: dict[Tag, BentoModelEntry] = {}
    for row in rows:
        try:
            tag = Tag.parse(row.text("tag"))
        except InvalidTag as error:
            raise ArchiveError(str(error)) from error
        entry = find_model(tag)
        if entry is None:
            raise ArchiveError(f"its model `{tag}` is neither in it nor in the store", hint="import that model first")
        module = str(row.content.get("module") or "")
        alias = row.content.get("alias")
        known = found.get(tag)
        named = str(alias) if alias else known.alias if known else None
        found[tag] = BentoModelEntry(tag, entry.digest, _MODULES.get(module, module), named)
    return tuple(found[tag] for tag in sorted(found))


def _service(row: Document, entry: str) -> Mapping[str, object]:
    name = row.text("name")
    models = sorted({one.text("tag") for one in row.each("models") if one.text("registry", "bentoml") == "bentoml"})
    place = str(row.content.get("service") or "") or f"{entry.partition(':')[0]}:{name}"
    return {"name": name, "service": place, "config": row.mapping("config"), "models": models}


def _variable(row: Document) -> Mapping[str, object]:
    value = row.content.get("value")
    return {
        "name": row.text("name"),
        "value": "" if value is None else str(value),
        "stage": str(row.content.get("stage") or "all"),
    }


def _python(document: Document, packages: tuple[str, ...]) -> Mapping[str, object]:
    image, docker, python = (_section(document, key) for key in ("image", "docker", "python"))
    version = str(image.get("python_version") or docker.get("python_version") or "")
    declared = {key: python[key] for key in _PYTHON_KEYS if python.get(key)}
    wanted = declared.pop("packages", None)
    asked = [str(one) for one in wanted] if isinstance(wanted, list) else packages
    return {"version": version, "packages": [without_login(one) for one in asked], **declared}


def without_login(requirement: str) -> str:
    """A requirement at a URL less the user and password there. SSH needs its user, which is no secret."""
    return _LOGIN.sub("://", requirement)


def _docker(document: Document, executables: tuple[str, ...]) -> Mapping[str, object]:
    image, docker = _section(document, "image"), _section(document, "docker")
    declared = {key: docker[key] for key in _DOCKER_KEYS if docker.get(key)}
    of_image = {key: image[key] for key in ("base_image", "python_version") if image.get(key)}
    env = declared.get("env")
    if env is not None and not isinstance(env, Mapping):
        declared["env"] = _pairs(env)
    script = {"setup_script": _SETUP_SCRIPT} if docker.get("setup_script") and _SETUP_SCRIPT in executables else {}
    return {**declared, **script, **of_image}


def _pairs(env: object) -> Mapping[str, object]:
    """`["K=V"]` as a mapping; the path of a file, which is not in the archive, as nothing."""
    if not isinstance(env, list):
        return {}
    return {name: value for name, _, value in (str(one).partition("=") for one in env)}


def _dropped(document: Document, remote_models: Iterable[Document], docker: Mapping[str, object]) -> Iterable[str]:
    sections = (("docker", (*_DOCKER_KEYS, *docker)), ("python", _PYTHON_KEYS), ("conda", ()), ("image", _IMAGE_KEYS))
    for section, known in sections:
        rest = _rest(_section(document, section), known)
        yield from (f"`{section}.{key}`" for key in sorted(rest) if _section(document, section)[key])
    yield from (f"`{key}`" for key in ("runners", "apis") if document.content.get(key))
    for service in document.each("services"):
        if service.content.get("dependencies"):
            yield f"`dependencies` of service `{service.text('name')}`"
    yield from (f"model `{row.text('tag')}` of another registry" for row in remote_models)
    yield from (f"`{key}`" for key in sorted(map(str, document.content.keys() - _BENTO_KEYS)))


def _section(document: Document, key: str) -> Mapping[str, object]:
    return document.mapping(key) if document.content.get(key) is not None else {}


def _only(value: object, keys: tuple[str, ...]) -> object:
    return {key: value[key] for key in keys if key in value} if isinstance(value, Mapping) else value


def _rest(value: object, known: object) -> set[str]:
    if not isinstance(value, Mapping) or not isinstance(known, Mapping | tuple):
        return set()
    return {str(key) for key in value} - {str(key) for key in known}
