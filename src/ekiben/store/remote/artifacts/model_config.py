"""The configuration of a ModelPack artifact, `application/vnd.cncf.model.config.v1+json`.

Written without a time, so that the same content has the same configuration. Read from other tools leniently: what does
not fit the schema is passed over, since nothing depends on it. Source: model-spec, docs/config.md and the JSON schema,
which lets no field be added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.json_object import Fields, canonical, present
from ekiben.store.model_manifest import ModelManifest
from ekiben.store.remote.artifacts.file_kinds import weights_format
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What a configuration tells of a model, for people; empty where it does not."""

    name: str = ""
    version: str = ""
    family: str = ""
    title: str = ""
    description: str = ""
    licenses: tuple[str, ...] = ()
    architecture: str = ""
    format: str = ""
    param_size: str = ""
    precision: str = ""
    quantization: str = ""

    def to_dict(self) -> dict[str, object]:
        """What it says, by name."""
        rows = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in rows.items() if value}


def describe_model(tag: Tag, manifest: ModelManifest, paths: Iterable[str]) -> ModelDescription:
    """What model.yaml and the names of the files tell. A label or a text of the metadata called as a field of ModelPack
    (`paramSize` or `param_size`) is that field; what another tool told of a model is in `metadata.modelpack`."""
    others = _object(manifest.metadata.get("modelpack"))
    told = {**_texts(others), **_texts(manifest.metadata), **manifest.labels}
    license_ = told.get("license", "")
    licenses = others.get("licenses")
    return ModelDescription(
        name=tag.name,
        version=tag.version or "",
        family=told.get("family", "") or manifest.context.framework_name,
        title=told.get("title", ""),
        description=told.get("description", ""),
        licenses=(license_,) if license_ else _listed(licenses),
        architecture=told.get("architecture", ""),
        format=told.get("format", "") or weights_format(paths),
        param_size=told.get("paramSize", "") or told.get("param_size", ""),
        precision=told.get("precision", ""),
        quantization=told.get("quantization", ""),
    )


def format_config(model: ModelDescription, diff_ids: Sequence[Digest]) -> bytes:
    """The configuration as canonical JSON; `diff_ids` are the digests of the layers' tars."""
    about = present(
        name=model.name,
        version=model.version,
        family=model.family,
        title=model.title,
        description=model.description,
        licenses=list(model.licenses),
    )
    technical = present(
        architecture=model.architecture,
        format=model.format,
        paramSize=model.param_size,
        precision=model.precision,
        quantization=model.quantization,
    )
    filesystem = {"type": "layers", "diffIds": [str(one) for one in diff_ids]}
    return canonical({"descriptor": about, "config": technical, "modelfs": filesystem})


def parse_config(content: bytes, what: str) -> tuple[ModelDescription, tuple[str, ...]]:
    """What a configuration tells, and its `diffIds`. Raises ImageError where it is no JSON object."""
    fields = Fields.parse(content, what).rest()
    about, technical, filesystem = (_object(fields.get(name)) for name in ("descriptor", "config", "modelfs"))
    diff_ids = filesystem.get("diffIds")
    return ModelDescription(
        name=_text(about, "name"),
        version=_text(about, "version"),
        family=_text(about, "family"),
        title=_text(about, "title"),
        description=_text(about, "description"),
        licenses=_listed(about.get("licenses")),
        architecture=_text(technical, "architecture"),
        format=_text(technical, "format"),
        param_size=_text(technical, "paramSize"),
        precision=_text(technical, "precision"),
        quantization=_text(technical, "quantization"),
    ), tuple(map(str, diff_ids)) if isinstance(diff_ids, list) else ()


def check_description(tag: Tag, model: ModelDescription) -> None:
    """Raises ImageError where a configuration tells of another model than the manifest's annotations."""
    if (model.name, model.version) != (tag.name, tag.version):
        raise ImageError(f"its configuration is that of `{model.name}:{model.version}`, and its manifest of `{tag}`")


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _texts(fields: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in fields.items() if isinstance(value, str)}


def _listed(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
