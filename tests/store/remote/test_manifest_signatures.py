"""Manifests are signed as cosign signs them, and a signature is taken for nothing else than it is."""

from __future__ import annotations

import base64
import json

import pytest
from google.protobuf.json_format import Parse
from in_toto_attestation.v1 import statement_pb2

from ekiben.digest import Digest
from ekiben.errors import InvalidSignature
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.media_types import OCI_MANIFEST
from ekiben.store.remote.manifest_signatures import MANIFEST_SIGNATURE, check_manifest_signature, sign_manifest
from ekiben.store.remote.referrers import check_attached, read_referrer
from ekiben.trust.bundle import Bundle, format_bundle
from ekiben.trust.dsse import seal_envelope
from ekiben.trust.model_statement import model_statement
from ekiben.trust.statement import format_statement
from tests.trust.making import KINDS, make_key

MANIFEST = Descriptor(OCI_MANIFEST, Digest.of_bytes(b"manifest"), 8)
KEY = make_key("P-256")


def bundle_of(kind: str = "P-256") -> bytes:
    """The bundle in a referrer by a key of a kind, by the way that a pull takes."""
    referrer = sign_manifest(MANIFEST, KEY if kind == "P-256" else make_key(kind))
    attached = read_referrer(referrer.content, MANIFEST.digest, "`x`")
    assert (attached.artifact_type, attached.path) == (MANIFEST_SIGNATURE, "")
    return check_attached(attached, referrer.source.open(attached.blob.digest).read(), "`x`")


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_by_any_key_verifies(kind: str) -> None:
    key = make_key(kind)
    referrer = sign_manifest(MANIFEST, key)
    content = referrer.source.open(referrer.blobs[1].digest).read()
    check_manifest_signature(content, MANIFEST.digest, key.public)


def test_the_referrer_is_laid_out_as_cosigns() -> None:
    document = json.loads(sign_manifest(MANIFEST, KEY).content)
    assert document["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert document["config"] == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
    }
    assert document["subject"] == {"mediaType": OCI_MANIFEST, "digest": str(MANIFEST.digest), "size": 8}
    assert document["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
    }


def test_the_payload_is_an_in_toto_statement_about_the_digest() -> None:
    payload = base64.b64decode(json.loads(bundle_of())["dsseEnvelope"]["payload"])
    statement = Parse(payload, statement_pb2.Statement())  # the official library's own reader
    assert statement.predicate_type == "https://sigstore.dev/cosign/sign/v1"
    assert [dict(one.digest) for one in statement.subject] == [{"sha256": MANIFEST.digest.hex}]


def test_it_says_nothing_of_another_manifest() -> None:
    with pytest.raises(InvalidSignature, match="signs something else"):
        check_manifest_signature(bundle_of(), Digest.of_bytes(b"other"), KEY.public)


def test_it_is_by_no_other_key() -> None:
    with pytest.raises(InvalidSignature, match="names another key"):
        check_manifest_signature(bundle_of(), MANIFEST.digest, make_key("P-256").public)


def test_a_key_that_is_named_and_did_not_sign_is_found_out() -> None:
    document = json.loads(bundle_of())
    document["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(KEY.sign(b"other")).decode()
    with pytest.raises(InvalidSignature, match="does not verify"):
        check_manifest_signature(json.dumps(document).encode(), MANIFEST.digest, KEY.public)


def test_a_signature_of_a_model_is_none_of_its_manifest() -> None:
    payload = format_statement(model_statement("iris", {"a": MANIFEST.digest}))
    content = format_bundle(Bundle(seal_envelope(payload, KEY), KEY.public.cosign_hint))
    with pytest.raises(InvalidSignature, match="of another kind"):
        check_manifest_signature(content, MANIFEST.digest, KEY.public)
