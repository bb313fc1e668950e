"""What is said of an item beside its manifest: the SBOM and provenance of a Bento, and its signatures, each a manifest
of its own whose subject the item's is. Pure: values in, bytes out.

A signature in the item's folder is about its SHA256SUMS, not about a manifest: it has a type of ekiben's own, so that
no other tool takes it for a signature of what the registry holds. That one is in `manifest_signatures`.
Sources: OCI image-spec manifest.md ("Guidelines for Artifact Usage"), in-toto/attestation spec/v1/bundle.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import ImageError, InvalidSignature, RemoteError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import JoinedSource
from ekiben.oci.manifest import Manifest
from ekiben.store.remote.artifacts.refusals import refusing
from ekiben.store.sums import is_signature
from ekiben.trust.bundle import MEDIA_TYPE as BUNDLE
from ekiben.trust.bundle import parse_bundle
from ekiben.trust.dsse import IN_TOTO
from ekiben.trust.strict_json import MAX_BYTES, parse_object

SBOM = "application/vnd.cyclonedx+json"
PROVENANCE = IN_TOTO
SIGNATURE = "application/vnd.ekiben.signature.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
TITLE = "org.opencontainers.image.title"
PREDICATE = "in-toto.io/predicate-type"
_SLSA = "https://slsa.dev/provenance/v1"
_EMPTY = b"{}"
_FILES = {"sbom.cdx.json": SBOM, "provenance.json": PROVENANCE}
_LAYERS = {SBOM: SBOM, PROVENANCE: PROVENANCE, SIGNATURE: BUNDLE, BUNDLE: BUNDLE}
MAX_ATTACHED_BYTES = MAX_BYTES  # what a bundle may have: that of a model names each of its files


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest to be pushed by its digest, and the blobs that it names, which go first."""

    content: bytes
    media_type: str
    blobs: tuple[Descriptor, ...]
    source: JoinedSource


@dataclass(frozen=True, slots=True)
class Attached:
    """What a referrer of `artifact_type` holds: `blob`, to be fetched; `path` is that of the file in the item, empty
    where it is none of an item's."""

    artifact_type: str
    blob: Descriptor
    path: str = ""


def is_attached(path: str) -> bool:
    """Whether a file of an item is said beside its manifest, too."""
    return path in _FILES or is_signature(path)


def refer(subject: Descriptor, path: str, content: bytes) -> Referrer:
    """The referrer that carries the file at `path` of the item whose manifest is `subject`; see `is_attached`.

    Raises RemoteError where no reader would take it.
    """
    artifact_type = _FILES.get(path, SIGNATURE)
    if len(content) > MAX_ATTACHED_BYTES:
        raise RemoteError(
            f"`{path}` has {len(content):,} bytes, and at most {MAX_ATTACHED_BYTES:,} go beside a manifest"
        )
    annotations = {PREDICATE: _SLSA} if artifact_type == PROVENANCE else {}
    return write_referrer(subject, artifact_type, content, {TITLE: path}, annotations)


def write_referrer(
    subject: Descriptor,
    artifact_type: str,
    content: bytes,
    of_layer: Mapping[str, str],
    annotations: Mapping[str, str],
) -> Referrer:
    """A referrer with one layer: the same bytes for the same content."""
    config = Descriptor.of_bytes(_EMPTY, EMPTY_CONFIG)
    blob = Descriptor.of_bytes(content, _LAYERS[artifact_type])
    manifest = Manifest(
        config,
        (Descriptor(blob.media_type, blob.digest, blob.size_bytes, {**of_layer, **_predicate(annotations)}),),
        annotations,
        artifact_type=artifact_type,
        subject=Descriptor(subject.media_type, subject.digest, subject.size_bytes),
    )
    source = JoinedSource({config.digest: _EMPTY, blob.digest: content})
    return Referrer(manifest.to_bytes(), manifest.media_type, (config, blob), source)


def read_referrer(content: bytes, subject: Digest, what: str) -> Attached:
    """What a referrer holds; `what` names the item in errors. Raises RemoteError for one of another subject, of another
    kind, or of more bytes than are taken."""
    with refusing(what):
        manifest = Manifest.parse(content, "a referrer")
        if manifest.subject is None or manifest.subject.digest != subject:
            raise ImageError("a referrer of it is about something else")
        kind = manifest.artifact_type or manifest.config.media_type
        if kind not in _LAYERS:
            raise ImageError(f"a referrer of it is of type {kind!a}, which is not read")
        if len(manifest.layers) != 1 or manifest.layers[0].media_type != _LAYERS[kind]:
            raise ImageError(f"a referrer of it has other layers than one of type `{_LAYERS[kind]}`")
        (blob,) = manifest.layers
        if not 0 < blob.size_bytes <= MAX_ATTACHED_BYTES:
            raise ImageError(f"a referrer of it is to have no bytes, or more than {MAX_ATTACHED_BYTES:,}")
        return Attached(kind, blob, _path(kind, blob))


def check_attached(attached: Attached, content: bytes, what: str) -> bytes:
    """`content` as it is, where it can be what the referrer says. Whom a signature is by is asked later. Raises
    RemoteError."""
    with refusing(what):
        if len(content) != attached.blob.size_bytes or Digest.of_bytes(content) != attached.blob.digest:
            raise ImageError("a referrer of it holds something else than it says")
        try:
            if attached.blob.media_type == BUNDLE:
                parse_bundle(content)
            else:
                parse_object(content, "it")
        except InvalidSignature as error:
            raise ImageError(f"a referrer of it, of type `{attached.artifact_type}`: {error}") from error
    return content


def _path(kind: str, blob: Descriptor) -> str:
    if kind != SIGNATURE:
        return next((path for path, one in _FILES.items() if one == kind), "")
    path = blob.annotations.get(TITLE, "")
    if not is_signature(path):
        raise ImageError(f"a signature of it has a name that is none, {path!a}")
    return path


def _predicate(annotations: Mapping[str, str]) -> dict[str, str]:
    return {PREDICATE: annotations[PREDICATE]} if PREDICATE in annotations else {}
