"""`--opt`: what is passed on to the engine, and what is ekiben's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import UsageError
from ekiben.packager.image.engines.options import flags_of, parse_options, refuse_foreign_values

HERE = Path("/project")


def test_pairs_and_flags_keep_their_order() -> None:
    texts = ["network=host", "pull", "build-arg=A=1", "build-arg=B=2", "--add-host=a:1.2.3.4"]
    assert parse_options(texts, HERE) == (
        ("network", "host"),
        ("pull", None),
        ("build-arg", "A=1"),
        ("build-arg", "B=2"),
        ("add-host", "a:1.2.3.4"),
    )


@given(st.text())
def test_a_value_is_passed_on_whole(value: str) -> None:
    if "\0" not in value:
        assert parse_options([f"label={value}"], HERE) == (("label", value),)


@pytest.mark.parametrize("name", ["file", "tag", "platform", "no-cache", "progress", "target", "iidfile", "output"])
def test_options_that_ekiben_sets_itself_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"`{name}` cannot be set"):
        parse_options([f"{name}=x"], HERE)


@pytest.mark.parametrize("text", ["", "=", "=x", "-t=x", "t", "f=x", "a b=c", "Network=host", "net\nwork=host"])
def test_what_is_no_long_option_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no option of the engine"):
        parse_options([text], HERE)


@pytest.mark.parametrize(
    "value", ["id=ekiben-ca,src=/x", "ID=ekiben-ca,src=/x", "src=/x,id=ekiben-pip-conf", '"id=ekiben-netrc",src=/x']
)
def test_secrets_of_ekibens_own_names_are_refused(value: str) -> None:
    with pytest.raises(UsageError, match="made by ekiben"):
        parse_options([f"secret={value}"], HERE)


def test_secrets_of_the_user_are_passed_on() -> None:
    assert parse_options(["secret=id=token,src=/x"], HERE) == (("secret", "id=token,src=/x"),)


def test_a_value_with_a_null_character_is_refused() -> None:
    with pytest.raises(UsageError, match="null character"):
        parse_options(["label=a\0b"], HERE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("secret=id=token,src=token.txt", "id=token,src=/project/token.txt"),
        ("secret=id=token,source=/x", "id=token,source=/x"),
        ('secret=id=token,"src=a,b"', 'id=token,"src=/project/a,b"'),
        ("secret=id=token,env=TOKEN", "id=token,env=TOKEN"),
        ("ssh=default", "default"),
        ("ssh=git=key,/other", "git=/project/key,/other"),
        ("cache-to=type=local,dest=kept", "type=local,dest=/project/kept"),
        ("cache-from=type=local,src=kept", "type=local,src=/project/kept"),
        ("cache-from=registry.example/cache", "registry.example/cache"),
    ],
)
def test_files_of_a_value_are_those_of_the_folder_where_it_was_written(text: str, value: str) -> None:
    assert parse_options([text], HERE)[0][1] == value


def test_options_are_flags_of_the_command() -> None:
    assert flags_of((("network", "host"), ("pull", None))) == ["--network=host", "--pull"]


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_a_cache_that_is_in_no_repository_is_refused_where_it_cannot_be_kept(engine: str) -> None:
    with pytest.raises(UsageError, match=f"{engine} keeps its cache in a repository alone"):
        refuse_foreign_values(engine, [("cache-to", "type=local,dest=/x")])
    refuse_foreign_values(engine, [("cache-to", "registry.example/cache")])


def test_dockers_own_buildkit_keeps_no_cache_elsewhere_and_buildx_does() -> None:
    with pytest.raises(UsageError, match="has no `--cache-to`"):
        refuse_foreign_values("docker", [("cache-to", "registry.example/cache")])
    refuse_foreign_values("docker", [("cache-to", "registry.example/cache")], has_buildx=True)
    refuse_foreign_values("buildx", [("cache-to", "type=local,dest=/x")])
