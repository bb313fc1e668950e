"""Signatures of items: who signed one, and the file beside its content that says so.

A Bento is signed by a statement about its SHA256SUMS, which lists every file; a model by one about each of its files,
SHA256SUMS too, in the form of OpenSSF Model Signing. Both bind the digest that the item's version names. A key has one
signature in an item, `signatures/<key id>.sigstore.json`: signing again replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidSignature, NotFound
from ekiben.store.bentos import Bento
from ekiben.store.changes import put_signature
from ekiben.store.disk import disk_errors
from ekiben.store.layout import Layout
from ekiben.store.lock import exclusive
from ekiben.store.models import Model
from ekiben.store.receipt import RECEIPT
from ekiben.store.sums import SIGNATURE_SUFFIX, SIGNATURES, SUMS, is_beside, is_signature, parse_sums
from ekiben.trust.bundle import Bundle, format_bundle, parse_bundle
from ekiben.trust.dsse import open_envelope, seal_envelope
from ekiben.trust.file_statement import file_statement, signed_file
from ekiben.trust.keys import PrivateKey, PublicKey
from ekiben.trust.model_statement import model_statement, signed_files
from ekiben.trust.statement import Statement, format_statement, parse_statement
from ekiben.trust.strict_json import MAX_BYTES

Kind: TypeAlias = Literal["Bento", "model"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is signed: the item in `folder` whose SHA256SUMS has this digest; `name` is its tag, for people."""

    kind: Kind
    name: str
    folder: Path
    digest: Digest

    def __str__(self) -> str:
        return f"{self.kind} `{self.name}`"


@dataclass(frozen=True, slots=True)
class SignatureState:
    """A signature as it was found, at `path` in the item, called after the key `key_id`.

    `key` is the key that it verifies with; None where that key was not given, or the signature is none (`fault` then
    says why, in words that follow the path).
    """

    path: str
    key_id: str
    key: PublicKey | None = None
    fault: str | None = None


def subject_of(item: Bento | Model) -> Subject:
    """The item as what signatures are about."""
    return Subject("Bento" if isinstance(item, Bento) else "model", str(item.tag), item.path, item.digest)


def sign(subject: Subject, key: PrivateKey) -> bytes:
    """A bundle in which `key` signs the item as its digest names it. Whether its files are so is checked before."""
    public = key.public
    hint = public.cosign_hint if subject.kind == "Bento" else public.model_signing_hint
    return format_bundle(Bundle(seal_envelope(format_statement(_statement(subject)), key), hint))


def store_signature(subject: Subject, content: bytes, key: PublicKey, layout: Layout) -> Path:
    """Puts a bundle beside the item's content, in the place of an earlier one by the same key; gives its path.

    Raises InvalidSignature where `key` did not sign this item with it, StoreError, NotFound where the item is gone.
    """
    check_signature(subject, content, key)
    with disk_errors(subject.folder), exclusive(layout.lock):
        if not subject.folder.is_dir():
            raise NotFound(f"{subject} is no longer in the store")
        return put_signature(layout, subject.folder, f"{key.id}{SIGNATURE_SUFFIX}", content)


def read_signatures(subject: Subject, keys: Iterable[PublicKey]) -> list[SignatureState]:
    """Every signature of the item, by path, verified with those of `keys` that it is called after.

    Files that cannot be signatures are not among them: `find_damage` names those. Raises StoreError.
    """
    by_id = {key.id: key for key in keys}
    folder = subject.folder / SIGNATURES
    with disk_errors(folder):
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        paths = [path for path in (f"{SIGNATURES}/{name}" for name in names) if is_signature(path)]
        return [_state_of(subject, path, by_id) for path in paths]


def check_signature(subject: Subject, content: bytes, key: PublicKey) -> None:
    """Raises InvalidSignature, in words that follow a path, unless `content` is a bundle by `key` about the item."""
    bundle = parse_bundle(content)
    if bundle.hint not in ("", key.cosign_hint, key.model_signing_hint):
        raise InvalidSignature(f"names another key than {key.id} ({key.place})")
    payload = open_envelope(bundle.envelope, key)
    _check_statement(subject, parse_statement(payload))


def _state_of(subject: Subject, path: str, keys: Mapping[str, PublicKey]) -> SignatureState:
    key_id = Path(path).name.removesuffix(SIGNATURE_SUFFIX)
    key = keys.get(key_id)
    try:
        content = _read(subject.folder / path)
        if key is None:
            _check_unverified(subject, content, keys.values())
        else:
            check_signature(subject, content, key)
    except InvalidSignature as error:
        return SignatureState(path, key_id, fault=str(error))
    return SignatureState(path, key_id, key)


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise InvalidSignature("is no file")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)  # one more than is taken: so its reader sees that it is too large


def _check_unverified(subject: Subject, content: bytes, keys: Iterable[PublicKey]) -> None:
    """What can be said of a signature without the key it is called after. Its payload is compared, not believed."""
    bundle = parse_bundle(content)
    for key in keys:
        if bundle.hint in (key.cosign_hint, key.model_signing_hint):
            raise InvalidSignature(f"is called after another key than it names, {key.id} ({key.place})")
    _check_statement(subject, parse_statement(bundle.envelope.payload))


def _statement(subject: Subject) -> Statement:
    if subject.kind == "Bento":
        return file_statement(SUMS, subject.digest)
    return model_statement(subject.name.partition(":")[0], _content(subject), ignored=(RECEIPT, SIGNATURES))


def _check_statement(subject: Subject, statement: Statement) -> None:
    if subject.kind == "Bento":
        if signed_file(statement) != subject.digest:
            raise InvalidSignature(f"signs other content than that of {subject}")
        return
    signed = {path: digest for path, digest in signed_files(statement).items() if not _is_own(path)}
    content = _content(subject)
    others = sorted(path for path, digest in signed.items() if content.get(path) != digest)
    if others:
        raise InvalidSignature(f"signs other content than that of {subject}: {others[0]!a}")
    unsigned = set() if SUMS in signed else content.keys() - signed.keys() - {SUMS}
    if unsigned:
        raise InvalidSignature(f"leaves out `{min(unsigned)}`")


def _is_own(path: str) -> bool:
    """Whether a path is the store's and no content: other tools sign those, too, unless they are told not to."""
    return path == RECEIPT or is_beside(path)


def _content(subject: Subject) -> dict[str, Digest]:
    """Every file that the digest binds, SHA256SUMS itself among them."""
    with disk_errors(subject.folder):
        sums = (subject.folder / SUMS).read_bytes()
    if Digest.of_bytes(sums) != subject.digest:
        raise DamagedItem(f"{subject} is not what `{subject.digest}` names", hint=f"look into `{subject.folder}`")
    return {SUMS: subject.digest, **parse_sums(sums)}
