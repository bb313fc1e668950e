"""`ModelManifest`: model.yaml. Keys and order are BentoML's, less `version` and `creation_time`, which are no content.

Those two live in the receipt and are added when a model is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ekiben
from ekiben.errors import DamagedItem, UsageError
from ekiben.store.documents import Document, read_document
from ekiben.store.plain import plain_labels, plain_mapping

MODEL_MANIFEST = "model.yaml"
API_VERSION = "v1"  # of how a framework module lays its files out
_PYTHON = ".".join(map(str, sys.version_info[:3]))


@dataclass(frozen=True, slots=True)
class Signature:
    """A method that may be called, whether calls may be joined, and along which dimensions of input and output."""

    batchable: bool = False
    batch_dim: tuple[int, int] = (0, 0)

    def to_dict(self) -> dict[str, object]:
        """As in model.yaml: a dimension only where it means something."""
        dimensions: dict[str, object] = {"batch_dim": list(self.batch_dim)} if self.batchable else {}
        return {"batchable": self.batchable, **dimensions}


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What the model was saved with. `framework_versions` maps distribution to version: {"scikit-learn": "1.6.0"}."""

    framework_name: str = ""
    framework_versions: Mapping[str, str] = field(default_factory=dict)
    ekiben_version: str = ekiben.__version__
    python_version: str = _PYTHON

    def to_dict(self) -> dict[str, object]:
        """As in model.yaml."""
        return {
            "framework_name": self.framework_name,
            "framework_versions": dict(self.framework_versions),
            "ekiben_version": self.ekiben_version,
            "python_version": self.python_version,
        }


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """What a model says of itself, all of it content: two models that differ here have different digests."""

    name: str
    module: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    context: ModelContext = field(default_factory=ModelContext)
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    api_version: str = API_VERSION

    @property
    def is_from_bentoml(self) -> bool:
        """Whether BentoML saved it: such a model keeps the version that BentoML gave it."""
        return not self.context.ekiben_version

    def to_dict(self) -> dict[str, object]:
        """The content of model.yaml, in its order."""
        return {
            "name": self.name,
            "module": self.module,
            "labels": plain_labels(self.labels),
            "options": plain_mapping(self.options, "options"),
            "metadata": plain_mapping(self.metadata, "metadata"),
            "context": self.context.to_dict(),
            "signatures": {name: one.to_dict() for name, one in self.signatures.items()},
            "api_version": self.api_version,
        }

    @classmethod
    def from_document(cls, document: Document) -> ModelManifest:
        """The manifest in a model.yaml. Raises DamagedItem. Unknown keys are a later version's and pass."""
        context = document.within("context")
        try:
            signatures = parse_signatures(document.mapping("signatures"))
        except UsageError as error:
            raise DamagedItem(f"`{document.path}`: {error}") from error
        return cls(
            name=document.text("name"),
            module=document.text("module", ""),
            labels=document.texts("labels"),
            options=document.mapping("options"),
            metadata=document.mapping("metadata"),
            context=ModelContext(
                framework_name=context.text("framework_name", ""),
                framework_versions=context.texts("framework_versions"),
                ekiben_version=context.text("ekiben_version", ""),
                python_version=context.text("python_version", ""),
            ),
            signatures=signatures,
            api_version=document.text("api_version", API_VERSION),
        )


def read_model_manifest(folder: Path) -> ModelManifest:
    """The manifest of the model in any folder. Raises DamagedItem, also where there is no model.yaml."""
    try:
        return ModelManifest.from_document(read_document(folder / MODEL_MANIFEST))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DamagedItem(f"`{folder}` has no {MODEL_MANIFEST}") from error


def parse_signatures(raw: Mapping[str, object]) -> dict[str, Signature]:
    """Signatures as users write them: `{"predict": {"batchable": True, "batch_dim": 0}}`, or Signature values."""
    return {_method(name): _signature(name, one) for name, one in raw.items()}


def _method(name: object) -> str:
    if isinstance(name, str) and name.isidentifier():
        return name
    raise UsageError(f"`{name}` in the signatures is no name of a method")


def _signature(method: str, raw: object) -> Signature:
    if isinstance(raw, Signature):
        return raw
    if not isinstance(raw, Mapping):
        raise UsageError(f"the signature of `{method}` is of type `{type(raw).__name__}` and should be a mapping")
    unknown = sorted(set(map(str, raw)) - {"batchable", "batch_dim"})
    if unknown:
        raise UsageError(
            f"`{unknown[0]}` is no key of a signature (method `{method}`)", hint="keys are: batchable, batch_dim"
        )
    batchable = raw.get("batchable", False)
    if not isinstance(batchable, bool):
        raise UsageError(f"`batchable` of `{method}` is `{batchable!r}` and should be true or false")
    return Signature(batchable, _dimensions(method, raw.get("batch_dim", 0)))


def _dimensions(method: str, raw: object) -> tuple[int, int]:
    match raw:
        case bool():
            pass
        case int():
            return raw, raw
        case [int() as of_input, int() as of_output]:
            return of_input, of_output
        case _:
            pass
    raise UsageError(f"`batch_dim` of `{method}` is `{raw!r}` and should be a number or two (input, output)")
