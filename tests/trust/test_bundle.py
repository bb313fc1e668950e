"""Bundles: written as others read them, read so strictly that no bit changes unseen; hostile ones are refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import InvalidSignature
from ekiben.trust.bundle import MEDIA_TYPE, Bundle, format_bundle, parse_bundle
from ekiben.trust.dsse import Envelope, open_envelope, seal_envelope
from ekiben.trust.strict_json import MAX_BYTES
from tests.trust.making import KINDS, make_key

ascii_texts = st.text(st.characters(max_codepoint=127), max_size=30)
bundles = st.builds(Bundle, st.builds(Envelope, st.binary(), st.binary(), ascii_texts), ascii_texts)


def document(payload: bytes = b'{"a":1}') -> dict[str, Any]:
    """A bundle as JSON."""
    content: dict[str, Any] = json.loads(format_bundle(Bundle(Envelope(payload, b"signature"), "hint")))
    return content


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A bundle with one change."""
    content = document()
    change(content)
    return json.dumps(content).encode()


@given(bundles)
def test_what_is_written_reads_back(bundle: Bundle) -> None:
    assert parse_bundle(format_bundle(bundle)) == bundle


def test_the_fields_are_those_of_the_sigstore_specification() -> None:
    assert document(b"{}") == {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "hint"}},
        "dsseEnvelope": {
            "payload": base64.b64encode(b"{}").decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": base64.b64encode(b"signature").decode(), "keyid": ""}],
        },
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_of_a_bundle_changes_unseen(kind: str) -> None:
    key = make_key(kind)
    content = format_bundle(Bundle(seal_envelope(b'{"_type":"x"}', key), key.public.cosign_hint))

    def is_accepted(candidate: bytes) -> bool:
        try:
            bundle = parse_bundle(candidate)
            return bundle.hint == key.public.cosign_hint and bool(open_envelope(bundle.envelope, key.public))
        except InvalidSignature:
            return False

    assert is_accepted(content)
    for place in range(len(content) * 8):
        candidate = bytearray(content)
        candidate[place // 8] ^= 1 << place % 8
        assert not is_accepted(bytes(candidate)), f"bit {place % 8} of byte {place // 8}"


def test_a_bundle_cut_off_anywhere_is_refused() -> None:
    content = format_bundle(Bundle(Envelope(b"{}", b"signature"), "hint"))
    for length in range(len(content)):
        with pytest.raises(InvalidSignature):
            parse_bundle(content[:length])


@given(st.binary(max_size=100))
def test_any_bytes_are_a_bundle_or_refused(content: bytes) -> None:
    with pytest.raises(InvalidSignature):
        parse_bundle(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" " * (MAX_BYTES + 1), "larger than"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a":' * 100_000, "is no JSON"),
        (b"[]", "is no JSON object"),
        (b'{"mediaType":1,"mediaType":2}', "a name stands twice"),
        (b'{"a":NaN}', "`NaN` is no number"),
        (b'{"a":' + b"1" * 10_000 + b"}", "is no JSON"),
        (b"\xef\xbb\xbf{}", "is no JSON"),
        ("{}".encode("utf-16"), "is no JSON"),
        (b"{}", "is no bundle of type"),
    ],
    ids=["huge", "deep", "deeper", "list", "twice", "NaN", "number", "mark", "UTF-16", "empty"],
)
def test_hostile_json_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InvalidSignature, match=message):
        parse_bundle(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.update(mediaType=f"{MEDIA_TYPE};x"), "is no bundle of type"),
        (lambda one: one.update(mediaType=None), "is no bundle of type"),
        (lambda one: one.pop("dsseEnvelope"), "lacks `dsseEnvelope`"),
        (lambda one: one.update(messageSignature={}), "unknown field 'messageSignature'"),
        (lambda one: one.update({"\x1b[31m": 1}), r"unknown field '\\x1b\[31m'"),
        (lambda one: one.update(verificationMaterial=[]), "`verificationMaterial` that is no object"),
        (lambda one: one["verificationMaterial"].update(certificate={"rawBytes": ""}), "made with a certificate"),
        (lambda one: one["verificationMaterial"].update(publicKey="x"), "`publicKey` that is no object"),
        (lambda one: one["verificationMaterial"]["publicKey"].update(rawBytes="x"), "unknown field 'rawBytes'"),
        (lambda one: one["verificationMaterial"]["publicKey"].update(hint=["x"]), "`hint` that is no plain text"),
        (lambda one: one["verificationMaterial"]["publicKey"].update(hint="\ud800"), "`hint` that is no plain text"),
        (lambda one: one["dsseEnvelope"].update(signatures=[]), "not exactly one signature"),
        (lambda one: one["dsseEnvelope"]["signatures"].append({"sig": "AA=="}), "not exactly one signature"),
        (lambda one: one["dsseEnvelope"].update(signatures=["x"]), "`signatures` that is no object"),
        (lambda one: one["dsseEnvelope"]["signatures"][0].update(keyid="other"), "names two keys"),
        (lambda one: one["dsseEnvelope"]["signatures"][0].update(sig="AB=="), "odd spelling of base64"),
        (lambda one: one["dsseEnvelope"]["signatures"][0].update(sig="++_/"), "two alphabets of base64"),
        (lambda one: one["dsseEnvelope"]["signatures"][0].update(sig="A"), "no base64"),
        (lambda one: one["dsseEnvelope"].update(payload="e 30="), "no base64"),
        (lambda one: one["dsseEnvelope"].update(payload=1), "`payload` that is no plain text"),
        (lambda one: one["dsseEnvelope"].update(payloadType=None), "`payloadType` that is no plain text"),
    ],
)
def test_what_is_not_a_bundle_of_one_key_is_refused(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(InvalidSignature, match=message):
        parse_bundle(changed(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["verificationMaterial"].update(tlogEntries=[{"logIndex": "1"}]),
        lambda one: one["verificationMaterial"].update(timestampVerificationData=None),
        lambda one: one["dsseEnvelope"]["signatures"][0].pop("keyid"),
        lambda one: one["dsseEnvelope"]["signatures"][0].update(keyid="hint"),
    ],
)
def test_what_others_write_besides_is_taken(change: Callable[[dict[str, Any]], object]) -> None:
    assert parse_bundle(changed(change)) == parse_bundle(json.dumps(document()).encode())


def test_a_hint_may_be_left_out() -> None:
    for hint in ({}, {"hint": None}, {"hint": ""}):
        content = changed(lambda one, hint=hint: one["verificationMaterial"].update(publicKey=hint))  # type: ignore[misc]
        assert parse_bundle(content).hint == ""


def test_url_safe_base64_is_read_as_dsse_asks() -> None:
    payload = b"\xfb\xef\xff"
    content = document(payload)
    content["dsseEnvelope"]["payload"] = base64.urlsafe_b64encode(payload).decode()
    assert content["dsseEnvelope"]["payload"] == "--__"
    assert parse_bundle(json.dumps(content).encode()).envelope.payload == payload
