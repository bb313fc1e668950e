"""A real registry that believes a token service: what is asked for is enough for everything, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekiben.errors import AccessDenied
from ekiben.oci.artifact_store import Outcome
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.registry.credentials import Login, find_login
from ekiben.oci.registry.logging_in import log_in
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.certificates import make_certificates
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.signed_tokens import SignedTokens
from tests.oci.registry.talking import blob_of, registry_at
from tests.oci.registry.token_service import giving

LOGIN = Login("kiosk", "open sesame")
EMPTY = Index(()).to_bytes()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SignedTokens]:
    """A token service that knows LOGIN."""
    _, certificate = make_certificates(tmp_path)
    tokens = SignedTokens(certificate=certificate, login=f"{LOGIN.username}:{LOGIN.password}")
    with giving(tokens):
        yield tokens


@pytest.fixture
def believing(tmp_path: Path, service: SignedTokens) -> Iterator[RealRegistry]:
    """A registry that believes it."""
    running = RealRegistry(tmp_path / "registry", auth=service.auth())
    running.start()
    yield running
    running.kill()


def test_tokens_are_enough_for_all_that_is_done(believing: RealRegistry, service: SignedTokens) -> None:
    registry = registry_at(believing.host, LOGIN)
    blob, open_content = blob_of(1000)
    registry.push_blob("models/iris", blob, open_content)
    assert registry.push_blob("other", blob, open_content, ["models/iris"]).outcome == Outcome.MOUNTED
    registry.push_manifest("other", EMPTY, OCI_INDEX, "1")
    assert list(registry.repositories()) == ["models/iris", "other"]
    assert list(registry.tags("other")) == ["1"]
    registry.delete_manifest("other", "1")
    assert list(registry.tags("other")) == []
    assert set(service.granted) == {
        "repository:models/iris:pull",  # of what was mounted
        "repository:models/iris:pull,push",
        "repository:other:pull",
        "repository:other:pull,push",
        "repository:other:pull,delete",
        "registry:catalog:*",
    }


@pytest.mark.parametrize(
    ("never", "does", "what"),
    [
        ("push", lambda registry: registry.push_manifest("a", EMPTY, OCI_INDEX, "2"), "pull,push of `a`"),
        ("*", lambda registry: list(registry.repositories()), "the list of its repositories"),
        ("delete", lambda registry: registry.delete_manifest("a", "1"), "pull,delete of `a`"),
    ],
)
def test_who_may_not_is_told_what(
    believing: RealRegistry, service: SignedTokens, never: str, does: Callable[[Registry], object], what: str
) -> None:
    registry_at(believing.host, LOGIN).push_manifest("a", EMPTY, OCI_INDEX, "1")
    service.never = frozenset({never})
    with pytest.raises(AccessDenied, match=f"refuses {re.escape(what)} with the credentials"):
        does(registry_at(believing.host, LOGIN))


def test_a_login_is_checked_and_kept_as_an_identity_token(
    believing: RealRegistry, service: SignedTokens, tmp_path: Path
) -> None:
    environ = {"HOME": str(tmp_path / "home")}
    with pytest.raises(AccessDenied, match="does not know `kiosk` with that password"):
        log_in(believing.host, Login("kiosk", "guess"), environ)
    assert log_in(believing.host, LOGIN, environ).is_checked
    kept = find_login(believing.host, environ)
    assert kept == Login("kiosk", identity_token=service.refresh)
    Registry.open(believing.host, environ=environ).push_manifest("a", EMPTY, OCI_INDEX, "1")
    assert service.asked[-1][0] == "POST"
