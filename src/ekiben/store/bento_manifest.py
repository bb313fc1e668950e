"""`BentoManifest`: bento.yaml. Never the Bento's own tag, version, digest or a time: those live in the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ekiben
from ekiben.digest import Digest
from ekiben.errors import BentoNotFound, DamagedItem, InvalidDigest, InvalidTag
from ekiben.store.documents import Document, read_document
from ekiben.store.plain import plain_labels, plain_mapping
from ekiben.tag import Tag

BENTO_MANIFEST = "bento.yaml"
SPEC = 1  # of bento.yaml: raised when an older ekiben would misread a newer Bento


@dataclass(frozen=True, slots=True)
class BentoModelEntry:
    """A model that the Bento needs: exact tag, full digest, the module that loads it, the name it is asked for by, and
    where its files are from, for one of a hub: `hf:ORG/NAME@COMMIT`."""

    tag: Tag
    digest: Digest
    module: str = ""
    alias: str | None = None
    source: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As in bento.yaml."""
        further = {"alias": self.alias, "source": self.source}
        given = {name: text for name, text in further.items() if text is not None}
        return {"tag": str(self.tag), "digest": str(self.digest), "module": self.module, **given}

    @classmethod
    def from_document(cls, document: Document) -> BentoModelEntry:
        """One row of `models`. Raises DamagedItem."""
        try:
            return cls(
                tag=Tag.parse(document.text("tag")),
                digest=Digest.parse(document.text("digest")),
                module=document.text("module", ""),
                alias=document.text("alias") if "alias" in document.content else None,
                source=document.text("source") if "source" in document.content else None,
            )
        except (InvalidTag, InvalidDigest) as error:
            raise DamagedItem(f"`{document.path}`: {error}") from error


@dataclass(frozen=True, slots=True)
class BentoManifest:
    """What a Bento says of itself, all of it content. `executables` are paths in the Bento that get mode 0755;
    `platforms` are all that it is locked for where there is more than `platform`; `include` and `exclude` the patterns
    that selected the source, as declared; `audit` what the project allows of an audit's findings."""

    service: str
    name: str
    ekiben_version: str = ekiben.__version__
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    models: tuple[BentoModelEntry, ...] = ()
    services: tuple[Mapping[str, object], ...] = ()
    envs: tuple[Mapping[str, object], ...] = ()
    python: Mapping[str, object] = field(default_factory=dict)
    docker: Mapping[str, object] = field(default_factory=dict)
    conda: Mapping[str, object] = field(default_factory=dict)
    platform: str = ""
    platforms: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    audit: Mapping[str, object] = field(default_factory=dict)
    schema: Mapping[str, object] = field(default_factory=dict)
    args: Mapping[str, object] = field(default_factory=dict)
    executables: tuple[str, ...] = ()
    spec: int = SPEC

    @property
    def is_from_bentoml(self) -> bool:
        """Whether BentoML built it: such a Bento is imported without a lock and a runtime."""
        return not self.ekiben_version

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the Bento's image sets: `docker.env`, then those of `envs` that have a value and are not
        for its build alone."""
        declared = self.docker.get("env")
        fixed = {str(name): str(value) for name, value in declared.items()} if isinstance(declared, Mapping) else {}
        of_image = (one for one in self.envs if one.get("value") and one.get("stage") != "build")
        return fixed | {str(one["name"]): str(one["value"]) for one in of_image}

    def to_dict(self) -> dict[str, object]:
        """The content of bento.yaml, in its order."""
        return {
            "service": self.service,
            "name": self.name,
            "ekiben_version": self.ekiben_version,
            "description": self.description,
            "labels": plain_labels(self.labels),
            "models": [one.to_dict() for one in self.models],
            "services": [plain_mapping(one, "services") for one in self.services],
            "envs": [plain_mapping(one, "envs") for one in self.envs],
            "python": plain_mapping(self.python, "python"),
            "docker": plain_mapping(self.docker, "docker"),
            "conda": plain_mapping(self.conda, "conda"),
            "platform": self.platform,
            **({"platforms": list(self.platforms)} if self.platforms else {}),
            "include": list(self.include),
            "exclude": list(self.exclude),
            **({"audit": plain_mapping(self.audit, "audit")} if self.audit else {}),
            "schema": plain_mapping(self.schema, "schema"),
            "args": plain_mapping(self.args, "args"),
            "executables": list(self.executables),
            "spec": self.spec,
        }

    @classmethod
    def from_document(cls, document: Document) -> BentoManifest:
        """The manifest in a bento.yaml. Raises DamagedItem, also where a newer ekiben wrote it."""
        spec = document.number("spec", SPEC)
        if spec > SPEC:
            raise DamagedItem(f"`{document.path}` has spec {spec}, made by a newer ekiben", hint="upgrade ekiben")
        return cls(
            service=document.text("service"),
            name=document.text("name"),
            ekiben_version=document.text("ekiben_version", ""),
            description=document.text("description", ""),
            labels=document.texts("labels"),
            models=tuple(BentoModelEntry.from_document(one) for one in document.each("models")),
            services=tuple(one.content for one in document.each("services")),
            envs=tuple(one.content for one in document.each("envs")),
            python=document.mapping("python"),
            docker=document.mapping("docker"),
            conda=document.mapping("conda"),
            platform=document.text("platform", ""),
            platforms=tuple(str(one) for one in document.rows("platforms")),
            include=tuple(str(one) for one in document.rows("include")),
            exclude=tuple(str(one) for one in document.rows("exclude")),
            audit=document.mapping("audit"),
            schema=document.mapping("schema"),
            args=document.mapping("args"),
            executables=tuple(str(one) for one in document.rows("executables")),
            spec=spec,
        )


def read_bento_manifest(folder: Path) -> BentoManifest:
    """The manifest of the Bento in any folder. Raises BentoNotFound where there is no bento.yaml, DamagedItem."""
    try:
        return BentoManifest.from_document(read_document(folder / BENTO_MANIFEST))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BentoNotFound(f"`{folder}` holds no {BENTO_MANIFEST}") from error
