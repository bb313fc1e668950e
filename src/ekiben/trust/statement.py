"""`Statement`: an in-toto Statement about one subject (in-toto/attestation, spec/v1/statement.md).

Written as v1; v0.1, which `cosign attest-blob` writes and which has the same fields, is read, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, InvalidSignature
from ekiben.trust.strict_json import dump_object, parse_object

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_READ_TYPES = (STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1")


@dataclass(frozen=True, slots=True)
class Statement:
    """`subject` is a name for people, `digest` what is meant; `predicate_type` says how to read `predicate`."""

    subject: str
    digest: Digest
    predicate_type: str
    predicate: Mapping[str, object]


def format_statement(statement: Statement) -> bytes:
    """The payload of an envelope."""
    return dump_object(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": statement.subject, "digest": {"sha256": statement.digest.hex}}],
            "predicateType": statement.predicate_type,
            "predicate": dict(statement.predicate),
        }
    )


def parse_statement(payload: bytes) -> Statement:
    """The statement that a payload makes. Raises InvalidSignature where it makes none, or one about several things."""
    document = parse_object(payload, "the payload")
    if document.get("_type") not in _READ_TYPES:
        raise InvalidSignature(f"holds no statement of type `{STATEMENT_TYPE}`")
    match document:
        case {"subject": [dict() as subject], "predicateType": str() as kind, "predicate": dict() as predicate}:
            return Statement(str(subject.get("name", "")), _digest(subject), kind, predicate)
        case _:
            raise InvalidSignature("holds no statement about one subject")


def _digest(subject: Mapping[str, object]) -> Digest:
    match subject:
        case {"digest": {"sha256": str() as hexadecimal}}:
            try:
                return Digest(hexadecimal)
            except InvalidDigest as error:
                raise InvalidSignature("holds a statement whose subject has no sha256") from error
        case _:
            raise InvalidSignature("holds a statement whose subject has no sha256")
