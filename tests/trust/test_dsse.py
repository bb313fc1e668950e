"""The envelope: the specification's own vectors, and nothing believed that the key did not sign."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import InvalidSignature
from ekiben.trust.dsse import IN_TOTO, open_envelope, pae, seal_envelope
from ekiben.trust.keys import parse_public_key
from tests.trust.making import KINDS, make_key

# secure-systems-lab/dsse, protocol.md, "Test Vectors": type, body, encoding; key; signature as r and s.
TYPE, BODY = "http://example.com/HelloWorld", b"hello world"
X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
SIGNATURE = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="


@pytest.mark.parametrize(
    ("payload_type", "body", "encoded"),
    [
        (TYPE, BODY, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"),
        ("", b"", b"DSSEv1 0  0 "),
        ("é", b"\x00 1 \xff", b"DSSEv1 2 \xc3\xa9 5 \x00 1 \xff"),
    ],
)
def test_the_encoding_is_the_specifications(payload_type: str, body: bytes, encoded: bytes) -> None:
    assert pae(payload_type, body) == encoded


def test_the_specifications_signature_verifies() -> None:
    numbers = ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1())
    pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = base64.b64decode(SIGNATURE)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = parse_public_key(pem, "vector")
    assert key.verify(der, pae(TYPE, BODY))
    assert not key.verify(raw, pae(TYPE, BODY))  # the vector's spelling of r and s is not that of sigstore


@given(st.tuples(st.text(), st.binary()), st.tuples(st.text(), st.binary()))
def test_two_messages_have_two_encodings(one: tuple[str, bytes], other: tuple[str, bytes]) -> None:
    assert (pae(*one) == pae(*other)) == (one == other)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sealed_opens_with_the_key_and_no_other(kind: str) -> None:
    key, other = make_key(kind), make_key(kind)
    envelope = seal_envelope(b"{}", key)
    assert open_envelope(envelope, key.public) == b"{}"
    with pytest.raises(InvalidSignature, match=f"does not verify with key {other.public.id}"):
        open_envelope(envelope, other.public)


def test_another_payload_or_type_under_the_same_signature_is_refused() -> None:
    key = make_key()
    envelope = seal_envelope(b"{}", key)
    for changed in (replace(envelope, payload=b"{ }"), replace(envelope, payload_type="text/plain")):
        with pytest.raises(InvalidSignature, match="does not verify"):
            open_envelope(changed, key.public)


def test_a_payload_of_another_type_is_refused_though_the_key_signed_it() -> None:
    key = make_key()
    envelope = replace(seal_envelope(b"{}", key), payload_type=TYPE)
    envelope = replace(envelope, signature=key.sign(pae(TYPE, b"{}")))
    with pytest.raises(InvalidSignature, match=re.escape(f"signs '{TYPE}', not `{IN_TOTO}`")):
        open_envelope(envelope, key.public)
