"""A signature of what a registry holds: of a manifest's digest, as `cosign sign --key` makes it since version 3.

    cosign verify --key release.pub --insecure-ignore-tlog=true HOST/REPO@sha256:...

It is a referrer with a sigstore bundle: an in-toto statement whose predicate type is cosign's, in a DSSE envelope. No
transparency log and no certificate: who has the public key decides whom to trust. Source: sigstore/cosign, the "Cosign
Bundle Specification" and `WriteAttestationNewBundleFormat` in pkg/oci/remote/write.go.
"""

from __future__ import annotations

from ekiben.digest import Digest
from ekiben.errors import InvalidSignature
from ekiben.oci.descriptor import Descriptor
from ekiben.store.remote.referrers import Referrer, write_referrer
from ekiben.trust.bundle import MEDIA_TYPE, Bundle, format_bundle, parse_bundle
from ekiben.trust.dsse import open_envelope, seal_envelope
from ekiben.trust.file_statement import FILE_TYPE, file_statement, signed_file
from ekiben.trust.keys import PrivateKey, PublicKey
from ekiben.trust.statement import format_statement, parse_statement

MANIFEST_SIGNATURE = MEDIA_TYPE  # the type of its referrer
_CONTENT = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": FILE_TYPE}
_NAMELESS = ""  # a manifest is called by its digest: other names for it come and go


def sign_manifest(manifest: Descriptor, key: PrivateKey) -> Referrer:
    """The referrer in which `key` signs a manifest's digest."""
    payload = format_statement(file_statement(_NAMELESS, manifest.digest))
    content = format_bundle(Bundle(seal_envelope(payload, key), key.public.cosign_hint))
    title = {"org.opencontainers.image.title": f"sha256-{Digest.of_bytes(content).hex}.sigstore.json"}
    return write_referrer(manifest, MANIFEST_SIGNATURE, content, title, _CONTENT)


def check_manifest_signature(content: bytes, manifest: Digest, key: PublicKey) -> None:
    """Raises InvalidSignature, in words that follow what it is called, unless `content` is a bundle in which `key`
    signs a manifest of this digest."""
    bundle = parse_bundle(content)
    if bundle.hint not in ("", key.cosign_hint):
        raise InvalidSignature(f"names another key than {key.id} ({key.place})")
    if signed_file(parse_statement(open_envelope(bundle.envelope, key))) != manifest:
        raise InvalidSignature(f"signs something else than `{manifest}`")
