"""`log_in`: what is shown to a registry before it is kept."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.errors import AccessDenied, RegistryError
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.registry.credentials import Login, find_login
from ekiben.oci.registry.logging_in import log_in
from tests.oci.registry.odd_registry import OddRegistry, serving
from tests.oci.registry.real_registry import PASSWORD, USER, RealRegistry
from tests.oci.registry.talking import registry_at
from tests.oci.registry.token_service import TokenService, giving

LOGIN = Login(USER, PASSWORD)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine where nobody has logged in."""
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[RealRegistry]:
    """A registry with a password."""
    running = RealRegistry(tmp_path / "registry", has_password=True)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def service() -> Iterator[TokenService]:
    """A token service."""
    with giving(TokenService()) as running:
        yield running


@pytest.fixture
def odd(service: TokenService) -> Iterator[OddRegistry]:
    """A registry that wants the tokens of `service`."""
    challenge = f'Bearer realm="{service.url}",service="odd.example"'
    root = {"": b"{}"}  # what a GET of `/v2/` finds
    with serving(OddRegistry(root, authorization="Bearer first", challenge=challenge)) as registry:
        yield registry


def test_the_right_password_is_kept(locked: RealRegistry, environ: dict[str, str]) -> None:
    done = log_in(locked.host, LOGIN, environ)
    assert done.is_checked
    assert find_login(locked.host, environ) == LOGIN


def test_others_read_what_was_kept(locked: RealRegistry, environ: dict[str, str]) -> None:
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("no skopeo")
    log_in(locked.host, LOGIN, environ)
    config = Path(environ["HOME"]) / ".docker/config.json"
    command = [program, "login", "--get-login", f"--authfile={config}", locked.host]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == USER
    registry_at(locked.host, LOGIN).push_manifest("a", Index(()).to_bytes(), OCI_INDEX, "1")
    command = [program, "list-tags", f"--authfile={config}", "--tls-verify=false", f"docker://{locked.host}/a"]
    assert '"1"' in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_wrong_password_is_not_kept(locked: RealRegistry, environ: dict[str, str]) -> None:
    with pytest.raises(AccessDenied, match=rf"`{locked.host}` does not know `{USER}` with that password") as refused:
        log_in(locked.host, Login(USER, "guess"), environ)
    assert "guess" not in f"{refused.value!r}{refused.value.__cause__!r}"
    assert find_login(locked.host, environ) is None


def test_a_registry_that_asks_nobody_leaves_it_unchecked(real_registry: RealRegistry, environ: dict[str, str]) -> None:
    assert not log_in(real_registry.host, LOGIN, environ).is_checked
    assert find_login(real_registry.host, environ) == LOGIN


def test_a_token_service_checks_it_and_may_give_no_identity(
    odd: OddRegistry, service: TokenService, environ: dict[str, str]
) -> None:
    assert log_in(odd.host, LOGIN, environ).is_checked
    method, asked, authorization = service.asked[0]
    assert (method, asked["service"]) == ("GET", ["odd.example"])
    assert (asked["account"], asked["offline_token"]) == ([USER], ["true"])
    assert authorization == f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
    assert find_login(odd.host, environ) == LOGIN


def test_an_identity_token_is_kept_instead_of_the_password(
    odd: OddRegistry, service: TokenService, environ: dict[str, str]
) -> None:
    service.body = json.dumps({"token": "first", "refresh_token": "refresh me"}).encode()
    log_in(odd.host, LOGIN, environ)
    assert find_login(odd.host, environ) == Login(USER, identity_token="refresh me")
    assert PASSWORD not in (Path(environ["HOME"]) / ".docker/config.json").read_text()


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_login_that_the_token_service_refuses_is_not_kept(
    odd: OddRegistry, service: TokenService, environ: dict[str, str], status: int
) -> None:
    service.status = status
    with pytest.raises(AccessDenied, match=f"does not know `{USER}` with that password"):
        log_in(odd.host, LOGIN, environ)
    assert find_login(odd.host, environ) is None


def test_what_is_no_registry_is_told(environ: dict[str, str]) -> None:
    with serving(OddRegistry()) as web, pytest.raises(RegistryError, match="has no API of registries"):
        log_in(web.host, LOGIN, environ)
    assert find_login(web.host, environ) is None
