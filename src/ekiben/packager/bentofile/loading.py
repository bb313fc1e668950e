"""`load_bentofile`: finds a project's bentofile, reads it, checks it and gives it as a `Bentofile`."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ekiben.errors import BentofileError, BuildError, PathNotFound, SelectionError
from ekiben.packager.bentofile.bentofile import (
    Bentofile,
    DockerOptions,
    EnvVariable,
    ModelReference,
    PythonOptions,
)
from ekiben.packager.bentofile.document import Document, Route, dotted, read_yaml
from ekiben.packager.bentofile.explaining import first_error
from ekiben.packager.bentofile.grammar import Refused, file_inside
from ekiben.packager.bentofile.pyproject import read_pyproject
from ekiben.packager.bentofile.refusals import refuse_unused
from ekiben.packager.bentofile.schema import PROJECT, BentofileLevel, DockerLevel, EnvLevel, PythonLevel
from ekiben.packager.selection import find_file
from ekiben.tag import Tag

NAMES = ("bentofile.yaml", "bentofile.yml")
_FILE = "file:"  # `description: "file: docs/card.md"`


def load_bentofile(project: Path, file: Path | None = None, *, is_optional: bool = False) -> Bentofile:
    """The bentofile of `project`: `file`, else `bentofile.yaml`, else the build table of `pyproject.toml`.

    `file` is looked for from the current folder, then from the project's. Where a bentofile `is_optional`, a project
    that has none gives one that says nothing.

    Raises PathNotFound for a project or `file` that is not there, BuildError where the project has no bentofile,
    BentofileError (with file, line and column) for one that cannot be used, NotActedOn for a key without effect.
    """
    if not project.is_dir():
        raise PathNotFound(f"`{project}` is no folder")
    document = _read(file if file.is_file() else project / file) if file else _find(project)
    if document is None and is_optional:
        return Bentofile(project=project)
    if document is None:
        raise BuildError(f"`{project}` has no bentofile.yaml", hint="`ekiben init` writes one beside a small service")
    try:
        level = BentofileLevel.model_validate(
            {} if document.data is None else document.data, context={PROJECT: project}
        )
    except ValidationError as error:
        raise first_error(error, document) from None
    refuse_unused(level, document)
    return _bentofile(level, project, document)


def _read(file: Path) -> Document:
    if not file.is_file():
        raise PathNotFound(f"the bentofile `{file}` does not exist")
    if file.suffix != ".toml":
        return read_yaml(file)
    document = read_pyproject(file)
    if document is None:
        raise BentofileError("there is no table `[tool.ekiben.build]`", path=file)
    return document


def _find(project: Path) -> Document | None:
    for name in NAMES:
        if (project / name).is_file():
            return read_yaml(project / name)
    pyproject = project / "pyproject.toml"
    return read_pyproject(pyproject) if pyproject.is_file() else None


def _bentofile(level: BentofileLevel, project: Path, document: Document) -> Bentofile:
    description, description_file = _description(level.description, project, document)
    _check_src_layout(level.python, project, document)
    _check_packable(level, ("description",), description_file, project, document)
    _check_packable(level, ("docker", "setup_script"), level.docker.setup_script, project, document)
    return Bentofile(
        project=project,
        path=document.path,
        service=level.service,
        name=level.name,
        description=description,
        description_file=description_file,
        labels=level.labels,
        include=tuple(level.include),
        exclude=tuple(level.exclude),
        models=tuple(ModelReference(Tag.parse(model.tag), model.alias) for model in level.models),
        envs=tuple(_env(variable) for variable in level.envs),
        python=_python(level.python),
        docker=_docker(level.docker),
    )


def _env(level: EnvLevel) -> EnvVariable:
    return EnvVariable(level.name, level.value, "runtime" if level.stage == "runtime" else "all")


def _python(level: PythonLevel) -> PythonOptions:
    return PythonOptions(
        requirements_txt=level.requirements_txt,
        packages=tuple(level.packages),
        lock_tool=level.lock_tool,
        index_url=level.index_url,
        extra_index_url=tuple(level.extra_index_url),
        no_index=level.no_index,
        find_links=tuple(level.find_links),
        trusted_host=tuple(level.trusted_host),
    )


def _docker(level: DockerLevel) -> DockerOptions:
    return DockerOptions(
        python_version=level.python_version,
        base_image=level.base_image,
        system_packages=tuple(level.system_packages),
        env=level.env,
        setup_script=level.setup_script,
    )


def _description(text: str | None, project: Path, document: Document) -> tuple[str | None, str | None]:
    if text is None or not text.startswith(_FILE):
        return text, None
    try:
        return None, file_inside(text.removeprefix(_FILE).strip(), project)
    except Refused as error:
        raise document.error(f"`description` {error.message}", ("description",), hint=error.hint) from error


def _check_packable(level: BentofileLevel, route: Route, file: str | None, project: Path, document: Document) -> None:
    """A file that goes into the Bento beside the source is held to the rules for the source, but for `exclude`: that
    keeps files out of `src/`, and this one is named outright."""
    if file is None:
        return
    try:
        find_file(project, file, level.include, ())
    except SelectionError as error:
        raise document.error(
            f"`{dotted(route)}` names a file that cannot go in: {error.message}", route, hint=error.hint
        ) from error


def _check_src_layout(level: PythonLevel, project: Path, document: Document) -> None:
    """A `src` folder is found by itself when the service is imported, so only a wrong claim matters."""
    if level.is_src_layout and not (project / "src").is_dir():
        raise document.error("`python.is_src_layout` is set, and there is no folder `src`", ("python", "is_src_layout"))
