"""`Target`: what a server serves, a Bento's folder or `module:Class` in a project, and where that was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ekiben.errors import PathNotFound, UsageError
from ekiben.nearest import did_you_mean
from ekiben.serving.options import Arguments
from ekiben.serving.variables import BENTO_VARIABLE, VERSION_VARIABLE
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoManifest
from ekiben.store.documents import read_document
from ekiben.store.receipt import RECEIPT, read_receipt


@dataclass(frozen=True, slots=True)
class Target:
    """`service` is imported from the folder `root`; `bento` is the Bento that it is part of, None for a project.
    `member` names one of the services that it depends on, which is served in its place; None: itself.

    `version` is the Bento's, empty where it is not known; `other_services` are the names of the Bento's other services.
    `variables` are those that the Bento's image sets, for where it is served without one.
    `is_alone`: it was chosen by its name among several, and the others are served elsewhere.
    `is_image`: the environment names the Bento, as images do, so the server is alone in its container.
    """

    service: str
    root: Path
    member: str | None = None
    bento: Path | None = None
    version: str = ""
    other_services: tuple[str, ...] = ()
    is_alone: bool = False
    is_image: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def resolve_target(arguments: Arguments, environ: Mapping[str, str]) -> Target:
    """What the command line asks to serve, else what EKIBEN_BENTO names. Raises UsageError, PathNotFound."""
    text = arguments.target
    if arguments.bento is not None:
        if text is not None:
            raise UsageError(f"`{text}` and `--bento` both say what to serve")
        return bento_target(arguments.bento, arguments.service)
    if text is not None and Path(text).is_dir():
        return bento_target(Path(text), arguments.service)
    if text is not None and arguments.service is not None:
        if ":" in arguments.service:
            raise UsageError(f"`{text}` and `--service` both say what to serve")
        return project_target(text, arguments.root or Path.cwd(), arguments.service)
    service = text or arguments.service
    bento = environ.get(BENTO_VARIABLE)
    if bento and text is None and arguments.root is None:
        return bento_target(Path(bento), service, image_version=environ.get(VERSION_VARIABLE, ""))
    if service is None:
        hint = f"name a Bento's folder or `module:Class`, or set {BENTO_VARIABLE}"
        raise UsageError("there is nothing to serve", hint=hint)
    return project_target(service, arguments.root or Path.cwd())


def project_target(service: str, root: Path, member: str | None = None) -> Target:
    """`service` (an import string) in a project's folder; `member` names one that it depends on, to be served alone."""
    if not root.is_dir():
        raise PathNotFound(f"there is no folder `{root}`")
    return Target(service, root.absolute(), member, is_alone=member is not None)


def bento_target(path: Path, service: str | None = None, *, image_version: str | None = None) -> Target:
    """The Bento in the folder `path`; `service` names one of its services, or is an import string of its own.

    `image_version` is given for the Bento of an image, which lies there without a receipt.
    """
    path = path.absolute()
    if not (path / BENTO_MANIFEST).is_file():
        raise PathNotFound(
            f"`{path}` is no Bento: it has no {BENTO_MANIFEST}", hint="build one, or name `module:Class`"
        )
    manifest = BentoManifest.from_document(read_document(path / BENTO_MANIFEST))
    chosen, import_string = _choose(manifest, service)
    others = tuple(str(one["name"]) for one in manifest.services if one.get("name") != chosen)
    version = image_version or _version_of(path)
    is_image = image_version is not None
    member = chosen if service is not None and chosen == service and others else None
    is_alone = member is not None
    return Target(import_string, path / "src", member, path, version, others, is_alone, is_image, manifest.environment)


def _choose(manifest: BentoManifest, service: str | None) -> tuple[str | None, str]:
    """Name and import string of the service to serve."""
    known = {str(one["name"]): str(one["service"]) for one in manifest.services}
    if service is None:
        name = next((name for name, string in known.items() if string == manifest.service), None)
        return name, manifest.service
    if service in known:
        return service, known[service]
    if ":" in service:
        return None, service
    hint = did_you_mean(service, known) or f"it has: {', '.join(known) or 'none'}"
    raise UsageError(f"the Bento has no service `{service}`", hint=hint)


def _version_of(path: Path) -> str:
    receipt = read_receipt(path) if (path / RECEIPT).is_file() else None
    return receipt.tag.version or "" if receipt is not None else ""
