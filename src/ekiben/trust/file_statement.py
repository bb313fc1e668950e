"""A statement about one file, with cosign's own predicate: `cosign verify-blob-attestation` reads it as it stands.

The predicate says nothing beyond the signature itself, which is all that is claimed: this key signs these bytes. A type
of our own would say the same in words that no other tool knows.
"""

from __future__ import annotations

from ekiben.digest import Digest
from ekiben.errors import InvalidSignature
from ekiben.trust.statement import Statement

FILE_TYPE = "https://sigstore.dev/cosign/sign/v1"  # cosign v3, what `cosign sign` writes about images


def file_statement(name: str, digest: Digest) -> Statement:
    """The statement that the file called `name` has this digest."""
    return Statement(name, digest, FILE_TYPE, {})


def signed_file(statement: Statement) -> Digest:
    """The digest of the signed file. Raises InvalidSignature for a statement of another kind."""
    if statement.predicate_type != FILE_TYPE:
        raise InvalidSignature("signs something of another kind: its predicate is not that of a signed file")
    return statement.digest
