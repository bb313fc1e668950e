"""`LockDocument`: a lock as data, the same in the cache (JSON) and in bento.lock (TOML). This is the edge: pydantic."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ekiben.packager.lock.lockfile import FILE_NAME, LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin, OriginKind
from ekiben.packager.lock.request import Lock, LockSource, LockTool
from ekiben.packager.lock.target import Target


def _kebab(name: str) -> str:
    return name.replace("_", "-")


# Each of these is written into requirements files, where a blank or a line break would begin another word or line.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
FileName = Annotated[str, StringConstraints(pattern=f"^{FILE_NAME}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^sha(256|384|512):[0-9a-f]{64,128}$")]


class Document(BaseModel):
    """A table of a lock: keys are `kebab-case`, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=_kebab, populate_by_name=True)


class FileDocument(Document):
    """One of `files`."""

    name: FileName
    sha256: Hash
    size: int | None = None
    url: str | None = None


class OriginDocument(Document):
    """`origin`."""

    kind: OriginKind
    url: str | None = None
    revision: str | None = None
    requested: str | None = None


class PackageDocument(Document):
    """One of `packages`."""

    name: Name
    version: Version
    licence: str | None = None
    yanked: bool = False
    origin: OriginDocument | None = None
    files: list[FileDocument]


class LockDocument(Document):
    """One of `locks`."""

    python: str
    platform: str
    libc: str
    tool: LockTool
    tool_version: str
    created: datetime
    exclude_newer: str | None = None
    packages: list[PackageDocument] = Field(default_factory=list)


def lock_document(lock: Lock) -> LockDocument:
    """The lock as data."""
    return LockDocument(
        python=lock.target.python,
        platform=lock.target.platform,
        libc=lock.target.libc,
        tool=lock.tool,
        tool_version=lock.tool_version,
        created=lock.created,
        exclude_newer=lock.exclude_newer,
        packages=[_package_document(package) for package in lock.packages],
    )


def lock_of(document: LockDocument, *, intent: str, source: LockSource) -> Lock:
    """The lock that the data says. Raises LockError for a target that is none."""
    return Lock(
        packages=tuple(_package(one) for one in document.packages),
        intent=intent,
        target=Target(document.python, document.platform, document.libc),
        tool=document.tool,
        tool_version=document.tool_version,
        source=source,
        created=document.created,
        exclude_newer=document.exclude_newer,
    )


def _package_document(package: LockedPackage) -> PackageDocument:
    origin = package.origin
    return PackageDocument(
        name=package.name,
        version=package.version,
        licence=package.licence,
        yanked=package.is_yanked,
        origin=OriginDocument(**asdict(origin)) if origin else None,
        files=[
            FileDocument(name=file.name, sha256=file.sha256, size=file.size_bytes, url=file.url)
            for file in package.files
        ],
    )


def _package(document: PackageDocument) -> LockedPackage:
    origin = document.origin
    return LockedPackage(
        name=document.name,
        version=document.version,
        files=tuple(LockedFile(file.name, file.sha256, file.size, file.url) for file in document.files),
        licence=document.licence,
        is_yanked=document.yanked,
        origin=Origin(**origin.model_dump()) if origin else None,
    )
