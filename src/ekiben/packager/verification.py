"""`verify_bento`, `verify_model`: is it what it was, do its parts agree, and who signed it? Finds; refuses nothing.

Of a Bento: every file by SHA256SUMS, the lock against what was asked for and the wheels that come along, the models
that it names down to their bytes, and the signatures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.digest import Digest, is_short_version
from ekiben.errors import EkibenError
from ekiben.packager.image.plan import is_locked
from ekiben.packager.lock.consistency import lock_faults, wheel_faults
from ekiben.packager.parts import INTENT, LOCK, WHEELS
from ekiben.report import Reporter, Task
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoManifest
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.receipt import RECEIPT
from ekiben.store.signatures import SignatureState, Subject, read_signatures, subject_of
from ekiben.store.sums import (
    OFFLINE_BASES,
    OFFLINE_WHEELS,
    SIGNATURES,
    SUMS,
    is_beside,
    is_offline,
    offline_blob,
    parse_sums,
)
from ekiben.store.verify import Damage, find_damage
from ekiben.trust.keys import PublicKey

_LOCKS = "requirements*.lock"  # one for each platform


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found about one item. `names_content`: its version is made from its content, so that the tag alone says
    what belongs there; any other version is held to the digest in the receipt. `models` are a Bento's. `lacks_lock`:
    it is a Bento of BentoML's, which is imported without its lock."""

    subject: Subject
    file_count: int
    size_bytes: int
    names_content: bool
    damage: tuple[Damage, ...]
    signatures: tuple[SignatureState, ...] = ()
    models: tuple[Verification, ...] = ()
    lacks_lock: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the content is what it was, whatever is said of its signatures."""
        return all(is_beside(one.path) for one in self.damage)

    @property
    def has_odd_version(self) -> bool:
        """Whether the version looks made from content, and not from this one: BentoML's do, and so does a forgery. In
        what ekiben made it is damage."""
        return not self.names_content and is_short_version(self.subject.name.partition(":")[2])

    def findings(self) -> Iterator[tuple[Subject, Damage]]:
        """All that is wrong, with it and then with its models."""
        yield from ((self.subject, one) for one in self.damage)
        for model in self.models:
            yield from model.findings()

    def required_signed(self, keys: Sequence[PublicKey]) -> Verification:
        """The same, where no signature by one of `keys` counts as damage."""
        if any(state.key for state in self.signatures):
            return self
        given = ", ".join(f"{key.id} ({key.place})" for key in keys)
        return replace(self, damage=(*self.damage, Damage(SIGNATURES, f"holds no signature by {given}")))


def verify_model(model: Model, keys: Sequence[PublicKey], reporter: Reporter) -> Verification:
    """What is true of a model, its signatures verified by `keys`. Raises StoreError where files cannot be read."""
    with reporter.task("checking files", model.size_bytes) as task:
        return _verify(model, (), keys, task)


def verify_bento(bento: Bento, store: Store, keys: Sequence[PublicKey], reporter: Reporter) -> Verification:
    """What is true of a Bento and the models that it names. Its own signature covers them: it binds their digests.

    Raises StoreError where files cannot be read.
    """
    manifest = _manifest_of(bento)
    models, damage = _models_of(manifest, store) if manifest else ([], [])
    total = bento.size_bytes + sum(model.size_bytes for model in models)
    with reporter.task("checking files", total) as task:
        verified = _verify(bento, manifest.executables if manifest else (), keys, task)
        of_models = tuple(_verify(model, (), keys, task) for model in models)
    lacks_lock = False
    if manifest and verified.file_count and is_locked(manifest):
        with disk_errors(bento.path):
            locks = _locks_of(bento)
            lacks_lock = manifest.is_from_bentoml and not locks
            damage += [] if lacks_lock else [*_lock_damage(bento, locks), *_base_damage(bento)]
    return replace(verified, damage=(*verified.damage, *damage), models=of_models, lacks_lock=lacks_lock)


def _verify(item: Bento | Model, executables: Collection[str], keys: Sequence[PublicKey], task: Task) -> Verification:
    subject = subject_of(item)
    with disk_errors(item.path):
        damage = find_damage(item.path, item.digest, executables=executables, advance=task.advance)
        is_listed = all(one.path != SUMS for one in damage)
        file_count = len(parse_sums((item.path / SUMS).read_bytes())) if is_listed else 0
    names_content = item.digest.short_version == item.tag.version
    if not names_content and is_listed:
        damage += _version_damage(item)
    states = read_signatures(subject, keys) if is_listed else []
    return Verification(
        subject=subject,
        file_count=file_count,
        size_bytes=item.size_bytes,
        names_content=names_content,
        damage=(*damage, *(Damage(state.path, state.fault) for state in states if state.fault)),
        signatures=tuple(states),
    )


def _version_damage(item: Bento | Model) -> list[Damage]:
    """Where nothing holds an item whose version does not name its content to what it was."""
    if is_short_version(str(item.tag.version)) and not _is_from_bentoml(item):
        return [Damage(SUMS, "is not what the version names")]
    if not (item.path / RECEIPT).is_file():
        return [Damage(RECEIPT, "is missing, and the version does not name the content")]
    return []


def _is_from_bentoml(item: Bento | Model) -> bool:
    try:
        return item.manifest.is_from_bentoml
    except EkibenError:  # then the manifest is among the damage
        return False


def _manifest_of(bento: Bento) -> BentoManifest | None:
    try:
        return bento.manifest
    except EkibenError:  # then bento.yaml is among the damage
        return None


def _models_of(manifest: BentoManifest, store: Store) -> tuple[list[Model], list[Damage]]:
    """The models that a Bento names, and what is wrong with its list: those that are lost or have other content."""
    models = {}
    lost = {}
    for entry in manifest.models:
        try:
            model = store.models.get(entry.tag)
        except EkibenError as error:
            lost[entry.tag] = Damage(BENTO_MANIFEST, f"names a model that is not there: {error}")
            continue
        if model.digest == entry.digest:
            models[entry.tag] = model
        else:
            words = f"names model `{entry.tag}` as `{entry.digest}`, and that in the store is `{model.digest}`"
            lost[entry.tag] = Damage(BENTO_MANIFEST, words)
    return list(models.values()), list(lost.values())


def _locks_of(bento: Bento) -> dict[Path, str]:
    return {path: _text(path) for path in sorted(bento.path_of(LOCK).parent.glob(_LOCKS))}


def _lock_damage(bento: Bento, locks: Mapping[Path, str]) -> list[Damage]:
    """Where the lock does not agree with itself."""
    intent = bento.path_of(INTENT)
    if not locks:
        return [Damage(LOCK, "is missing")] if intent.is_file() else []
    asked = _text(intent) if intent.is_file() else ""
    found = [
        Damage(path.relative_to(bento.path).as_posix(), fault)
        for path, text in locks.items()
        for fault in lock_faults(asked, text, _pylock_beside(path))
    ]
    if found:
        return found
    return [one for folder in (WHEELS, OFFLINE_WHEELS) for one in _wheel_damage(bento, locks, folder)]


def _wheel_damage(bento: Bento, locks: Mapping[Path, str], folder: str) -> Iterator[Damage]:
    files = sorted(path for path in bento.path_of(folder).glob("*") if path.is_file())
    wheels = {path.name: str(Digest.of_file(path)) for path in files}
    yield from (Damage(f"{folder}/{name}", fault) for name, fault in wheel_faults(locks.values(), wheels))


def _base_damage(bento: Bento) -> Iterator[Damage]:
    """Blobs that came along for a machine without a network and are not what they are called."""
    for path in sorted(bento.path_of(OFFLINE_BASES).rglob("*")):
        relative = path.relative_to(bento.path).as_posix()
        if is_offline(relative) and offline_blob(relative) not in (None, Digest.of_file(path).hex):
            yield Damage(relative, "has other bytes than its name says")


def _pylock_beside(lock: Path) -> str | None:
    """The same lock in PEP 751's form: `pylock.toml`, or `pylock.linux-arm64.toml` beside `...-linux-arm64.lock`."""
    platform = lock.stem.removeprefix("requirements").removeprefix("-")
    path = lock.with_name(f"pylock.{platform}.toml" if platform else "pylock.toml")
    return _text(path) if path.is_file() else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
