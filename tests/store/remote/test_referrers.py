"""What is said of an item beside its manifest: written once and the same, read back, and refused where it is odd."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RemoteError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.media_types import OCI_MANIFEST
from ekiben.store.remote.referrers import (
    MAX_ATTACHED_BYTES,
    PROVENANCE,
    SBOM,
    SIGNATURE,
    Referrer,
    check_attached,
    is_attached,
    read_referrer,
    refer,
)
from ekiben.trust.bundle import Bundle, format_bundle
from ekiben.trust.dsse import Envelope
from tests.store.remote.artifacts.making import GOLDEN, changed

SUBJECT = Descriptor(OCI_MANIFEST, Digest.of_bytes(b"manifest"), 8)
NAME = "signatures/0123456789abcdef.sigstore.json"
BUNDLE = format_bundle(Bundle(Envelope(b"{}", b"signature"), "hint"))
CONTENTS = {
    "sbom.cdx.json": (SBOM, b'{"bomFormat":"CycloneDX"}\n'),
    "provenance.json": (PROVENANCE, b'{"_type":"https://in-toto.io/Statement/v1"}\n'),
    NAME: (SIGNATURE, BUNDLE),
}
WHAT = "`localhost:5000/iris:1`"


def written(path: str) -> Referrer:
    """The referrer of a file."""
    return refer(SUBJECT, path, CONTENTS[path][1])


@pytest.mark.parametrize("path", CONTENTS)
def test_a_file_is_read_back(path: str) -> None:
    artifact_type, content = CONTENTS[path]
    referrer = written(path)
    attached = read_referrer(referrer.content, SUBJECT.digest, WHAT)
    assert (attached.artifact_type, attached.path) == (artifact_type, path)
    assert check_attached(attached, referrer.source.open(attached.blob.digest).read(), WHAT) == content


@pytest.mark.parametrize(
    ("path", "name"), [("sbom.cdx.json", "sbom"), ("provenance.json", "provenance"), (NAME, "own")]
)
def test_the_manifest_is_the_golden_one(path: str, name: str, pytestconfig: pytest.Config) -> None:
    golden = GOLDEN / f"{name}.referrer.json"
    if pytestconfig.getoption("--update-golden"):
        golden.write_bytes(written(path).content)
    assert written(path).content == golden.read_bytes()


def test_everything_that_it_names_can_be_pushed() -> None:
    referrer = written(NAME)
    document = json.loads(referrer.content)
    named = {document["config"]["digest"], *(layer["digest"] for layer in document["layers"])}
    assert {str(one.digest) for one in referrer.blobs} == named
    for blob in referrer.blobs:
        content = referrer.source.open(blob.digest).read()
        assert (Digest.of_bytes(content), len(content)) == (blob.digest, blob.size_bytes)


def test_only_what_is_said_beside_a_manifest_is_attached() -> None:
    paths = [*CONTENTS, "bento.yaml", "src/sbom.cdx.json", "signatures/notes.txt", "signatures/../x.sigstore.json"]
    assert [path for path in paths if is_attached(path)] == list(CONTENTS)


def test_more_than_would_be_read_is_not_written() -> None:
    with pytest.raises(RemoteError, match="go beside a manifest"):
        refer(SUBJECT, "sbom.cdx.json", bytes(MAX_ATTACHED_BYTES + 1))


MANIFEST = written(NAME).content
TITLE = ("layers", 0, "annotations", "org.opencontainers.image.title")
WRONG = {
    "another subject": (("subject", "digest"), f"sha256:{'0' * 64}", "about something else"),
    "an unknown type": (("artifactType",), "application/x-sh", "which is not read"),
    "another layer": (("layers", 0, "mediaType"), "application/x-sh", "other layers"),
    "no layers": (("layers",), [], "other layers"),
    "two layers": (("layers",), json.loads(MANIFEST)["layers"] * 2, "other layers"),
    "no bytes": (("layers", 0, "size"), 0, "to have no bytes"),
    "ten gigabytes": (("layers", 0, "size"), 10**10, "or more than 67,108,864"),
    "a name that leads out": (TITLE, "signatures/../../x.sigstore.json", "has a name that is none"),
    "a name of the item's": (TITLE, "SHA256SUMS", "has a name that is none"),
    "no name": (("layers", 0, "annotations"), {}, "has a name that is none"),
}


@pytest.mark.parametrize(("path", "value", "why"), WRONG.values(), ids=WRONG.keys())
def test_a_referrer_that_is_wrong_is_refused(path: tuple[str | int, ...], value: object, why: str) -> None:
    with pytest.raises(RemoteError, match=why) as refused:
        read_referrer(changed(MANIFEST, *path, to=value), SUBJECT.digest, WHAT)
    assert str(refused.value).startswith(WHAT)


def test_a_manifest_without_a_subject_is_refused() -> None:
    with pytest.raises(RemoteError, match="about something else"):
        read_referrer(changed(MANIFEST, "subject"), SUBJECT.digest, WHAT)


@pytest.mark.parametrize("content", [BUNDLE[:-1], BUNDLE + b" ", b"", BUNDLE.replace(b"hint", b"tnih")])
def test_other_bytes_than_named_are_refused(content: bytes) -> None:
    attached = read_referrer(MANIFEST, SUBJECT.digest, WHAT)
    with pytest.raises(RemoteError, match="something else than it says"):
        check_attached(attached, content, WHAT)


@pytest.mark.parametrize("path", CONTENTS)
@pytest.mark.parametrize("content", [b"no JSON", b"[]", b'{"a":1,"a":2}', b"\xff"])
def test_a_document_that_is_none_is_refused(path: str, content: bytes) -> None:
    attached = read_referrer(refer(SUBJECT, path, content).content, SUBJECT.digest, WHAT)
    with pytest.raises(RemoteError, match="a referrer of it, of type"):
        check_attached(attached, content, WHAT)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(RemoteError):
        read_referrer(content, SUBJECT.digest, WHAT)
