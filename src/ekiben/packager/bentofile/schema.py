"""Every key that a bentofile may have, level by level, with the grammar of its values. This is the edge: pydantic.

A key without a value (`python:` and nothing) counts as absent. Which keys are read and then refused is in `refusals`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from ekiben.errors import InvalidTag
from ekiben.nearest import did_you_mean
from ekiben.packager.arguments import checked_arguments
from ekiben.packager.audit.allowances import is_pattern
from ekiben.packager.audit.codes import CODES
from ekiben.packager.bases.distributions import DEBIAN, package_manager
from ekiben.packager.bentofile import grammar
from ekiben.packager.bentofile.envfile import assignments
from ekiben.packager.bentofile.grammar import Refused
from ekiben.packager.bentofile.model_filter import checked_filter
from ekiben.packager.lock.indexes import IndexStrategy
from ekiben.packager.lock.request import LockTool
from ekiben.packager.selection.wildmatch import NotAPattern, parse_pattern
from ekiben.tag import Tag

CUSTOM = "ekiben"  # the type of the errors that carry words of ours
PROJECT = "project"  # the validation context's key for the project's folder
T = TypeVar("T")


def custom_error(message: str, hint: str | None = None, key: str | None = None) -> PydanticCustomError:
    """An error for `loading` to place; `key` names a key below the place at which it is raised."""
    return PydanticCustomError(CUSTOM, "{message}", {"message": message, "hint": hint, "key": key})


def _checked(check: Callable[[str], str]) -> AfterValidator:
    def validate(text: str) -> str:
        try:
            return check(text)
        except Refused as error:
            raise custom_error(error.message, error.hint) from error

    return AfterValidator(validate)


def _in_project(check: Callable[[str, Path], str]) -> AfterValidator:
    def validate(text: str, info: ValidationInfo) -> str:
        try:
            return check(text, (info.context or {})[PROJECT])
        except Refused as error:
            raise custom_error(error.message, error.hint) from error

    return AfterValidator(validate)


def _system_package(text: str, info: ValidationInfo) -> str:
    """A package of `docker.distro`, which is read before."""
    try:
        return grammar.system_package(text, package_manager(info.data.get("distro", DEBIAN)))
    except Refused as error:
        raise custom_error(error.message, error.hint) from error


def _tag(text: str) -> str:
    try:
        return str(Tag.parse(text))
    except InvalidTag as error:
        raise Refused(f"cannot be used: {error.message}", error.hint) from error


def _name(text: str) -> str:
    try:
        return Tag(text).name
    except InvalidTag as error:
        raise Refused(f"cannot be `{text}`", error.hint) from error


def _label(text: str) -> str:
    if not text.strip():
        raise Refused("is a label without a name", "write NAME: VALUE")
    return text


def _pattern(text: str) -> str:
    try:
        parse_pattern(text)
    except NotAPattern as error:
        raise Refused(f"`{text}` is no pattern", "write it as in .gitignore") from error
    return text


def _audit_code(text: str) -> str:
    if text not in CODES:
        raise Refused(f"is `{text}`, which no audit gives", did_you_mean(text, CODES) or "docs/audit.md has the codes")
    return text


def _audit_pattern(text: str) -> str:
    if not is_pattern(text):
        raise Refused("is no pattern that matches anything", "write it as in .gitignore, without `!`")
    return text


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused("is empty", "say why the finding is allowed: the audit repeats it to whoever reads it")
    return text


def _listed(value: object) -> object:
    """BentoML takes one text where a list is meant."""
    return [value] if isinstance(value, str) else value


def _as_text(value: object) -> object:
    """BentoML takes `12` without quotes, and `default` for what it thinks right; `12.10` would be read as 12.1."""
    if value == "default":
        return "12"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_model(value: object) -> object:
    return {"tag": value} if isinstance(value, str) else value


def _as_mapping(value: object, info: ValidationInfo) -> object:
    """`docker.env` as a mapping: it may be a list of `NAME=value`, or name a file of such lines."""
    try:
        if isinstance(value, str):
            project: Path = (info.context or {})[PROJECT]
            path = project / grammar.file_inside(value, project)
            return assignments(path.read_text(encoding="utf-8").splitlines(), f"`{value}`")
        if isinstance(value, list):
            return assignments(value, "the list")
    except Refused as error:
        raise custom_error(error.message, error.hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise custom_error(f"names `{value}`, which cannot be read as text") from error
    return value


def _as_arguments(value: object) -> object:
    """`args`, whose values have the types that the file gives them."""
    if not isinstance(value, dict):
        return value
    try:
        return checked_arguments(value)
    except Refused as error:
        raise custom_error(error.message, error.hint) from error


Line: TypeAlias = Annotated[str, _checked(grammar.one_line)]
PublicLine: TypeAlias = Annotated[str, _checked(grammar.one_line), _checked(grammar.no_credentials)]
PublicText: TypeAlias = Annotated[str, _checked(grammar.no_credentials)]
Pattern: TypeAlias = Annotated[str, _checked(grammar.one_line), _checked(_pattern)]
Name: TypeAlias = Annotated[str, _checked(_name)]
ServiceImport: TypeAlias = Annotated[str, _checked(grammar.service_import)]
ModelTag: TypeAlias = Annotated[str, _checked(_tag)]
Alias: TypeAlias = Annotated[str, _checked(grammar.alias)]
EnvName: TypeAlias = Annotated[str, _checked(grammar.env_name)]
Requirement: TypeAlias = Annotated[str, _checked(grammar.requirement)]
Host: TypeAlias = Annotated[str, _checked(grammar.host)]
Url: TypeAlias = Annotated[str, _checked(grammar.url)]
FileInside: TypeAlias = Annotated[str, _in_project(grammar.file_inside)]
UrlOrPath: TypeAlias = Annotated[str, _in_project(grammar.url_or_path)]
OneOrMore: TypeAlias = Annotated[list[T], BeforeValidator(_listed)]


class Level(BaseModel):
    """One level of keys."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=False)
    elsewhere: ClassVar[Mapping[str, str]] = {}  # what people look for at this level -> where it is said

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise custom_error(f"`{key}` is no key here", cls._nearest(str(key)), str(key))
        return {key: value for key, value in data.items() if value is not None}

    @classmethod
    def _nearest(cls, key: str) -> str:
        for name, level in LEVELS.items():
            if cls is not level and key in level.model_fields:
                return f"`{key}` goes under `{name}`" if name else f"`{key}` goes to the top level"
        if key in cls.elsewhere:
            return cls.elsewhere[key]
        return did_you_mean(key, cls.model_fields) or f"keys here are: {', '.join(cls.model_fields)}"


