"""`load_bentofile`: finds a project's bentofile, reads it, checks it and gives it as a `Bentofile`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from ekiben.errors import BentofileError, BuildError, PathNotFound, SelectionError
from ekiben.packager.audit.allowances import Allowance
from ekiben.packager.bentofile.bentofile import (
    Bentofile,
    CondaOptions,
    DockerOptions,
    EnvVariable,
    ModelReference,
)
from ekiben.packager.bentofile.conda_file import conda_python, read_conda_file
from ekiben.packager.bentofile.declaration import Declaration, joined
from ekiben.packager.bentofile.dependencies import placed, python_options
from ekiben.packager.bentofile.document import Document, Route, dotted, read_yaml
from ekiben.packager.bentofile.explaining import first_error
from ekiben.packager.bentofile.grammar import Refused, file_inside, image_python
from ekiben.packager.bentofile.model_filter import parse_filter
from ekiben.packager.bentofile.overlay import CALL, overlaid
from ekiben.packager.bentofile.pyproject import read_pyproject
from ekiben.packager.bentofile.refusals import refuse_unfit
from ekiben.packager.bentofile.schema import (
    PROJECT,
    BentofileLevel,
    CondaLevel,
    DockerLevel,
    EnvLevel,
    ModelLevel,
    PythonLevel,
)
from ekiben.packager.bentofile.setup import setup_text
from ekiben.packager.selection.selection import find_file
from ekiben.tag import Tag

NAMES = ("bentofile.yaml", "bentofile.yml")
_FILE = "file:"  # `description: "file: docs/card.md"`
_SCRIPT: Route = ("docker", "setup_script")
_SHEBANG_BYTES = 256  # that Linux reads of a script to find its interpreter
_CONDA_CHANNELS = ("conda-forge",)  # what BentoML takes, too, where none is named


def load_bentofile(
    project: Path,
    file: Path | None = None,
    *,
    is_optional: bool = False,
    options: Mapping[str, object] | None = None,
    declaration: Declaration | None = None,
) -> Bentofile:
    """The bentofile of `project`: `file`, else `bentofile.yaml`, else the build table of `pyproject.toml`.

    `file` is looked for from the current folder, then from the project's. Where a bentofile `is_optional`, a project
    that has none gives one that says nothing. `options` go before its keys, top level by top level; it goes before the
    `declaration` of the service.

    Raises PathNotFound for a project or `file` that is not there, BuildError where the project has no bentofile,
    BentofileError (with file, line and column) for one that cannot be used, NotActedOn for a key without effect.
    """
    if not project.is_dir():
        raise PathNotFound(f"`{project}` is no folder")
    document = _read(file if file.is_file() else project / file) if file else _find(project)
    if document is None and is_optional and not options and declaration is None:
        return Bentofile(project=project)
    if document is None and not is_optional:
        raise BuildError(f"`{project}` has no bentofile.yaml", hint="`ekiben init` writes one beside a small service")
    document = overlaid(document, options or {})
    if declaration is not None:
        document = joined(document, declaration)
    try:
        level = BentofileLevel.model_validate(
            {} if document.data is None else document.data, context={PROJECT: project}
        )
    except ValidationError as error:
        raise first_error(error, document) from None
    refuse_unfit(level, document)
    bentofile = _bentofile(level, project, document)
    return _with_commands(bentofile, declaration) if declaration and declaration.commands else bentofile


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
    _check_envs(level.envs, document)
    _check_packable(level, ("description",), description_file, project, document)
    files = {"setup_script": level.docker.setup_script, "dockerfile_template": level.docker.dockerfile_template}
    for key, file in files.items():
        _check_packable(level, ("docker", key), file, project, document)
    _check_setup_script(level.docker.setup_script, project, document)
    _check_packable(level, ("conda", "environment_yml"), level.conda.environment_yml, project, document)
    conda = _conda(level.conda, project, document)
    return Bentofile(
        project=project,
        path=document.path if document.path != CALL else None,
        service=level.service,
        name=level.name,
        description=description,
        description_file=description_file,
        labels=level.labels,
        include=tuple(level.include),
        exclude=tuple(level.exclude),
        models=tuple(_model(model) for model in level.models),
        envs=tuple(_env(variable) for variable in level.envs),
        args=level.args,
        python=python_options(level.python, level.docker.cuda_version, project, document),
        docker=replace(_docker(level.docker), python_version=_image_python(level.docker, conda, document)),
        conda=conda,
        allow=tuple(Allowance(one.code, one.reason, one.path) for one in level.audit.allow),
    )


def _model(level: ModelLevel) -> ModelReference:
    return ModelReference(Tag.parse(level.tag), level.alias, parse_filter(level.filter) if level.filter else None)


def _env(level: EnvLevel) -> EnvVariable:
    return EnvVariable(level.name, level.value, level.stage)


def _docker(level: DockerLevel) -> DockerOptions:
    return DockerOptions(
        distro=level.distro,
        cuda_version=level.cuda_version,
        base_image=level.base_image,
        python_image=level.python_image,
        system_packages=tuple(level.system_packages),
        env=level.env,
        setup_script=level.setup_script,
        dockerfile_template=level.dockerfile_template,
    )


def _with_commands(bentofile: Bentofile, declaration: Declaration) -> Bentofile:
    """What the service's image runs, with the bentofile's script behind it."""
    text = setup_text(declaration, bentofile.docker.setup_script, bentofile.project, bentofile.include)
    return replace(bentofile, docker=replace(bentofile.docker, setup_script=None, setup_text=text))


def _conda(level: CondaLevel, project: Path, document: Document) -> CondaOptions:
    if not level.model_fields_set:
        return CondaOptions()
    conda = CondaOptions(tuple(level.channels), tuple(level.dependencies), tuple(level.pip))
    if level.environment_yml is not None:
        if further := sorted(level.model_fields_set - {"environment_yml"}):
            message = f"`conda.environment_yml` and `conda.{further[0]}` both say what conda installs"
            raise document.error(message, ("conda", further[0]), is_key=True, hint="keep one")
        conda = read_conda_file(project / level.environment_yml)
    if not conda.dependencies:
        hint = "what pip installs goes to `python.packages`"
        raise document.error("`conda` names no package of conda's", ("conda",), is_key=True, hint=hint)
    pip = tuple(placed(one, project, ("conda", "pip"), document) for one in conda.pip)
    return replace(conda, channels=conda.channels or _CONDA_CHANNELS, pip=pip)


def _image_python(level: DockerLevel, conda: CondaOptions, document: Document) -> str | None:
    """The version that `docker.python_version` or conda's `python` asks for; both may, where they agree."""
    declared, wanted = level.python_version, conda_python(conda.dependencies)
    if wanted is None:
        return declared
    if declared is not None and declared.split(".")[:2] != wanted.split(".")[:2]:
        message = f"`conda` asks for Python {wanted}, and `docker.python_version` for {declared}"
        raise document.error(message, ("conda",), is_key=True, hint="the image has one Python")
    try:
        return declared or image_python(wanted)
    except Refused as error:
        raise document.error(f"`conda` {error.message}", ("conda",), is_key=True, hint=error.hint) from error


