"""`Reference`: what an image is called, in the grammar of the distribution project.

    [host[:port]/]path[:tag][@sha256:hex]

Without a host it means the registry that Docker means, where a path of one part is below `library/`; Docker's rules,
which every other engine follows. Knows nothing of how a registry is reached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, InvalidReference

DEFAULT_HOST = "docker.io"
DEFAULT_TAG = "latest"

_OLD_HOST = "index.docker.io"  # what Docker's own command has written into configurations
_LIBRARY = "library"
_LONGEST_NAME = 255  # characters of host and path together
_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")  # engines look such a name up among their images' ids
_HINT = "write `[host/]name[:tag][@sha256:...]`, such as `python:3.11-slim`"


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a registry, in normal form; with both tag and digest, the digest says which image."""

    host: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        if why := _why_unfit(self.host, self.repository, self.tag):
            raise InvalidReference(f"`{self}` is no image reference: {why}", hint=_HINT)

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference that `text` spells, in its long or short form. Raises InvalidReference."""
        if _IMAGE_ID.fullmatch(text):
            raise InvalidReference(f"`{text}` is the id of an image, not its name", hint=_HINT)
        rest, at, digest = text.partition("@")
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        host, repository = _split_host(f"{head}{slash}{last}")
        if why := _why_unfit(host, repository, tag if colon else None):
            raise InvalidReference(f"`{text}` is no image reference: {why}", hint=_HINT)
        try:
            return cls(host, repository, tag if colon else None, Digest.parse(digest) if at else None)
        except InvalidDigest as error:
            raise InvalidReference(f"`{text}` is no image reference: {error.message}", hint=_HINT) from error

    @property
    def name(self) -> str:
        """Host and repository."""
        return f"{self.host}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The form that people and engines write: without what can be left out."""
        parent, _, last = self.repository.rpartition("/")
        short = last if parent == _LIBRARY else self.repository
        can_be_short = _split_host(short) == (self.host, self.repository) and not _IMAGE_ID.fullmatch(short)
        return f"{short if can_be_short else self.name}{self._suffix}"

    @property
    def version(self) -> str:
        """What a registry is asked for: the digest, else the tag, else `latest`."""
        return str(self.digest) if self.digest else self.tag or DEFAULT_TAG

    def tagged(self) -> Reference:
        """The same with `latest` where it has neither tag nor digest."""
        return self if self.tag or self.digest else Reference(self.host, self.repository, DEFAULT_TAG)

    @property
    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag

    def __str__(self) -> str:
        return f"{self.name}{self._suffix}"


def _split_host(name: str) -> tuple[str, str]:
    """Docker's rule: the first part is a host if it looks like one, which no part of a path does."""
    first, slash, rest = name.partition("/")
    is_host = bool(slash) and (first == "localhost" or any(sign in first for sign in ".:") or first != first.lower())
    host, repository = (first, rest) if is_host else (DEFAULT_HOST, name)
    if host == _OLD_HOST:
        host = DEFAULT_HOST
    if host == DEFAULT_HOST and "/" not in repository:
        repository = f"{_LIBRARY}/{repository}"
    return host, repository


def _why_unfit(host: str, repository: str, tag: str | None) -> str | None:
    if not _HOST.fullmatch(host):
        return "its first part is no host of a registry"
    if repository != repository.lower():
        return "its name has to be in lower case"
    if not _PATH.fullmatch(repository):
        return "its name is letters and digits, joined by `/`, one `.`, one or two `_`, or `-`"
    if len(f"{host}/{repository}") > _LONGEST_NAME:
        return f"its name is longer than {_LONGEST_NAME} characters"
    if tag is not None and not _TAG.fullmatch(tag):
        return "its tag is up to 128 letters, digits, `_`, `.` and `-`"
    if _split_host(f"{host}/{repository}") != (host, repository):
        return "its host and name are not in normal form"
    return None
