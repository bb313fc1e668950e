"""Keys of every kind, and what each kind is called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from ekiben.trust.keys import PrivateKey

if TYPE_CHECKING:
    from ekiben.trust.keys import OwnKey

KINDS = ("P-256", "P-384", "P-521", "Ed25519")
_CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}


def make_key(kind: str = "Ed25519") -> PrivateKey:
    """A new key; Ed25519 is the quickest."""
    return PrivateKey(_make(kind), f"{kind}.key")


def write_keys(folder: Path, kind: str = "P-256", password: str = "") -> tuple[Path, Path, PrivateKey]:
    """The files of a new key pair, private and public, and the key."""
    key = make_key(kind)
    private, public = folder / f"{key.public.id}.key", folder / f"{key.public.id}.pub"
    private.write_bytes(key.to_pem(password))
    public.write_bytes(key.public.pem)
    return private, public, key


def sec1_pem(kind: str, password: str = "") -> bytes:
    """A new EC key in the form of `openssl ecparam -genkey`."""
    cipher: KeySerializationEncryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return _make(kind).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, cipher)


def _make(kind: str) -> OwnKey:
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(_CURVES[kind]())