def _description(text: str | None, project: Path, document: Document) -> tuple[str | None, str | None]:
    if text is None or not text.startswith(_FILE):
        return text, None
    try:
        return None, file_inside(text.removeprefix(_FILE).strip(), project)
    except Refused as error:
        raise document.error(f"`description` {error.message}", ("description",), hint=error.hint) from error


def _check_envs(envs: Sequence[EnvLevel], document: Document) -> None:
    seen: set[tuple[str, str]] = set()
    for index, variable in enumerate(envs):
        if (variable.name, variable.stage) in seen:
            message = f"the variable `{variable.name}` is named twice for the stage `{variable.stage}`"
            raise document.error(message, ("envs", index), hint="keep one of the two")
        seen.add((variable.name, variable.stage))


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


def _check_setup_script(script: str | None, project: Path, document: Document) -> None:
    """The kernel takes a carriage return for a part of the interpreter's name, and the image's build ends with "not
    found" and no word of which file."""
    if script is None:
        return
    try:
        with (project / script).open("rb") as stream:
            first = stream.readline(_SHEBANG_BYTES)
    except OSError as error:
        raise document.error(f"`docker.setup_script` cannot be read: {error.strerror}", _SCRIPT) from error
    if first.startswith(b"#!") and first.endswith(b"\r\n"):
        message = (
            "`docker.setup_script` names a script with line endings of Windows, and no interpreter is found by them"
        )
        raise document.error(message, _SCRIPT, hint="save it with those of Unix (`dos2unix`)")


def _check_src_layout(level: PythonLevel, project: Path, document: Document) -> None:
    """A `src` folder is found by itself when the service is imported, so only a wrong claim matters."""
    if not level.is_src_layout:
        return
    route, source = ("python", "is_src_layout"), project / "src"
    if not source.is_dir():
        raise document.error("`python.is_src_layout` is set, and there is no folder `src`", route)
    if (source / "__init__.py").exists():
        hint = "take `src/__init__.py` away, or import from `src`"
        raise document.error("`python.is_src_layout` is set, and `src` is itself a package", route, hint=hint)
