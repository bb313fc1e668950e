"""Where keys and passphrases come from, and that none of them is ever an argument or in a message."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ekiben.errors import PathNotFound, UnusableKey, UsageError
from ekiben.trust.key_files import PASSWORD, PASSWORD_FILE, read_private_key, read_public_key, write_key_pair
from tests.trust.making import make_key, write_keys


def test_a_key_comes_from_a_file_or_from_a_variable(tmp_path: Path) -> None:
    private, public, key = write_keys(tmp_path)
    environ = {"PRIVATE": private.read_text(), "PUBLIC": public.read_text()}
    assert read_public_key(str(public), {}) == read_public_key("env://PUBLIC", environ) == key.public
    assert read_private_key(str(private), {}).public == read_private_key("env://PRIVATE", environ).public == key.public


def test_a_passphrase_comes_from_a_variable_a_file_or_a_question(tmp_path: Path) -> None:
    private, _, key = write_keys(tmp_path, password="geheim")
    (tmp_path / "passphrase").write_text("geheim\n")
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "geheim"

    for environ in ({PASSWORD: "geheim"}, {PASSWORD_FILE: str(tmp_path / "passphrase")}):
        assert read_private_key(str(private), environ, ask).public == key.public
    assert asked == []
    assert read_private_key(str(private), {}, ask).public == key.public
    assert asked == [f"passphrase of {private}"]


def test_a_key_that_is_not_encrypted_asks_for_nothing(tmp_path: Path) -> None:
    private, _, key = write_keys(tmp_path)
    assert read_private_key(str(private), {PASSWORD: "unused"}).public == key.public


def test_without_a_terminal_the_variables_are_named(tmp_path: Path) -> None:
    private, _, _ = write_keys(tmp_path, password="geheim")
    with pytest.raises(UnusableKey, match="needs a passphrase, and there is no terminal") as caught:
        read_private_key(str(private), {})
    assert PASSWORD in str(caught.value.hint)
    assert PASSWORD_FILE in str(caught.value.hint)


def test_a_key_in_plain_on_the_command_line_is_refused_and_not_repeated() -> None:
    pem = make_key("P-256").to_pem("").decode()
    with pytest.raises(UsageError, match="in plain on the command line") as caught:
        read_private_key(pem, {})
    assert "PRIVATE KEY" not in f"{caught.value}{caught.value.hint}"


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match=f"there is no key `{tmp_path}/none"):
        read_public_key(f"{tmp_path}/none.pub", {})
    with pytest.raises(UnusableKey, match="the variable `NONE`"):
        read_public_key("env://NONE", {})
    with pytest.raises(UnusableKey, match="cannot be read"):
        read_public_key(str(tmp_path), {})
    private, _, _ = write_keys(tmp_path, password="geheim")
    with pytest.raises(PathNotFound, match="there is no passphrase"):
        read_private_key(str(private), {PASSWORD_FILE: f"{tmp_path}/none"})


def test_a_file_that_is_too_large_for_a_key_is_not_read_whole() -> None:
    with pytest.raises(UnusableKey, match="`/dev/zero` is too large"):
        read_public_key("/dev/zero", {})


@pytest.mark.parametrize("password", ["", "geheim"])
def test_a_new_key_pair_reads_back_and_the_private_half_is_its_owners_alone(tmp_path: Path, password: str) -> None:
    key = write_key_pair(f"{tmp_path}/release", {PASSWORD: password})
    assert stat.S_IMODE((tmp_path / "release.key").stat().st_mode) == 0o600
    assert read_public_key(f"{tmp_path}/release.pub", {}) == key.public
    assert read_private_key(f"{tmp_path}/release.key", {PASSWORD: password}).public == key.public
    assert ("ENCRYPTED" in (tmp_path / "release.key").read_text()) == bool(password)


@pytest.mark.parametrize("suffix", ["key", "pub"])
def test_no_key_is_overwritten(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"release.{suffix}").write_text("mine")
    with pytest.raises(UsageError, match=f"release.{suffix}` exists"):
        write_key_pair(f"{tmp_path}/release", {PASSWORD: ""})
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
