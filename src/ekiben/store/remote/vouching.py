"""Who vouches for a model that another tool made: whoever signed its manifest, as `cosign sign --key` does, and so the
digest of every layer. What ekiben made is signed item by item, and is asked for that."""

from __future__ import annotations

from ekiben.errors import InvalidSignature, NotTrusted
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.report import Reporter
from ekiben.store.remote.attaching import fetch_signatures
from ekiben.store.remote.documents import Standing
from ekiben.store.remote.manifest_signatures import MANIFEST_SIGNATURE, check_manifest_signature
from ekiben.trust.keys import PublicKey
from ekiben.trust.policy import Policy


def require_signed_manifest(standing: Standing, remote: ArtifactStore, policy: Policy, reporter: Reporter) -> PublicKey:
    """The trusted key that signed the manifest. Raises NotTrusted where none did, RemoteError."""
    for _, content in fetch_signatures(standing, remote, reporter, MANIFEST_SIGNATURE):
        for key in policy.keys:
            if _is_signed(content, standing, key):
                reporter.info(f"the manifest of `{standing.target}` is signed by {key.id} ({key.place})")
                return key
    raise NotTrusted(
        f"`{standing.target}` was not made by ekiben, no trusted key signed its manifest, and {policy}",
        hint="have it signed by `cosign sign --key` where it is, or add its signer to `trusted_keys`",
    )


def _is_signed(content: bytes, standing: Standing, key: PublicKey) -> bool:
    try:
        check_manifest_signature(content, standing.fetched.descriptor.digest, key)
    except InvalidSignature:  # by another key, or about something else: anybody may put one there
        return False
    return True
