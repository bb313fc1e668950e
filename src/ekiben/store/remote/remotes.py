"""Remotes: what `--to`, the settings and references mean. Nothing is asked of a remote before something is asked of it.

    localhost:5000/team            a registry: items at localhost:5000/team/<name>:<version>
    file:///shared/folder          a folder, as are ./folder and /shared/folder
    s3://bucket/prefix  gs://...   a bucket

A reference is a remote, a name, and a version or a manifest's digest: `localhost:5000/team/iris:v1`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, InvalidReference, InvalidTag, UsageError
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.reference import Reference
from ekiben.tag import LATEST, Tag

_FILE = "file"
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL)
_PATH = re.compile(r"(?:/|\./|\.\./|~/).*|\.|\.\.|~", re.DOTALL)
_LOGIN = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?[^/@]*:[^/@]*@(?!sha256:)")  # and no tag with a digest
_WEB = ("http", "https", "oci", "docker")
_BUCKETS = ("s3", "s3a", "gs", "gcs")
_ANY = "item"  # a name that fits every repository: what is asked here is whether the rest does
_HINT = "write `HOST/REPO`, `./folder`, `file:///folder`, `s3://bucket/prefix` or `gs://bucket/prefix`"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a remote is: `base` names the store of artifacts (`ghcr.io`, `s3://bucket/prefix`), `prefix` is where its
    repositories' names begin. A URL is a store with all that is in it, and has no prefix."""

    base: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place that `text` spells. Raises InvalidReference."""
        _refuse_login(text)
        if url := _url_of(text):
            return cls(url)
        host, slash, prefix = text.rstrip("/").partition("/")
        if not _is_host(host):
            raise InvalidReference(f"`{text}` is no remote: it does not begin with a host", hint=_hint_for(text))
        try:
            repository = f"{prefix}/{_ANY}" if slash else _ANY
            Reference(host, repository)
        except InvalidReference as error:
            raise InvalidReference(f"`{text}` is no remote: {error.message}", hint=_HINT) from error
        return cls(host, prefix)

    @property
    def is_url(self) -> bool:
        """Whether it is a folder or a bucket, and no registry."""
        return "://" in self.base

    def repository(self, name: str) -> str:
        """Where the versions of `name` are."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def name_of(self, repository: str) -> str | None:
        """The name whose versions are in `repository`; None where that is nobody's here."""
        name = repository.removeprefix(f"{self.prefix}/") if self.prefix else repository
        try:
            return name if self.repository(name) == repository and Tag(name).name == name else None
        except InvalidTag:
            return None

    def __str__(self) -> str:
        return f"{self.base}/{self.prefix}" if self.prefix else self.base


@dataclass(frozen=True, slots=True)
class Target:
    """One item at a remote, by version, beginning of a version, or `latest` (`version` None); or by the digest of its
    manifest."""

    place: Place
    name: str
    version: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """The item that a reference spells. Raises InvalidReference."""
        _refuse_login(text)
        rest, at, digest = text.partition("@")
        place, slash, last = rest.rpartition("/")
        if not slash or not place:
            raise InvalidReference(f"`{text}` is no reference to an item", hint="write `HOST/REPO/NAME:VERSION`")
        try:
            tag = Tag.parse(last)
            return cls(Place.parse(place), tag.name, tag.version, Digest.parse(digest) if at else None)
        except (InvalidTag, InvalidDigest) as error:
            raise InvalidReference(f"`{text}` is no reference to an item: {error}", hint=error.hint) from error

    @classmethod
    def of(cls, place: Place, tag: Tag) -> Target:
        """What `tag` means at a place."""
        return cls(place, tag.name, tag.version)

    @property
    def repository(self) -> str:
        """Where its versions are."""
        return self.place.repository(self.name)

    @property
    def asked(self) -> str:
        """What a store is asked for."""
        return str(self.digest) if self.digest else self.version or LATEST

    @property
    def tag(self) -> Tag:
        """As it is called in the store."""
        return Tag(self.name, self.version)

    def __str__(self) -> str:
        version = "" if self.digest and not self.version else f":{self.version or LATEST}"
        return f"{self.place}/{self.name}{version}{f'@{self.digest}' if self.digest else ''}"


def is_reference(text: str) -> bool:
    """Whether `text` names the place of an item, too: tags have no slash."""
    return "/" in text


@dataclass(frozen=True, slots=True)
class Remotes:
    """The remotes of one command: `open_base` opens a store of artifacts by its base. `own` is the place that the
    settings name, None where they name none, and `variable` what sets it."""

    open_base: Callable[[str], ArtifactStore]
    own: str | None
    variable: str = "EKIBEN_REMOTE"

    def place(self, told: str | None, option: str) -> Place:
        """The place that was told, else the settings' own. Raises UsageError where there is neither."""
        text = told or self.own
        if not text:
            raise UsageError(
                "no remote is named, and the settings have none",
                hint=f"pass {option} HOST/REPO, or set {self.variable} (`remote` in the settings file)",
            )
        return Place.parse(text)

    def target(self, text: str, told: str | None, option: str) -> Target:
        """The item that a reference names, or a tag at a place. Raises UsageError, InvalidReference, InvalidTag."""
        if not is_reference(text):
            return Target.of(self.place(told, option), Tag.parse(text))
        if told:
            raise UsageError(f"`{text}` says where it is, and {option} {told} does, too", hint="leave one of them out")
        return Target.parse(text)

    def open(self, place: Place) -> ArtifactStore:
        """The store of artifacts of a place; nothing is sent yet."""
        return self.open_base(place.base)


def _refuse_login(text: str) -> None:
    if found := _LOGIN.match(text):
        host = text[found.end() :].partition("/")[0]
        raise InvalidReference(
            f"the remote at `{host}` is written with a password",
            hint=f"leave it out: `ekiben login {host}` is for registries, buckets' backends have settings of their own",
        )


def _url_of(text: str) -> str | None:
    """The URL of a folder or bucket, None for what names none. Raises InvalidReference."""
    if _PATH.fullmatch(text):
        return Path(os.path.normpath(Path(text).expanduser().absolute())).as_uri()
    found = _URL.fullmatch(text)
    if not found:
        return None
    scheme, rest = found[1], found[2]
    if scheme in _WEB:
        raise InvalidReference(
            f"`{text}` is no remote", hint=f"a registry is named without a scheme: `{rest.rstrip('/')}`"
        )
    if not rest.strip("/") or (scheme in _BUCKETS and rest.startswith("/")):
        raise InvalidReference(f"`{text}` names no {'folder' if scheme == _FILE else 'bucket'}", hint=_HINT)
    return f"{scheme}://{rest.rstrip('/')}"


def _is_host(text: str) -> bool:
    """Docker's rule, by which no part of a path is one."""
    return text == "localhost" or any(sign in text for sign in ".:")


def _hint_for(text: str) -> str:
    return f"write `docker.io/{text}` for Docker Hub, `./{text}` for a folder" if text else _HINT
