"""Names of images: what Docker takes for one, and what it takes it for."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import InvalidReference
from ekiben.oci.reference import Reference

HEX = "0123456789abcdef" * 4

parts = st.from_regex(r"[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
hosts = st.sampled_from(["docker.io", "localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "r.example", "R"])
tags = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
digests = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64).map(Digest)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    path = draw(st.lists(parts, min_size=2, max_size=4))
    return Reference(draw(hosts), "/".join(path), draw(tags), draw(digests))


@given(references())
def test_both_spellings_read_as_what_they_were_written_from(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference


@pytest.mark.parametrize(
    ("text", "normal", "familiar"),
    [
        ("python", "docker.io/library/python", "python"),
        ("python:3.11-slim", "docker.io/library/python:3.11-slim", "python:3.11-slim"),
        ("team/iris", "docker.io/team/iris", "team/iris"),
        ("index.docker.io/python:3", "docker.io/library/python:3", "python:3"),
        ("docker.io/team/iris", "docker.io/team/iris", "team/iris"),
        ("localhost/iris:1", "localhost/iris:1", "localhost/iris:1"),
        ("localhost:5000/a/b:c", "localhost:5000/a/b:c", "localhost:5000/a/b:c"),
        ("Registry/iris", "Registry/iris", "Registry/iris"),
        ("[::1]:5000/iris", "[::1]:5000/iris", "[::1]:5000/iris"),
        ("docker.io/localhost/iris", "docker.io/localhost/iris", "docker.io/localhost/iris"),
        (f"docker.io/library/{HEX}", f"docker.io/library/{HEX}", f"docker.io/library/{HEX}"),
        (f"iris:1@sha256:{HEX}", f"docker.io/library/iris:1@sha256:{HEX}", f"iris:1@sha256:{HEX}"),
    ],
)
def test_short_names_mean_what_docker_means(text: str, normal: str, familiar: str) -> None:
    reference = Reference.parse(text)
    assert (str(reference), reference.familiar) == (normal, familiar)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "its name is letters and digits"),
        ("Iris", "lower case"),
        ("team/Iris", "lower case"),
        ("iris:", "its tag"),
        ("iris:" + "t" * 129, "its tag"),
        ("iris:a:b", "its tag"),
        ("iris@", "is no digest"),
        ("iris@sha256:12", "is no sha256"),
        ("iris@sha512:" + HEX * 2, "is no digest"),
        ("-r.example/iris", "no host"),
        ("r.example:port/iris", "no host"),
        ("r.example/", "its name is"),
        ("/iris", "its name is"),
        ("a//b", "its name is"),
        ("a..b", "its name is"),
        ("a._b", "its name is"),
        ("a___b", "its name is"),
        ("iris\n", "its name is"),
        ("team/" + "i" * 300, "longer than 255"),
        (HEX, "id of an image"),
    ],
)
def test_what_names_no_image_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(InvalidReference, match=why) as caught:
        Reference.parse(text)
    assert caught.value.hint


@given(st.text(string.ascii_letters + string.digits + "._-:/@[]", max_size=40))
def test_any_text_is_a_reference_or_is_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("host", "repository"), [("docker.io", "iris"), ("index.docker.io", "team/iris"), ("team", "iris")]
)
def test_a_reference_that_exists_is_in_normal_form(host: str, repository: str) -> None:
    with pytest.raises(InvalidReference, match="normal form"):
        Reference(host, repository)


def test_the_digest_says_which_version_else_the_tag_else_latest() -> None:
    digest = Digest(HEX)
    bare = Reference.parse("r.example/iris")
    assert bare.version == "latest"
    assert bare.tagged() == Reference.parse("r.example/iris:latest")
    assert Reference.parse("r.example/iris:1").tagged().version == "1"
    pinned = Reference.parse(f"r.example/iris:1@{digest}")
    assert (pinned.version, pinned.name, pinned.tagged()) == (str(digest), "r.example/iris", pinned)
