"""`Bundle`: a signature as a file, `application/vnd.dev.sigstore.bundle.v0.3+json` of sigstore/protobuf-specs.

Written with a public key's hint and nothing else. Read strictly: a field that is no bundle's, a second signature, text
that is not base64 as it is written are all refused, so that no bit of a bundle can change unseen. What may change is
spelling (white space, JSON's escapes, the URL-safe alphabet throughout): the same bytes are signed. Entries of
transparency logs and timestamps may be there; they are neither needed nor checked.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ekiben.errors import InvalidSignature
from ekiben.trust.dsse import Envelope
from ekiben.trust.strict_json import dump_object, parse_object

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_MATERIAL = "verificationMaterial"
_ENVELOPE = "dsseEnvelope"
_UNREAD = frozenset({"tlogEntries", "timestampVerificationData"})
_CERTIFICATES = frozenset({"certificate", "x509CertificateChain"})
_STANDARD_ONLY = frozenset("+/")
_FROM_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Bundle:
    """`hint` tells which key was used, in the words of whoever made it; empty where nothing is told."""

    envelope: Envelope
    hint: str = ""


def format_bundle(bundle: Bundle) -> bytes:
    """The bundle as cosign and model-signing read it."""
    envelope = bundle.envelope
    return dump_object(
        {
            "mediaType": MEDIA_TYPE,
            _MATERIAL: {"publicKey": {"hint": bundle.hint}},
            _ENVELOPE: {
                "payload": base64.b64encode(envelope.payload).decode(),
                "payloadType": envelope.payload_type,
                "signatures": [{"sig": base64.b64encode(envelope.signature).decode(), "keyid": ""}],
            },
        }
    )


def parse_bundle(content: bytes) -> Bundle:
    """The bundle, well formed and unverified. Raises InvalidSignature saying what it is instead."""
    document = parse_object(content, "the bundle")
    if document.get("mediaType") != MEDIA_TYPE:
        raise InvalidSignature(f"is no bundle of type `{MEDIA_TYPE}`")
    _require_fields(document, {"mediaType", _MATERIAL, _ENVELOPE})
    hint = _parse_hint(_fields(document, _MATERIAL))
    return Bundle(_parse_envelope(_fields(document, _ENVELOPE), hint), hint)


def _parse_hint(material: Mapping[str, object]) -> str:
    if not _CERTIFICATES.isdisjoint(material):
        raise InvalidSignature("was made with a certificate; here signatures are verified by public keys")
    _require_fields(material, {"publicKey"}, _UNREAD)
    key = _fields(material, "publicKey")
    _require_fields(key, set(), {"hint"})
    return "" if key.get("hint") is None else _text(key, "hint")


def _parse_envelope(envelope: Mapping[str, object], hint: str) -> Envelope:
    _require_fields(envelope, {"payload", "payloadType", "signatures"})
    signatures = envelope["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise InvalidSignature("has not exactly one signature")
    signature = _fields({"signatures": signatures[0]}, "signatures")
    _require_fields(signature, {"sig"}, {"keyid"})
    if signature.get("keyid") not in (None, "", hint):
        raise InvalidSignature("names two keys")
    return Envelope(_base64(envelope, "payload"), _base64(signature, "sig"), _text(envelope, "payloadType"))


def _fields(parent: Mapping[str, object], name: str) -> dict[str, object]:
    value = parent[name]
    if not isinstance(value, dict):
        raise InvalidSignature(f"has a `{name}` that is no object")
    return value


def _require_fields(found: Mapping[str, object], needed: set[str], optional: Collection[str] = frozenset()) -> None:
    missing = sorted(needed - set(found))
    unknown = sorted(set(found) - needed - set(optional))
    if missing:
        raise InvalidSignature(f"lacks `{missing[0]}`")
    if unknown:
        raise InvalidSignature(f"has an unknown field {unknown[0]!a}")


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent[name]
    if not isinstance(value, str) or not value.isascii():
        raise InvalidSignature(f"has a `{name}` that is no plain text")
    return value


def _base64(parent: Mapping[str, object], name: str) -> bytes:
    """Standard or URL-safe base64, as DSSE allows; of several spellings of the same bytes only the usual one."""
    written = _text(parent, name)
    text = written.translate(_FROM_URL_SAFE)
    if text != written and not _STANDARD_ONLY.isdisjoint(written):
        raise InvalidSignature(f"has a `{name}` in two alphabets of base64")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSignature(f"has a `{name}` that is no base64: {error}") from error
    if base64.b64encode(content).decode() != text:
        raise InvalidSignature(f"has a `{name}` in an odd spelling of base64")
    return content
