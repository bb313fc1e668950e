"""bento.lock: the locks of a project, beside its bentofile, for committing.

It lies outside of every Bento (what a Bento carries is made from it), so it may say where an index has each file. It
holds what the locks were made from, so that anybody can tell whether they still fit: see `freshness`. One content has
one text; only `created` knows a time.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from ekiben.errors import LockError
from ekiben.packager.credentials import redact
from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.documents import Document, LockDocument, PackageDocument, lock_document, lock_of
from ekiben.packager.lock.request import Lock, LockRequest
from ekiben.packager.lock.toml_text import toml_entries, toml_table, toml_text

VERSION = 1  # raised when an older ekiben would misread a newer bento.lock
_HEADER = (
    "# What is installed, exactly, with hashes. Written by `ekiben lock` from the bentofile: commit it, do not edit it."
)
_REMEDY = "`ekiben lock` writes a new one"
_STANDARD_NAMES = frozenset({"bentofile.yaml", "bentofile.yml", "pyproject.toml"})
NAME = "bento.lock"
# What of it may lie in a project, as .gitignore would name it: every bentofile's lock, and one that is being written.
PATTERNS = (NAME, f"*.{NAME}", f".*{NAME}.*.new")


@dataclass(frozen=True, slots=True)
class LockInputs:
    """What of a project shapes its locks: the lines of requirements.in, the places packages come from as the bentofile
    declares them, the base image, and the image whose Python is copied onto that, if any. Nothing of the machine's."""

    requirements: tuple[str, ...]
    sources: tuple[str, ...] = ()
    base: BaseImage = field(default_factory=lambda: BaseImage(""))
    interpreter: BaseImage | None = None


@dataclass(frozen=True, slots=True)
class BentoLock:
    """The content of a bento.lock: the inputs, and a lock for each platform."""

    inputs: LockInputs
    locks: tuple[Lock, ...]

    def lock_for(self, platform: str) -> Lock | None:
        """The lock of a platform."""
        return next((lock for lock in self.locks if lock.target.platform == platform), None)

    def has_content_of(self, other: BentoLock) -> bool:
        """Whether both say the same, whenever and by whichever version of a tool they were made."""
        return replace(self, locks=tuple(map(_timeless, self.locks))) == replace(
            other, locks=tuple(map(_timeless, other.locks))
        )


class _Base(Document):
    reference: str
    digest: str | None = None


class _BentoLock(Document):
    lock_version: Literal[1]
    requirements: list[str]
    sources: list[str] = Field(default_factory=list)
    base_image: _Base
    python_image: _Base | None = None
    locks: list[LockDocument] = Field(min_length=1)


def lock_place(project: Path, bentofile: Path | None) -> Path:
    """Where the bento.lock of a project lies: beside its bentofile; one of another name has a lock of its own."""
    if bentofile is None or bentofile.name in _STANDARD_NAMES:
        return (bentofile.parent if bentofile else project) / NAME
    return bentofile.with_name(f"{bentofile.stem}.{NAME}")


def sources_of(request: LockRequest) -> tuple[str, ...]:
    """The places that the bentofile names, a line each, in the order in which they count."""
    lines = [f"index {redact(request.index_url)}"] if request.index_url else []
    lines += [f"extra index {redact(one)}" for one in request.extra_index_url]
    lines += [f"find-links {redact(one)}" for one in request.find_links]
    return (*lines, *(("no index",) if request.no_index else ()), *request.rules.lines)


def read_bento_lock(path: Path) -> BentoLock | None:
    """The bento.lock at `path`, None where there is none. Raises LockError for one that cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockError(f"`{path}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LockError(f"`{path}` is no UTF-8 text", hint=_REMEDY) from error
    return parse_bento_lock(text, str(path))


def parse_bento_lock(text: str, place: str = NAME) -> BentoLock:
    """The locks that a bento.lock holds; `place` is for messages."""
    try:
        document = _BentoLock.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LockError(f"`{place}` is no TOML: {error}", hint=_REMEDY) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LockError(f"`{place}`: `{where}`: {first['msg'].lower()}", hint=_REMEDY) from error
    intent = "".join(f"{line}\n" for line in document.requirements)
    base = BaseImage(document.base_image.reference, document.base_image.digest)
    copied = document.python_image
    interpreter = BaseImage(copied.reference, copied.digest) if copied else None
    inputs = LockInputs(tuple(document.requirements), tuple(document.sources), base, interpreter)
    return BentoLock(inputs, tuple(lock_of(one, intent=intent, source="bento.lock") for one in document.locks))


def format_bento_lock(content: BentoLock) -> str:
    """The text of a bento.lock."""
    inputs = content.inputs
    head = {"lock-version": VERSION, "requirements": inputs.requirements, "sources": inputs.sources}
    lines = [_HEADER, *toml_entries(head)]
    for title, image in (("[base-image]", inputs.base), ("[python-image]", inputs.interpreter)):
        if image:
            lines += toml_table(title, {"reference": image.reference, "digest": image.digest})
    for lock in content.locks:
        document = lock_document(lock)
        fields = document.model_dump(mode="json", by_alias=True, exclude={"packages"})
        lines += toml_table("[[locks]]", fields)
        for package in document.packages:
            lines += toml_table("[[locks.packages]]", _package_fields(package))
    return toml_text(lines)


def write_bento_lock(path: Path, content: BentoLock) -> None:
    """Puts the file in place by one rename. Raises LockError where the disk refuses."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        staged.write_text(format_bento_lock(content), encoding="utf-8")
        staged.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            staged.unlink()
        raise LockError(f"`{path}` cannot be written: {error.strerror}") from error


def _package_fields(package: PackageDocument) -> dict[str, object]:
    fields: dict[str, object] = package.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    files = fields.pop("files", [])
    return {**fields, "files": files}


def _timeless(lock: Lock) -> Lock:
    return replace(lock, created=lock.created.min, tool_version="", source="bento.lock")
