"""A real registry behind a certificate that its own network alone knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.certificates import FAR_HOST, make_certificates
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import HASTY, blob_of, registry_at
from tests.oci.registry.tunnel import Tunnel, tunnelling


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Who vouches for `tls_registry`."""
    return make_certificates(tmp_path)[0]


@pytest.fixture
def tls_registry(tmp_path: Path, authority: Path) -> Iterator[RealRegistry]:
    """A registry that speaks TLS."""
    running = RealRegistry(tmp_path / "registry", certificate=authority.parent / "server.pem")
    running.start()
    yield running
    running.kill()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"])
def test_a_networks_own_certificates_are_trusted_where_they_are_named(
    tls_registry: RealRegistry, authority: Path, variable: str
) -> None:
    environ = {variable: str(authority), "HOME": "/none"}
    registry = Registry.open(tls_registry.host, plain_http=False, environ=environ)
    blob, open_content = blob_of(1000)
    registry.push_blob("a", blob, open_content)
    assert b"".join(registry.get_blob("a", blob)) == open_content().read()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tls_registry: RealRegistry) -> None:
    with pytest.raises(RegistryError, match=r"the certificate of `localhost` is not trusted") as refused:
        registry_at(tls_registry.host, plain_http=False).head_manifest("a", "1")
    assert refused.value.hint == "name the network's CA bundle in SSL_CERT_FILE"


def test_a_certificate_for_another_host_is_not_trusted(tls_registry: RealRegistry, authority: Path) -> None:
    registry = registry_at(f"127.0.0.2:{tls_registry.port}", plain_http=False, network=Network(ca_files=(authority,)))
    with pytest.raises(RegistryError):
        registry.head_manifest("a", "1")


def test_a_registry_behind_a_proxy_is_spoken_to_in_tls_of_its_own(tls_registry: RealRegistry, authority: Path) -> None:
    blob, open_content = blob_of(1000)
    with tunnelling(Tunnel(tls_registry.port)) as tunnel:
        environ = {
            "https_proxy": f"http://kiosk:sesame@{tunnel.host}",
            "SSL_CERT_FILE": str(authority),
            "HOME": "/none",
        }
        registry = Registry.open(FAR_HOST, environ=environ)
        registry.push_blob("a", blob, open_content)
        assert b"".join(registry.get_blob("a", blob)) == open_content().read()
        assert set(tunnel.asked) == {f"{FAR_HOST}:443"}
        assert set(tunnel.logins) == {"Basic a2lvc2s6c2VzYW1l"}
        with pytest.raises(RegistryError, match=f"the certificate of `{FAR_HOST}` is not trusted"):
            Registry.open(FAR_HOST, environ={**environ, "SSL_CERT_FILE": ""}).head_blob("a", blob.digest)


def test_a_registry_in_plain_http_is_not_spoken_to_unless_asked(real_registry: RealRegistry) -> None:
    with pytest.raises(RegistryError, match=r"no TLS with `localhost:\d+`") as refused:
        registry_at(real_registry.host, plain_http=False, patience=HASTY).head_manifest("a", "1")
    assert "EKIBEN_PLAIN_HTTP" in (refused.value.hint or "")


def test_a_loopback_registry_in_tls_is_told(tls_registry: RealRegistry) -> None:
    with pytest.raises(RegistryError, match="answered 400"):
        registry_at(tls_registry.host).get_manifest("a", "1")
