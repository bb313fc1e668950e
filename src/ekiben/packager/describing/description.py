"""`Description`: what a service declares, read from what its describing process wrote; and in words what went wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ekiben.errors import DescriptionError
from ekiben.packager.describing.describer import TIMEOUT_S, Describer
from ekiben.report import Reporter

_MISSING_MODULE = re.compile(r"^ModuleNotFoundError: No module named '(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a service says of its image: the `options` by name, and each of its steps as a kind and a text."""

    options: Mapping[str, object]
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """`name`, import string (`service`), declared `config` and `models` (tags as written) of one service.

    `dependencies` are the names of the services that it calls; `place` is the `file:line` of its class.
    """

    name: str
    service: str
    config: Mapping[str, object]
    models: tuple[str, ...]
    dependencies: tuple[str, ...] = ()
    image: ImageFacts | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """`entry` is the name of the service that answers requests; `models` are the tags that any of them names."""

    entry: str
    services: tuple[ServiceDescription, ...]
    models: tuple[str, ...]
    openapi: Mapping[str, object]
    schema: Mapping[str, object]

    @property
    def entry_service(self) -> ServiceDescription:
        """The service that answers requests."""
        return next(service for service in self.services if service.name == self.entry)


@dataclass(frozen=True, slots=True)
class _Copy:
    """The folder where a source was copied to, and the one that the user knows."""

    root: Path
    project: Path

    def as_user_sees(self, text: str) -> str:
        """`text` with paths of the project in place of those of the copy."""
        return text.replace(str(self.root), str(self.project))

    def was_left_out(self, module: str) -> str | None:
        """The project's file or folder of a module that the copy lacks, None where there is none."""
        names = (f"{module}.py", module, f"src/{module}.py", f"src/{module}")
        return next(
            (name for name in names if (self.project / name).exists() and not (self.root / name).exists()), None
        )


def hear_description(
    describer: Describer, *, project: Path, reporter: Reporter, timeout_s: float = TIMEOUT_S
) -> Description:
    """What `describer` was asked for: the description of the job's service. `project` is what its source is a copy of.

    Raises DescriptionError where it cannot be imported or described, with file and line in `project`.
    """
    answer = describer.hear(timeout_s)
    for line in answer.said:
        reporter.output(line)
    return _read(answer.content, answer.job.service, _Copy(answer.job.root.resolve(), project))


class _ImageSchema(BaseModel):
    model_config = ConfigDict(extra="allow")

    steps: list[tuple[str, str]] = []


class _ServiceSchema(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    service: str
    config: dict[str, object] = {}
    models: list[str] = []
    dependencies: list[str] = []
    image: _ImageSchema | None = None
    place: str = ""


class _ErrorSchema(BaseModel):
    model_config = ConfigDict(extra="ignore")

    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    traceback: str | None = None


class _OutputSchema(BaseModel):
    model_config = ConfigDict(extra="ignore")

    entry: str = ""
    services: list[_ServiceSchema] = []
    models: list[str] = []
    openapi: dict[str, object] = {}
    schema_document: dict[str, object] = {}
    error: _ErrorSchema | None = None


def _read(content: bytes, service: str, copy: _Copy) -> Description:
    try:
        data = json.loads(content)  # its `schema` is renamed, since pydantic's models have a method of that name
        output = _OutputSchema.model_validate({**data, "schema_document": data.get("schema", {})})
    except (ValueError, TypeError, AttributeError) as error:
        raise DescriptionError(f"the description of `{service}` cannot be read: {error}") from error
    if output.error:
        raise _explained(output.error, copy)
    services = tuple(_service(one) for one in output.services)
    if output.entry not in (one.name for one in services):
        raise DescriptionError(f"the description of `{service}` lacks its entry service")
    return Description(output.entry, services, tuple(output.models), output.openapi, output.schema_document)


def _service(read: _ServiceSchema) -> ServiceDescription:
    image = ImageFacts(read.image.model_extra or {}, tuple(read.image.steps)) if read.image else None
    return ServiceDescription(
        read.name, read.service, read.config, tuple(read.models), tuple(read.dependencies), image, read.place
    )


def _explained(error: _ErrorSchema, copy: _Copy) -> DescriptionError:
    missing = _MISSING_MODULE.search(error.traceback or "")
    left_out = copy.was_left_out(missing[1]) if missing else None
    where = f"`{left_out}` is not among the selected files: see `include`, `exclude` and .bentoignore"
    hint = where if left_out else error.hint
    place = ":".join(str(part) for part in (error.file, error.line) if part is not None)
    message = error.message if place in error.message else f"{place}: {error.message}"
    return DescriptionError(copy.as_user_sees(message), hint=copy.as_user_sees(hint) if hint else None)
