"""`PublicKey` and `PrivateKey`: EC P-256, P-384, P-521 and Ed25519. The only module that touches `cryptography`.

The key alone decides the algorithm: ECDSA with the SHA-2 that fits the curve (256, 384, 512), or plain Ed25519, as the
sigstore specification has it. Nothing in a signature can ask for another one.
"""

from __future__ import annotations

import base64
import hashlib
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ekiben.errors import UnusableKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    OwnKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ID_LENGTH = 16  # hex digits: a name and not a check (a signature is verified by the whole key)
_KINDS = "EC (P-256, P-384, P-521) and Ed25519 keys are taken"
_NEW_KEY = "make one with `ekiben sign --generate-key NAME`"
_ENCRYPTED = (b"ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")
# What a file that is no key of the wanted kind says of itself -> what it is, and what to do.
_OTHER_FILES = {
    b"ENCRYPTED SIGSTORE PRIVATE KEY": (
        "is in cosign's own encrypted format",
        f"{_NEW_KEY}; cosign takes it, too (`cosign import-key-pair`)",
    ),
    b"ENCRYPTED COSIGN PRIVATE KEY": ("is in cosign's own encrypted format", _NEW_KEY),
    b"OPENSSH PRIVATE KEY": (
        "is in OpenSSH's own format",
        f"an EC key can be converted, a copy of it: `ssh-keygen -p -m PKCS8 -f COPY`; else {_NEW_KEY}",
    ),
    b"BEGIN CERTIFICATE": ("is a certificate", "take its public key: `openssl x509 -pubkey -noout -in FILE`"),
    b"PGP ": ("is a PGP key", f"{_KINDS}, as PEM"),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`der` is its SubjectPublicKeyInfo, in the one encoding that DER allows; `place` says for people where it is."""

    der: bytes = field(repr=False)
    place: str = field(compare=False)

    @property
    def id(self) -> str:
        """The first 16 hex digits of the sha256 of `der`: by this name people and files call it."""
        return hashlib.sha256(self.der).hexdigest()[:ID_LENGTH]

    @property
    def pem(self) -> bytes:
        """The key as a file."""
        lines = textwrap.wrap(base64.b64encode(self.der).decode(), 64)
        return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]).encode()

    @property
    def cosign_hint(self) -> str:
        """What cosign writes into a bundle to name the key: base64 of the sha256 of its DER."""
        return base64.b64encode(hashlib.sha256(self.der).digest()).decode()

    @property
    def model_signing_hint(self) -> str:
        """What model-signing writes and asks for: the sha256 of its PEM in hex."""
        return hashlib.sha256(self.pem).hexdigest()

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made `signature` over `message`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = serialization.load_der_public_key(self.der)
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, message, _ecdsa(key.curve))
            else:
                key.verify(signature, message)  # type: ignore[union-attr, call-arg]
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key to sign with; `place` says for people where it is. Never shown."""

    _key: OwnKey = field(repr=False)
    place: str

    @property
    def public(self) -> PublicKey:
        """The half that verifies."""
        return _public(self._key.public_key(), self.place)

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`: DER for ECDSA, 64 bytes for Ed25519."""
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, _ecdsa(self._key.curve))
        return self._key.sign(message)

    def to_pem(self, password: str) -> bytes:
        """PKCS#8, encrypted unless `password` is empty."""
        from cryptography.hazmat.primitives import serialization

        cipher: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            cipher = serialization.BestAvailableEncryption(_bytes(password))
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher)


def generate_key(place: str) -> PrivateKey:
    """A new key, on P-256: every reader of these signatures knows that curve."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return PrivateKey(ec.generate_private_key(ec.SECP256R1()), place)


def parse_public_key(pem: bytes, place: str) -> PublicKey:
    """The public key in `pem`. Raises UnusableKey saying what is there instead, never showing it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    _refuse_other_files(pem, place)
    if b"PRIVATE KEY" in pem:
        raise UnusableKey(
            f"`{place}` is a private key, and a public one is asked for",
            hint="take its public half: `openssl pkey -pubout -in FILE`",
        )
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey(f"`{place}` holds no public key as PEM", hint=_KINDS) from error
    return _public(key, place)


def is_encrypted(pem: bytes) -> bool:
    """Whether the private key in `pem` needs a passphrase."""
    return any(mark in pem for mark in _ENCRYPTED)


def parse_private_key(pem: bytes, place: str, password: str | None) -> PrivateKey:
    """The private key in `pem`, PKCS#8 or SEC 1. Raises UnusableKey, never showing key or passphrase."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    _refuse_other_files(pem, place)
    if b"BEGIN PUBLIC KEY" in pem:
        raise UnusableKey(f"`{place}` is a public key, which cannot sign", hint="name the private one")
    try:
        key = serialization.load_pem_private_key(pem, _bytes(password) if password and is_encrypted(pem) else None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        if is_encrypted(pem):
            raise UnusableKey(f"the passphrase does not open `{place}`") from error
        raise UnusableKey(f"`{place}` holds no private key as PEM", hint=_NEW_KEY) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise _wrong_kind(key, place)
    _public(key.public_key(), place)
    return PrivateKey(key, place)


def _public(key: object, place: str) -> PublicKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise _wrong_kind(key, place)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _hashes():
        raise UnusableKey(f"`{place}` is a key on the curve `{key.curve.name}`", hint=_KINDS)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(der, place)


def _refuse_other_files(pem: bytes, place: str) -> None:
    for mark, (what, hint) in _OTHER_FILES.items():
        if mark in pem:
            raise UnusableKey(f"`{place}` {what}", hint=hint)


def _wrong_kind(key: object, place: str) -> UnusableKey:
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey").removesuffix("PrivateKey")
    return UnusableKey(f"`{place}` is a key of kind {kind}", hint=_KINDS)


def _ecdsa(curve: ec.EllipticCurve) -> ec.ECDSA:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(_hashes()[curve.name]())


def _hashes() -> dict[str, type]:
    from cryptography.hazmat.primitives import hashes

    return {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogateescape")  # as Python decodes variables: any bytes come back as they were
