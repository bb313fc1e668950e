"""Tokens and logins: what is asked for, how often, and who gets to see it."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator

import pytest

from ekiben.errors import AccessDenied, RegistryError
from ekiben.oci.registry.credentials import Login
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import blob_of, registry_at
from tests.oci.registry.token_service import TokenService, giving

BLOB, OPEN = blob_of(100)
LOGIN = Login("kiosk", "open sesame")


@pytest.fixture
def service() -> Iterator[TokenService]:
    """A token service."""
    with giving(TokenService()) as running:
        yield running


@pytest.fixture
def odd(service: TokenService) -> Iterator[OddRegistry]:
    """A registry that wants the tokens of `service`."""
    challenge = f'Bearer realm="{service.url}",service="odd.example",scope="repository:a:pull"'
    with serving(OddRegistry(authorization="Bearer first", challenge=challenge)) as registry:
        yield registry


def test_a_token_is_asked_for_once_and_used_for_all_that_it_is_for(odd: OddRegistry, service: TokenService) -> None:
    registry_at(odd.host, LOGIN).push_blob("a", BLOB, OPEN)
    assert len(service.asked) == 1
    method, asked, authorization = service.asked[0]
    assert (method, asked["service"]) == ("GET", ["odd.example"])
    assert asked["scope"] == ["repository:a:pull", "repository:a:pull,push"]
    assert authorization == f"Basic {base64.b64encode(b'kiosk:open sesame').decode()}"


def test_without_a_login_the_token_is_for_anybody(odd: OddRegistry, service: TokenService) -> None:
    assert registry_at(odd.host).head_blob("a", BLOB.digest) is None
    assert service.asked[0][2] is None


def test_a_mount_is_asked_for_with_both_repositories(odd: OddRegistry, service: TokenService) -> None:
    registry_at(odd.host).push_blob("a", BLOB, OPEN, mounts=["models/iris"])
    assert ["repository:a:pull,push", "repository:models/iris:pull"] in [
        asked["scope"] for _, asked, _ in service.asked
    ]


def test_the_list_of_repositories_and_deleting_are_asked_for_by_names_of_their_own(
    odd: OddRegistry, service: TokenService
) -> None:
    registry = registry_at(odd.host)
    with pytest.raises(RegistryError, match="does not list its repositories"):
        list(registry.repositories())
    odd.manifests["1"] = b"{}"
    odd.faults.append(Fault("DELETE", status=202))
    registry.delete_manifest("a", "1")
    scopes = {scope for _, asked, _ in service.asked for scope in asked["scope"]}
    assert scopes == {"registry:catalog:*", "repository:a:pull", "repository:a:pull,delete"}


def test_a_token_that_the_registry_refuses_is_renewed(odd: OddRegistry, service: TokenService) -> None:
    registry = registry_at(odd.host)
    registry.head_blob("a", BLOB.digest)
    odd.authorization, service.token = "Bearer second", "second"
    assert registry.head_blob("a", BLOB.digest) is None
    assert len(service.asked) == 2


def test_threads_share_one_token(odd: OddRegistry, service: TokenService) -> None:
    registry = registry_at(odd.host)
    threads = [threading.Thread(target=registry.head_blob, args=("a", BLOB.digest)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.asked) == 1


def test_an_identity_token_goes_as_a_form(odd: OddRegistry, service: TokenService) -> None:
    service.body = b'{"access_token": "first"}'
    registry_at(odd.host, Login("", identity_token="refresh me")).head_blob("a", BLOB.digest)
    method, asked, authorization = service.asked[0]
    assert (method, authorization) == ("POST", None)
    assert (asked["refresh_token"], asked["grant_type"]) == (["refresh me"], ["refresh_token"])


def test_a_login_that_the_service_does_not_know_is_told(odd: OddRegistry, service: TokenService) -> None:
    service.status = 401
    with pytest.raises(AccessDenied, match=r"`127.0.0.1:\d+` refuses access with the credentials") as refused:
        registry_at(odd.host, LOGIN).head_blob("a", BLOB.digest)
    assert "sesame" not in f"{refused.value!r} {refused.value.hint}"


def test_a_token_that_is_not_enough_is_told(odd: OddRegistry) -> None:
    odd.authorization = "Bearer of another"
    with pytest.raises(AccessDenied, match=r"refuses pull,push of `a` to somebody without credentials"):
        registry_at(odd.host).push_blob("a", BLOB, OPEN)


def test_a_service_that_is_busy_is_waited_for(odd: OddRegistry, service: TokenService) -> None:
    service.status = 503
    with pytest.raises(RegistryError, match=r"the token service `127.0.0.1` answered 503"):
        registry_at(odd.host).head_blob("a", BLOB.digest)
    assert len(service.asked) > 1


@pytest.mark.parametrize(
    "body",
    [b"no JSON", b"{}", b'{"token": "a\\r\\nX-Evil: 1"}', b"[" * 100_000, b'{"token": 5}', b'{"token": "\\u00e9"}'],
)
def test_what_is_no_token_is_not_sent_on(odd: OddRegistry, service: TokenService, body: bytes) -> None:
    service.body = body
    with pytest.raises(RegistryError, match=r"the token service `127.0.0.1` sent no token"):
        registry_at(odd.host).head_blob("a", BLOB.digest)
    assert len(odd.seen) == 1


def test_a_token_service_cannot_fill_the_memory(odd: OddRegistry, service: TokenService) -> None:
    service.body = b" " * 2_000_000
    with pytest.raises(RegistryError, match="sent more than the 1048576 bytes"):
        registry_at(odd.host).head_blob("a", BLOB.digest)


def test_credentials_are_not_shown_to_a_service_that_others_can_listen_to(odd: OddRegistry) -> None:
    odd.challenge = 'Bearer realm="http://tokens.example/token"'
    with pytest.raises(RegistryError, match=r"wants credentials sent to `tokens.example` in plain HTTP"):
        registry_at(odd.host, LOGIN).head_blob("a", BLOB.digest)


def test_the_login_is_looked_for_only_where_the_registry_asks() -> None:
    with serving(OddRegistry()) as open_to_all:
        assert registry_at(open_to_all.host, LOGIN).head_blob("a", BLOB.digest) is None
        assert [one.headers.get("Authorization") for one in open_to_all.seen] == [None]


def test_no_secret_is_in_what_is_shown_of_a_client(odd: OddRegistry) -> None:
    registry = registry_at(odd.host, LOGIN)
    registry.head_blob("a", BLOB.digest)
    shown = f"{registry!r}{registry.client.authorizer!r}{LOGIN!r}"
    assert "sesame" not in shown
    assert "Bearer first" not in shown


def test_no_secret_is_logged(odd: OddRegistry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    registry_at(odd.host, LOGIN).push_blob("a", BLOB, OPEN)
    registry_at(odd.host, Login("", identity_token="refresh me")).head_blob("a", BLOB.digest)
    assert "/v2/a/blobs/uploads" in caplog.text
    for secret in ("sesame", base64.b64encode(b"kiosk:open sesame").decode(), "Bearer", "refresh"):
        assert secret not in caplog.text
