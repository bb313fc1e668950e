"""The Docker SDK for Python, in the only module that knows it: finding the engine, its version, images, their history.

The engine is found as the docker command finds it: DOCKER_HOST, else the context (DOCKER_CONTEXT or the one in use),
else the platform's socket. What the SDK raises becomes EngineUnavailable or EngineFailed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ekiben.errors import EngineFailed, EngineUnavailable
from ekiben.packager.image.engines.engine import BuiltImage, ImageLayer

if TYPE_CHECKING:
    from docker import DockerClient

_TIMEOUT_S = 30  # for one answer: an engine under load is slow
LOAD_TIMEOUT_S = 600  # a layer of gigabytes is unpacked before the engine says a word
_OLDEST_ENGINE = (20, 10)  # the first whose own frontend knows the mounts of dockerfile 1.2
_REMEDY = "start it (`systemctl start docker`, Docker Desktop), or set DOCKER_HOST to one that answers"

EngineClient: TypeAlias = "DockerClient"


def _sdk_errors() -> tuple[type[Exception], ...]:
    """OSError covers what the HTTP library under the SDK raises, ValueError an address that is none."""
    from docker.errors import DockerException  # a tenth of what a build costs that needs no engine and makes nothing

    return (DockerException, OSError, ValueError)


def _not_found() -> type[Exception]:
    """What the SDK raises where the engine has no such image."""
    from docker.errors import ImageNotFound

    return ImageNotFound


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What an engine says of itself."""

    name: str
    version: str
    system: str


@contextmanager
def connect(environ: Mapping[str, str], *, timeout_s: int = _TIMEOUT_S) -> Iterator[EngineClient]:
    """A client of the engine in use, which was asked for its version; closed afterwards. Raises EngineUnavailable where
    none answers."""
    from docker import DockerClient

    try:
        client = DockerClient.from_env(environment=dict(environ), timeout=timeout_s, use_ssh_client=True)
    except _sdk_errors() as error:
        host = environ.get("DOCKER_HOST")
        where = f"`{host}` (DOCKER_HOST)" if host else "the address of Docker's context in use"
        raise EngineUnavailable(f"no Docker engine answers at {where}: {_reason(error)}", hint=_REMEDY) from error
    try:
        yield client
    finally:
        client.close()


def engine_version(client: EngineClient) -> EngineVersion:
    """Name, version and operating system of the engine."""
    answer = client.version()
    components = answer.get("Components") or [{}]
    name = str(components[0].get("Name", "Engine"))
    return EngineVersion(name, str(answer.get("Version", "")), str(answer.get("Os", "")))


def why_unfit(found: EngineVersion) -> str | None:
    """Why an engine of this version cannot run a build of ours; None where it can."""
    if "podman" in found.name.lower():
        return f"{found.name} {found.version} answers in Docker's place, and it has no BuildKit"
    if found.system and found.system != "linux":
        return f"the engine runs `{found.system}` containers, and the image is for linux"
    major, minor, *_ = [*found.version.split("."), "0", "0"]
    if major.isdigit() and minor.isdigit() and (int(major), int(minor)) < _OLDEST_ENGINE:
        return f"the engine is of version {found.version}, and secret and cache mounts came with 20.10"
    return None


def look_at_image(client: EngineClient, name: str, references: Sequence[str], engine: str) -> BuiltImage:
    """Size and layers of the image that the engine holds under `name` or this id. Its id is the digest of its
    configuration, or in an engine that keeps images in containerd that of its manifest."""
    try:
        image = client.images.get(name)
        history = image.history()
    except _sdk_errors() as error:
        raise EngineFailed(f"the engine has made `{name}` and does not show it: {_reason(error)}") from error
    layers = [ImageLayer(str(step["CreatedBy"]), int(step["Size"])) for step in reversed(history) if step["Size"]]
    return BuiltImage(
        id=str(image.id),
        references=tuple(references),
        size_bytes=int(image.attrs["Size"]),
        layers=tuple(layers),
        engine=engine,
    )


def _reason(error: BaseException) -> str:
    """The SDK wraps the HTTP library's wrapping of the system's error, which says what matters; else its own words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None:
            return str(cause)
        cause = cause.__context__
    return str(error)


def find_image(client: EngineClient, reference: str) -> str | None:
    """The id of the image that the engine has under `reference`; None where it has none."""
    try:
        return str(client.images.get(reference).id)
    except _not_found():
        return None
    except _sdk_errors() as error:
        raise EngineFailed(f"the engine does not show `{reference}`: {_reason(error)}") from error


def save_image(client: EngineClient, image_id: str) -> Iterator[bytes]:
    """The image as `docker save` writes it, in pieces. Raises EngineFailed."""
    try:
        yield from client.images.get(image_id).save(named=False)
    except _sdk_errors() as error:
        raise EngineFailed(f"the engine does not hand `{image_id}` over: {_reason(error)}") from error


def layers_of_images(client: EngineClient, labels: Mapping[str, str]) -> Iterator[list[str]]:
    """The diff_ids of each image that the engine has, bottom up: an image at a time, since the engine takes a while to
    tell of one, those first whose labels are most alike to `labels`. What is removed meanwhile is passed over."""

    def likeness(listed: Mapping[str, Any]) -> int:
        return len(labels.items() & (listed.get("Labels") or {}).items())

    try:
        for listed in sorted(client.api.images(), key=likeness, reverse=True):
            with suppress(_not_found()):
                yield list(client.images.get(listed["Id"]).attrs.get("RootFS", {}).get("Layers") or [])
    except _sdk_errors() as error:
        raise EngineFailed(f"the engine does not list its images: {_reason(error)}") from error


def load_archive(client: EngineClient, pieces: Iterator[bytes]) -> None:
    """Gives the engine an archive as `docker load` does. Raises EngineFailed with the engine's words."""
    try:
        client.images.load(pieces)  # type: ignore[arg-type]  # the stub knows bytes alone, requests sends either
    except _sdk_errors() as error:
        raise EngineFailed(f"the engine does not take the image: {_reason(error)}") from error
