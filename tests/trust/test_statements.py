"""Statements: what is claimed about files and models reads back, and a statement at odds with itself is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import InvalidSignature
from ekiben.trust.file_statement import FILE_TYPE, file_statement, signed_file
from ekiben.trust.model_statement import GIT_PATHS, MODEL_TYPE, model_statement, signed_files
from ekiben.trust.statement import STATEMENT_TYPE, Statement, format_statement, parse_statement

digests = st.binary(max_size=4).map(Digest.of_bytes)
parts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=5).filter(
    lambda part: part not in (".", "..", *GIT_PATHS)
)
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
ONE, TWO = Digest.of_bytes(b"1"), Digest.of_bytes(b"2")


def model_document(**predicate: object) -> Statement:
    """The statement about a model of two files, with changes to its predicate."""
    statement = model_statement("iris", {"a": ONE, "b": TWO})
    return replace(statement, predicate={**statement.predicate, **predicate})


@given(st.text(st.characters(exclude_categories=["Cs"])), digests)
def test_a_statement_about_a_file_reads_back(name: str, digest: Digest) -> None:
    statement = parse_statement(format_statement(file_statement(name, digest)))
    assert statement == file_statement(name, digest)
    assert signed_file(statement) == digest


@given(st.dictionaries(paths, digests, min_size=1))
def test_a_statement_about_a_model_reads_back(files: dict[str, Digest]) -> None:
    statement = parse_statement(format_statement(model_statement("iris", files)))
    assert signed_files(statement) == files


def test_a_statement_about_a_file_is_cosigns() -> None:
    assert json.loads(format_statement(file_statement("SHA256SUMS", ONE))) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "SHA256SUMS", "digest": {"sha256": ONE.hex}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }


def test_a_statement_about_a_model_is_that_of_openssf_model_signing() -> None:
    files = {"b": ONE, "a.c": TWO, "a/b": ONE, ".gitattributes": TWO, ".git/config": TWO}
    joined = bytes.fromhex(ONE.hex + TWO.hex + ONE.hex)
    assert json.loads(format_statement(model_statement("iris", files, ["receipt.yaml"]))) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "iris", "digest": {"sha256": hashlib.sha256(joined).hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [".git", ".gitattributes", ".github", ".gitignore", "receipt.yaml"],
            },
            "resources": [
                {"name": "a/b", "algorithm": "sha256", "digest": ONE.hex},
                {"name": "a.c", "algorithm": "sha256", "digest": TWO.hex},
                {"name": "b", "algorithm": "sha256", "digest": ONE.hex},
            ],
        },
    }


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v2"},
        {"_type": None},
        {"subject": []},
        {"subject": [{"digest": {"sha256": ONE.hex}}, {"digest": {"sha256": TWO.hex}}]},
        {"subject": [{"name": "x"}]},
        {"subject": [{"digest": {"sha512": ONE.hex}}]},
        {"subject": [{"digest": {"sha256": "0"}}]},
        {"predicateType": None},
        {"predicate": []},
    ],
)
def test_what_is_no_statement_about_one_subject_is_refused(change: dict[str, object]) -> None:
    content: dict[str, Any] = json.loads(format_statement(file_statement("x", ONE)))
    with pytest.raises(InvalidSignature, match="holds"):
        parse_statement(json.dumps({**content, **change}).encode())


def test_statements_of_cosign_attest_blob_are_read() -> None:
    content: dict[str, Any] = json.loads(format_statement(file_statement("SHA256SUMS", ONE)))
    content["_type"] = "https://in-toto.io/Statement/v0.1"
    assert parse_statement(json.dumps(content).encode()) == file_statement("SHA256SUMS", ONE)


def test_a_subject_needs_no_name() -> None:
    content = {"_type": STATEMENT_TYPE, "subject": [{"digest": {"sha256": ONE.hex}}]}
    payload = json.dumps({**content, "predicateType": FILE_TYPE, "predicate": {}}).encode()
    assert parse_statement(payload) == file_statement("", ONE)


def test_a_statement_of_another_kind_says_nothing_about_a_file_or_a_model() -> None:
    other = Statement("x", ONE, "https://slsa.dev/provenance/v1", {})
    with pytest.raises(InvalidSignature, match="something of another kind"):
        signed_file(other)
    with pytest.raises(InvalidSignature, match="something of another kind"):
        signed_files(other)
    with pytest.raises(InvalidSignature, match="something of another kind"):
        signed_file(replace(other, predicate_type=MODEL_TYPE))


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ({"serialization": {"method": "shards", "hash_type": "sha256"}}, "by other means"),
        ({"serialization": {"method": "files", "hash_type": "blake2b"}}, "by other means"),
        ({"resources": {}}, "by other means"),
        ({"resources": [{"name": "a", "algorithm": "sha256", "digest": ONE.hex}]}, "do not add up"),
        (
            {"resources": [{"name": "a", "algorithm": "sha256", "digest": one.hex} for one in (ONE, TWO)]},
            "do not add up",
        ),
        ({"resources": [{"name": "a", "algorithm": "blake2b", "digest": ONE.hex}]}, "no file with a sha256"),
        ({"resources": [{"name": 1, "algorithm": "sha256", "digest": ONE.hex}]}, "no file with a sha256"),
        ({"resources": [{"name": "a", "algorithm": "sha256", "digest": "0"}]}, "digest is no sha256"),
        ({"resources": ["a"]}, "no file with a sha256"),
    ],
)
def test_a_model_that_is_signed_otherwise_is_refused(predicate: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSignature, match=message):
        signed_files(model_document(**predicate))


def test_a_model_whose_files_are_those_of_another_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="do not add up to its subject"):
        signed_files(replace(model_document(), digest=ONE))
