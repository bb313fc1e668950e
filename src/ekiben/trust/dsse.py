"""`Envelope`: a payload, its type, and one signature over both (DSSE 1.0.0, secure-systems-lab/dsse, protocol.md)."""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.errors import InvalidSignature
from ekiben.trust.keys import PrivateKey, PublicKey

IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """`signature` is the raw one: DER for ECDSA, 64 bytes for Ed25519. Unverified until `open_envelope` says so."""

    payload: bytes
    signature: bytes
    payload_type: str = IN_TOTO


def pae(payload_type: str, body: bytes) -> bytes:
    """The pre-authentication encoding: what is signed, so that type and body cannot run into each other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def seal_envelope(payload: bytes, key: PrivateKey) -> Envelope:
    """An in-toto payload signed with `key`."""
    return Envelope(payload, key.sign(pae(IN_TOTO, payload)))


def open_envelope(envelope: Envelope, key: PublicKey) -> bytes:
    """The payload, which `key` signed. Raises InvalidSignature where it did not, or signed another type."""
    if not key.verify(envelope.signature, pae(envelope.payload_type, envelope.payload)):
        raise InvalidSignature(f"does not verify with key {key.id} ({key.place})")
    if envelope.payload_type != IN_TOTO:
        raise InvalidSignature(f"signs {envelope.payload_type!a}, not `{IN_TOTO}`")
    return envelope.payload
