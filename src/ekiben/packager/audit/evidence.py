"""`Evidence`: a Bento as the checks look at it: its manifest, its files, the models that it names. Read leniently: what
is missing or wrong is for the checks to find, so that one broken part does not hide the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, InvalidTag, NotFound, StoreError
from ekiben.packager.audit.inventory import AuditedFile, Kind, bento_files, model_files
from ekiben.packager.parts import SOURCE
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoManifest
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.documents import Document, read_document
from ekiben.store.models import ModelShelf
from ekiben.store.plain_file import open_plain
from ekiben.store.verify import check_address
from ekiben.tag import Tag

MAX_TEXT_BYTES = 64 * 1024**2  # of a file that is read whole


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model as bento.yaml names it. `digest` is None where none is written that is one; `fault` says why it cannot be
    looked into, `is_other` that the store has other content under its name."""

    name: str
    digest: Digest | None
    files: tuple[AuditedFile, ...] = ()
    fault: str | None = None
    is_other: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """`files` are the Bento's own, without its models'."""

    tag: Tag
    folder: Path
    manifest: BentoManifest
    files: tuple[AuditedFile, ...]
    models: tuple[NamedModel, ...]

    @property
    def all_files(self) -> tuple[AuditedFile, ...]:
        """The Bento's files and then its models'."""
        return self.files + tuple(file for model in self.models for file in model.files)

    def of_kind(self, *kinds: Kind) -> Iterator[AuditedFile]:
        """The plain files of these kinds."""
        return (file for file in self.all_files if file.is_plain and file.kind in kinds)

    def has(self, path: str) -> bool:
        """Whether the Bento has a plain file at `path`."""
        return any(file.path == path and file.is_plain for file in self.files)

    def text(self, path: str) -> str:
        """What the file at `path` says; empty where there is none, or none that can be read."""
        if not self.has(path):
            return ""
        return (read_plain(self.folder / path) or b"").decode(errors="replace")

    @property
    def own_modules(self) -> frozenset[str]:
        """The top-level names that the project's own code can be imported by."""
        prefixes = (f"{SOURCE}/", f"{SOURCE}/src/")
        paths = [
            file.path.removeprefix(prefix) for prefix in prefixes for file in self.files if file.path.startswith(prefix)
        ]
        return frozenset(path.split("/")[0].removesuffix(".py") for path in paths if path.endswith(".py"))


def gather_evidence(bento: Bento, models: ModelShelf) -> Evidence:
    """What there is to look at. Raises BentoNotFound, DamagedItem where bento.yaml cannot be read, StoreError."""
    with disk_errors(bento.path):
        document = read_document(bento.path / BENTO_MANIFEST)
        rows = document.rows("models")
        manifest = BentoManifest.from_document(Document(document.path, {**document.content, "models": []}))
        files = bento_files(bento.path, manifest)
        return Evidence(bento.tag, bento.path, manifest, tuple(files), tuple(_model(row, models) for row in rows))


def read_plain(place: Path) -> bytes | None:
    """The first bytes of a file; None where it cannot be read."""
    try:
        with open_plain(place) as file:
            return file.read(MAX_TEXT_BYTES)
    except OSError:
        return None


def _model(row: object, models: ModelShelf) -> NamedModel:
    fields = row if isinstance(row, dict) else {}
    name, digest = str(fields.get("tag", "")), _digest(fields.get("digest"))
    try:
        tag = Tag.parse(name)
        if not tag.is_exact:
            return NamedModel(name, digest, fault="it is named without a version")
        model = models.get(tag)
    except (InvalidTag, NotFound, StoreError) as error:
        return NamedModel(name, digest, fault=str(error))
    files = tuple(model_files(model.path, f"{model.tag.name}/{model.tag.version}", f"models: {model.tag}"))
    return NamedModel(name, digest, files, is_other=digest is not None and not _is_named(model.path, digest, name))


def _is_named(folder: Path, digest: Digest, name: str) -> bool:
    try:
        check_address(folder, digest, name)
    except StoreError:
        return False
    return True


def _digest(text: object) -> Digest | None:
    try:
        return Digest.parse(text) if isinstance(text, str) else None
    except InvalidDigest:
        return None
