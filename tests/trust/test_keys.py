"""Keys: what is taken, what is refused in which words, and that the key alone decides the algorithm."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import UnusableKey
from ekiben.trust.keys import ID_LENGTH, generate_key, parse_private_key, parse_public_key
from tests.trust.making import KINDS, make_key, sec1_pem

KEYS = {kind: make_key(kind) for kind in KINDS}
SPKI = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PKCS8 = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
OTHER_KINDS: dict[str, Any] = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "DSA": dsa.generate_private_key(2048),
    "Ed448": ed448.Ed448PrivateKey.generate(),
    "X25519": x25519.X25519PrivateKey.generate(),
}


def certificate() -> bytes:
    """A certificate of a P-256 key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@given(st.sampled_from(KINDS), st.binary(max_size=100), st.binary(max_size=100))
def test_a_key_verifies_what_it_signed_and_nothing_else(kind: str, message: bytes, other: bytes) -> None:
    key = KEYS[kind]
    signature = key.sign(message)
    assert key.public.verify(signature, message)
    assert key.public.verify(signature, other) == (message == other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_no_key_verifies_what_another_signed(kind: str, other: str) -> None:
    assert not make_key(kind).public.verify(KEYS[other].sign(b"x"), b"x")


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA1()])
def test_the_curve_decides_the_hash(kind: str, algorithm: hashes.HashAlgorithm) -> None:
    key = KEYS[kind]
    assert isinstance(key._key, ec.EllipticCurvePrivateKey)
    fitting = {"P-256": "sha256", "P-384": "sha384", "P-521": "sha512"}[kind]
    signature = key._key.sign(b"x", ec.ECDSA(algorithm))
    assert key.public.verify(signature, b"x") == (algorithm.name == fitting)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_called_by_the_hash_of_its_der_and_hinted_at_as_others_do(kind: str) -> None:
    public = KEYS[kind].public
    assert public.id == hashlib.sha256(public.der).hexdigest()[:ID_LENGTH]
    assert public.cosign_hint == base64.b64encode(hashlib.sha256(public.der).digest()).decode()
    assert public.model_signing_hint == hashlib.sha256(public.pem).hexdigest()
    assert public.pem == load_pem_public_key(public.pem).public_bytes(*SPKI)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", ["", "geheim", "ü\udcff"])
def test_a_key_reads_back_from_its_files(kind: str, password: str) -> None:
    key = KEYS[kind]
    assert parse_public_key(key.public.pem, "x.pub") == key.public
    read = parse_private_key(key.to_pem(password), "x.key", password)
    assert key.public.verify(read.sign(b"x"), b"x")


def test_sec1_keys_of_openssl_are_taken_too() -> None:
    assert parse_private_key(sec1_pem("P-256"), "x", None).public.der
    assert parse_private_key(sec1_pem("P-256", "geheim"), "x", "geheim").public.der


def test_a_new_key_is_one_that_every_reader_knows() -> None:
    key = generate_key("new.key")._key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


@pytest.mark.parametrize("password", ["falsch", "", None])
def test_a_wrong_passphrase_is_said_to_be_wrong(password: str | None) -> None:
    with pytest.raises(UnusableKey, match=r"^the passphrase does not open `x\.key`$"):
        parse_private_key(KEYS["P-256"].to_pem("geheim"), "x.key", password)


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_keys_of_other_kinds_are_refused_by_name(kind: str) -> None:
    key = OTHER_KINDS[kind]
    with pytest.raises(UnusableKey, match=f"`x` is a key of kind {kind}"):
        parse_public_key(key.public_key().public_bytes(*SPKI), "x")
    with pytest.raises(UnusableKey, match=f"`x` is a key of kind {kind}"):
        parse_private_key(key.private_bytes(*PKCS8), "x", None)


def test_other_curves_are_refused_by_name() -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    for parse in (
        lambda: parse_public_key(key.public_key().public_bytes(*SPKI), "x"),
        lambda: parse_private_key(key.private_bytes(*PKCS8), "x", None),
    ):
        with pytest.raises(UnusableKey, match="on the curve `secp256k1`"):
            parse()


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        (KEYS["P-256"].to_pem(""), "is a private key"),
        (certificate(), "is a certificate"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "is a PGP key"),
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ someone", "holds no public key as PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds no public key as PEM"),
        (b"", "holds no public key as PEM"),
        (b"\xff\x00", "holds no public key as PEM"),
    ],
)
def test_what_is_no_public_key_is_told_apart(pem: bytes, message: str) -> None:
    with pytest.raises(UnusableKey, match=message):
        parse_public_key(pem, "x")


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        (KEYS["P-256"].public.pem, "is a public key, which cannot sign"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "OpenSSH's own format"),
        (b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n", "cosign's own encrypted format"),
        (b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n", "cosign's own encrypted format"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no private key as PEM"),
        (b"nothing", "holds no private key as PEM"),
    ],
)
def test_what_is_no_private_key_is_told_apart(pem: bytes, message: str) -> None:
    with pytest.raises(UnusableKey, match=message):
        parse_private_key(pem, "x", None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_never_shows_itself(kind: str) -> None:
    key = KEYS[kind]
    assert repr(key) == f"PrivateKey(place='{kind}.key')"
    assert repr(key.public) == f"PublicKey(place='{kind}.key')"
