"""Logins from files and helpers."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.registry.credentials import Login, find_login

HOST = "registry.example:5000"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine where nobody has logged in."""
    return {"HOME": str(tmp_path / "home"), "DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}


def keep(environ: dict[str, str], **config: object) -> None:
    """Docker's config.json, with something that nobody here knows."""
    (Path(environ["DOCKER_CONFIG"]) / "config.json").write_text(json.dumps({**config, "psFormat": "x"}))


def auth(text: str) -> dict[str, str]:
    """As `docker login` writes it."""
    return {"auth": base64.b64encode(text.encode()).decode()}


def install_helper(environ: dict[str, str], script: str) -> None:
    """A credential helper named `kiosk`."""
    path = Path(environ["DOCKER_CONFIG"]) / "bin/docker-credential-kiosk"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\nread host\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_without_a_file_there_is_no_login(environ: dict[str, str]) -> None:
    assert find_login(HOST, environ) is None


@pytest.mark.parametrize("name", [HOST, f"https://{HOST}", f"https://{HOST}/v1/", f"http://{HOST}"])
def test_a_login_is_found_under_every_name_that_docker_gave_it(environ: dict[str, str], name: str) -> None:
    keep(environ, auths={name: auth("kiosk:a:b c")})
    assert find_login(HOST, environ) == Login("kiosk", "a:b c")
    assert find_login("registry.example", environ) is None


def test_the_default_registry_is_found_under_its_old_name(environ: dict[str, str]) -> None:
    keep(environ, auths={"https://index.docker.io/v1/": auth("kiosk:x")})
    assert find_login("docker.io", environ) == Login("kiosk", "x")


def test_a_login_may_be_an_identity_token(environ: dict[str, str]) -> None:
    kept = {**auth("00000000-0000-0000-0000-000000000000:"), "identitytoken": "refresh me"}
    keep(environ, auths={HOST: kept})
    assert find_login(HOST, environ) == Login("", identity_token="refresh me")


def test_user_and_password_may_stand_in_words(environ: dict[str, str]) -> None:
    keep(environ, auths={HOST: {"username": "kiosk", "password": "x"}})
    assert find_login(HOST, environ) == Login("kiosk", "x")


def test_a_helper_for_the_host_is_asked_before_the_file(environ: dict[str, str]) -> None:
    install_helper(environ, """echo "{\\"Username\\": \\"$1\\", \\"Secret\\": \\"$host\\"}" """)
    keep(environ, credHelpers={HOST: "kiosk"}, auths={HOST: auth("a:b")})
    assert find_login(HOST, environ) == Login("get", HOST)


def test_a_helper_for_all_gives_an_identity_token_by_a_name_of_its_own(environ: dict[str, str]) -> None:
    install_helper(environ, """echo '{"Username": "<token>", "Secret": "refresh me"}'""")
    keep(environ, credsStore="kiosk")
    assert find_login(HOST, environ) == Login("", identity_token="refresh me")


def test_a_helper_that_has_none_leaves_the_file(environ: dict[str, str]) -> None:
    install_helper(environ, "echo credentials not found in native keychain; exit 1")
    keep(environ, credsStore="kiosk", auths={HOST: auth("a:b")})
    assert find_login(HOST, environ) == Login("a", "b")


def test_a_helper_that_fails_is_told_in_its_own_words(environ: dict[str, str]) -> None:
    install_helper(environ, "echo the keychain is locked >&2; exit 2")
    keep(environ, credsStore="kiosk")
    with pytest.raises(RegistryError, match="`docker-credential-kiosk` failed: the keychain is locked"):
        find_login(HOST, environ)


def test_a_helper_that_is_not_installed_is_told(environ: dict[str, str]) -> None:
    keep(environ, credsStore="none")
    with pytest.raises(RegistryError, match="`docker-credential-none` does not run: No such file") as refused:
        find_login(HOST, environ)
    assert refused.value.hint == "install it, or take it out of Docker's config.json"


@pytest.mark.parametrize("name", ["../../bin/sh", "a b", "", "$(x)"])
def test_what_is_no_name_of_a_program_is_not_run(environ: dict[str, str], name: str) -> None:
    keep(environ, credHelpers={HOST: name}, auths={HOST: auth("a:b")})
    if name:
        with pytest.raises(RegistryError, match="is no name of a credential helper"):
            find_login(HOST, environ)
    else:
        assert find_login(HOST, environ) == Login("a", "b")


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"auths": []}', '{"auths": {"registry.example:5000": {"auth": "%%%"}}}']
)
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(environ: dict[str, str], content: str) -> None:
    path = Path(environ["DOCKER_CONFIG"]) / "config.json"
    path.write_text(content)
    with pytest.raises(RegistryError, match=str(path)) as refused:
        find_login(HOST, environ)
    assert "%%%" not in str(refused.value)


def test_podmans_file_is_read_after_dockers(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {HOST: auth("podman:x")}}))
    environ["REGISTRY_AUTH_FILE"] = str(tmp_path / "auth.json")
    assert find_login(HOST, environ) == Login("podman", "x")
    keep(environ, auths={HOST: auth("docker:x")})
    assert find_login(HOST, environ) == Login("docker", "x")
