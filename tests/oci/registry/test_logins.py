"""Logins kept and forgotten in Docker's configuration, beside what others keep there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import RegistryError
from ekiben.oci.registry.credentials import Login, find_login
from ekiben.oci.registry.logins import forget_login, keep_login

HOST = "registry.example:5000"
LOGIN, IDENTITY = Login("kiosk", "open: sesame é"), Login("kiosk", identity_token="refresh me")
OTHERS = {
    "psFormat": "{{.Names}} <é>",
    "auths": {"other.example": {"auth": "YTpi", "email": "x"}},
    "currentContext": "x",
}
# Keeps one server's credentials in a file, as it came.
HELPER = """#!/bin/sh
kept="$(dirname "$0")/kept.json"
none() { echo credentials not found in the box; exit 1; }
case "$1" in
    store) cat > "$kept" ;;
    get) read host; grep -q "\\"$host\\"" "$kept" 2>/dev/null && cat "$kept" || none ;;
    erase) read host; rm "$kept" 2>/dev/null || none ;;
esac
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine where nobody has logged in."""
    return {
        "HOME": str(tmp_path / "home"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
    }


@pytest.fixture
def config(environ: dict[str, str]) -> Path:
    """Docker's file, with what others keep there."""
    path = Path(environ["DOCKER_CONFIG"]) / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(OTHERS))
    return path


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """A helper named `box`; gives the file in which it keeps."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker-credential-box").write_text(HELPER)
    (tmp_path / "bin/docker-credential-box").chmod(0o755)
    return tmp_path / "bin/kept.json"


def content(config: Path) -> Any:
    """What the file holds."""
    return json.loads(config.read_text())


@pytest.mark.parametrize("login", [LOGIN, IDENTITY])
@pytest.mark.parametrize("host", [HOST, "docker.io"])
def test_a_kept_login_is_found(environ: dict[str, str], host: str, login: Login) -> None:
    kept = keep_login(host, login, environ)
    assert find_login(host, environ) == login
    assert (kept.place, kept.is_helper) == (f"{environ['DOCKER_CONFIG']}/config.json", False)


@given(
    username=st.text(st.characters(exclude_characters=":", codec="utf-8"), min_size=1),
    password=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: not text.endswith("\0")),
)
def test_whatever_was_kept_is_found_as_it_was(username: str, password: str) -> None:
    with TemporaryDirectory() as folder:
        keep_login(HOST, Login(username, password), {"DOCKER_CONFIG": folder})
        assert find_login(HOST, {"DOCKER_CONFIG": folder}) == Login(username, password)


def test_it_stands_under_the_name_that_docker_looks_for(environ: dict[str, str], config: Path) -> None:
    keep_login("docker.io", LOGIN, environ)
    keep_login(HOST, IDENTITY, environ)
    assert set(content(config)["auths"]) == {"https://index.docker.io/v1/", HOST, "other.example"}
    assert content(config)["auths"][HOST] == {"auth": "a2lvc2s6", "identitytoken": "refresh me"}


def test_everything_else_in_the_file_stays(environ: dict[str, str], config: Path) -> None:
    keep_login(HOST, LOGIN, environ)
    assert content(config) == {**OTHERS, "auths": {**OTHERS["auths"], HOST: content(config)["auths"][HOST]}}  # type: ignore[dict-item]
    forget_login(HOST, environ)
    assert content(config) == OTHERS
    assert list(config.parent.iterdir()) == [config]


def test_another_login_replaces_it_and_leaves_what_else_is_said_of_the_host(
    environ: dict[str, str], config: Path
) -> None:
    config.write_text(json.dumps({"auths": {HOST: {"auth": "YTpi", "identitytoken": "old", "email": "x"}}}))
    keep_login(HOST, LOGIN, environ)
    assert find_login(HOST, environ) == LOGIN
    assert content(config)["auths"][HOST]["email"] == "x"


def test_only_its_owner_may_read_it(environ: dict[str, str], config: Path) -> None:
    config.chmod(0o644)
    keep_login(HOST, LOGIN, environ)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    config.unlink()
    config.parent.rmdir()
    keep_login(HOST, LOGIN, environ)
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700


def test_a_file_that_is_a_link_stays_one(environ: dict[str, str], config: Path, tmp_path: Path) -> None:
    config.rename(tmp_path / "kept-elsewhere.json")
    config.symlink_to(tmp_path / "kept-elsewhere.json")
    keep_login(HOST, LOGIN, environ)
    assert config.is_symlink()
    assert find_login(HOST, environ) == LOGIN


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": 5}'])
def test_a_file_that_cannot_be_read_is_left_alone(environ: dict[str, str], config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(RegistryError, match=str(config)):
        keep_login(HOST, LOGIN, environ)
    assert config.read_text() == text
    assert list(config.parent.iterdir()) == [config]


def test_a_folder_that_cannot_be_made_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("")
    with pytest.raises(RegistryError, match=r"config.json` cannot be changed: Not a directory|File exists"):
        keep_login(HOST, LOGIN, environ)


@pytest.mark.parametrize("named", [{"credsStore": "box"}, {"credHelpers": {HOST: "box"}, "credsStore": "none"}])
@pytest.mark.parametrize("login", [LOGIN, IDENTITY])
def test_a_helper_gets_the_secret_and_the_file_does_not(
    environ: dict[str, str], config: Path, helper: Path, named: dict[str, object], login: Login
) -> None:
    config.write_text(json.dumps({**named, "auths": {HOST: {"auth": "YTpi"}}}))
    kept = keep_login(HOST, login, environ)
    assert (kept.place, kept.is_helper) == ("docker-credential-box", True)
    assert content(config)["auths"] == {HOST: {}}
    found = find_login(HOST, environ)
    assert found is not None
    assert (found.password, found.identity_token) == (login.password, login.identity_token)
    assert json.loads(helper.read_text())["ServerURL"] == HOST
    assert forget_login(HOST, environ)
    assert (find_login(HOST, environ), helper.exists(), content(config)["auths"]) == (None, False, {})


def test_a_helper_that_fails_changes_nothing_and_does_not_tell_the_secret(
    environ: dict[str, str], config: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker-credential-sad").write_text('#!/bin/sh\necho "no room for $(cat)"; exit 3\n')
    (tmp_path / "bin/docker-credential-sad").chmod(0o755)
    config.write_text(before := json.dumps({"credsStore": "sad"}))
    with pytest.raises(RegistryError, match="`docker-credential-sad` failed: no room for") as refused:
        keep_login(HOST, IDENTITY, environ)
    assert "refresh me" not in f"{refused.value!r}"
    assert config.read_text() == before


def test_where_nobody_is_logged_in_nothing_is_forgotten(environ: dict[str, str], config: Path, helper: Path) -> None:
    assert not forget_login(HOST, environ)
    config.write_text(before := json.dumps({"credsStore": "box"}))
    assert not forget_login(HOST, environ)
    assert config.read_text() == before
    config.unlink()
    config.parent.rmdir()
    assert not forget_login(HOST, environ)
    assert not config.parent.exists()


def test_it_is_forgotten_under_every_name(environ: dict[str, str], config: Path) -> None:
    config.write_text(json.dumps({"auths": {HOST: {"auth": "YTpi"}, f"https://{HOST}/v1/": {"auth": "YTpi"}}}))
    assert forget_login(HOST, environ)
    assert content(config)["auths"] == {}


def test_of_many_logins_at_once_none_is_lost(environ: dict[str, str], config: Path) -> None:
    program = (
        "import os, sys; from ekiben.oci.registry.credentials import Login;"
        "from ekiben.oci.registry.logins import keep_login;"
        "[keep_login(f'{sys.argv[1]}-{n}.example', Login('a', 'b'), os.environ) for n in range(10)]"
    )
    crowd = [
        subprocess.Popen([sys.executable, "-c", program, f"h{number}"], env={**os.environ, **environ})
        for number in range(3)
    ]
    assert [one.wait() for one in crowd] == [0, 0, 0]
    assert len(content(config)["auths"]) == 31
