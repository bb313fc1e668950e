"""What remotes and references mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import InvalidReference, UsageError
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.store.remote.remotes import Place, Remotes, Target
from ekiben.tag import Tag

names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True)
hosts = st.one_of(
    st.just("localhost"),
    st.from_regex(r"[a-z]{1,8}\.example(:[1-9][0-9]{1,3})?", fullmatch=True),
    st.just("[::1]:5000"),
)
registries = st.builds(lambda host, parts: Place(host, "/".join(parts)), hosts, st.lists(names, max_size=3))
urls = st.builds(
    lambda scheme, parts: Place(f"{scheme}://{'/'.join(parts)}"),
    st.sampled_from(["s3", "gs", "file", "memory"]),
    st.lists(names, min_size=1, max_size=3),
)
digests = st.none() | st.binary(max_size=2).map(Digest.of_bytes)
targets = st.builds(Target, st.one_of(registries, urls), names, st.none() | names, digests)


def never(base: str) -> ArtifactStore:
    """Nothing here opens a remote."""
    raise AssertionError(base)


@given(st.one_of(registries, urls))
def test_a_place_is_read_as_it_is_written(place: Place) -> None:
    assert Place.parse(str(place)) == place
    assert Place.parse(f"{place}/") == place


@given(targets)
def test_a_reference_is_read_as_it_is_written(target: Target) -> None:
    assert Target.parse(str(target)) == target


@given(registries, names)
def test_the_name_of_a_repository_is_found_again(place: Place, name: str) -> None:
    assert place.name_of(place.repository(name)) == name
    assert place.name_of(place.repository(f"{name}/below")) is None


@pytest.mark.parametrize(
    ("text", "base", "prefix"),
    [
        ("localhost:5000", "localhost:5000", ""),
        ("ghcr.io/team/models", "ghcr.io", "team/models"),
        ("s3://bucket/prefix/", "s3://bucket/prefix", ""),
        ("/srv/shared", "file:///srv/shared", ""),
        ("/srv/a b", "file:///srv/a%20b", ""),
        ("file:///srv/shared", "file:///srv/shared", ""),
    ],
)
def test_what_users_write_is_a_place(text: str, base: str, prefix: str) -> None:
    assert Place.parse(text) == Place(base, prefix)


@pytest.mark.parametrize("text", [".", "./shared", "../shared", "~/shared"])
def test_paths_are_folders(text: str) -> None:
    expected = Path(text).expanduser().resolve(strict=False)
    assert Place.parse(text).base.startswith(f"file://{expected}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("team/models", "write `docker.io/team/models` for Docker Hub, `./team/models` for a folder"),
        ("https://ghcr.io/team", "a registry is named without a scheme: `ghcr.io/team`"),
        ("ghcr.io/Team", "write `HOST/REPO`, `./folder`"),
        ("s3://", "write `HOST/REPO`, `./folder`"),
        ("s3:///prefix", "write `HOST/REPO`, `./folder`"),
        ("", "write `HOST/REPO`"),
        ("ghcr.io//x", "write `HOST/REPO`"),
    ],
)
def test_what_is_no_place_is_told_with_what_is(text: str, hint: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Place.parse(text)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "missing"), [("s3://", "bucket"), ("gs:///x", "bucket"), ("file://", "folder"), ("file:///", "folder")]
)
def test_a_url_without_a_folder_or_bucket_says_so(text: str, missing: str) -> None:
    with pytest.raises(InvalidReference, match=f"`{text}` names no {missing}"):
        Place.parse(text)


@pytest.mark.parametrize(
    "text", ["me:hush@ghcr.io/x/iris", "https://me:hush@ghcr.io/iris", "s3://me:hush@bucket/x/iris"]
)
def test_a_password_is_refused_and_not_shown(text: str) -> None:
    for parse in (Place.parse, Target.parse):
        with pytest.raises(InvalidReference, match="is written with a password") as caught:
            parse(text)
        assert "hush" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("text", ["iris", "/iris:v1", "ghcr.io/Iris", "ghcr.io/iris@sha256:1", "ghcr.io/iris:", "a/"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        Target.parse(text)


def test_a_tag_is_meant_at_the_remote_of_the_settings_or_the_one_that_is_told() -> None:
    remotes = Remotes(never, "ghcr.io/team")
    assert remotes.target("iris:v1", None, "--from") == Target(Place("ghcr.io", "team"), "iris", "v1")
    assert remotes.target("iris", "quay.io/x", "--from") == Target(Place("quay.io", "x"), "iris")
    assert remotes.target("quay.io/x/iris", None, "--from") == Target.of(Place("quay.io", "x"), Tag("iris"))
    with pytest.raises(UsageError, match="says where it is"):
        remotes.target("quay.io/x/iris", "ghcr.io", "--from")


def test_without_any_remote_the_error_names_option_and_variable() -> None:
    with pytest.raises(UsageError, match="no remote is named") as caught:
        Remotes(never, None, "EKIBEN_MODELS_REMOTE").place(None, "--to")
    assert "--to HOST/REPO" in str(caught.value.hint)
    assert "EKIBEN_MODELS_REMOTE" in str(caught.value.hint)