class ModelLevel(Level):
    """One of `models`."""

    elsewhere = dict.fromkeys(
        ("model_id", "revision", "type"), "save the model's files with `ekiben.models.create`, and name its tag"
    )
    tag: ModelTag
    filter: Annotated[str, _checked(checked_filter)] | None = None
    alias: Alias | None = None


class EnvLevel(Level):
    """One of `envs`."""

    name: EnvName
    value: PublicLine = ""
    stage: Literal["all", "runtime", "build"] = "all"


class IndexLevel(Level):
    """One of `python.indexes`."""

    name: Annotated[str, _checked(grammar.index_name)]
    url: Url
    packages: OneOrMore[Annotated[str, _checked(grammar.package_pattern)]] = []


class PythonLevel(Level):
    """`python`."""

    requirements_txt: FileInside | None = None
    packages: list[Requirement] = []
    lock_packages: bool = True
    lock_tool: LockTool = "uv"
    index_url: Url | None = None
    extra_index_url: OneOrMore[Url] = []
    indexes: list[IndexLevel] = []
    index_strategy: IndexStrategy = "best-match"
    torch: Annotated[str, _checked(grammar.torch_backend)] | None = None
    extras: OneOrMore[Line] = []
    groups: OneOrMore[Line] = []
    no_index: bool = False
    find_links: OneOrMore[UrlOrPath] = []
    trusted_host: OneOrMore[Host] = []
    pip_args: Line | None = None
    wheels: OneOrMore[Line] = []
    pack_git_packages: bool = True
    is_src_layout: bool | None = None


class DockerLevel(Level):
    """`docker`."""

    distro: Literal["debian", "alpine", "amazonlinux", "ubi8", "ubi9"] = "debian"
    python_version: Annotated[str, _checked(grammar.image_python)] | None = None
    cuda_version: Annotated[str, BeforeValidator(_as_text), _checked(grammar.cuda_version)] | None = None
    system_packages: list[Annotated[str, AfterValidator(_system_package)]] = []
    env: Annotated[dict[EnvName, PublicLine], BeforeValidator(_as_mapping)] = {}
    setup_script: FileInside | None = None
    base_image: Annotated[str, _checked(grammar.base_image)] | None = None
    python_image: Annotated[str, _checked(grammar.base_image)] | None = None
    dockerfile_template: FileInside | None = None


class CondaLevel(Level):
    """`conda`."""

    environment_yml: FileInside | None = None
    channels: OneOrMore[Annotated[str, _checked(grammar.conda_channel)]] = []
    dependencies: OneOrMore[Annotated[str, _checked(grammar.conda_package)]] = []
    pip: OneOrMore[Requirement] = []


class AllowLevel(Level):
    """One of `audit.allow`."""

    code: Annotated[str, _checked(_audit_code)]
    reason: Annotated[PublicLine, _checked(_reason)]
    path: Annotated[Line, _checked(_audit_pattern)] | None = None


class AuditLevel(Level):
    """`audit`."""

    allow: list[AllowLevel] = []


class BentofileLevel(Level):
    """The top level."""

    elsewhere = {
        "version": "it is made from the content; `ekiben build --version` gives one of your own",
        "image": "its base goes under `docker`, its packages under `python`",
        "runners": "runners are not there: write the service as a class",
        **dict.fromkeys(("workers", "resources", "traffic"), "it goes to `@ekiben.service(...)`"),
    }
    service: ServiceImport | None = None
    name: Name | None = None
    description: PublicText | None = None
    labels: dict[Annotated[PublicLine, _checked(_label)], PublicLine] = {}
    include: list[Pattern] = ["*"]
    exclude: list[Pattern] = []
    models: list[Annotated[ModelLevel, BeforeValidator(_as_model)]] = []
    envs: list[EnvLevel] = []
    args: Annotated[dict[str, object], BeforeValidator(_as_arguments)] = {}
    python: PythonLevel = PythonLevel()
    docker: DockerLevel = DockerLevel()
    conda: CondaLevel = CondaLevel()
    audit: AuditLevel = AuditLevel()


LEVELS: dict[str, type[Level]] = {
    "python": PythonLevel,
    "docker": DockerLevel,
    "conda": CondaLevel,
    "audit": AuditLevel,
    "": BentofileLevel,
}
