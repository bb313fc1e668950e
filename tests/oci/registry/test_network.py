"""Proxies and certificates, as the environment names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin
from ekiben.oci.registry.network import Network
from tests.oci.registry.odd_registry import OddRegistry, serving
from tests.oci.registry.talking import registry_at

PROXY = "http://proxy.example:3128"


def proxy_for(url: str, **environ: str) -> str | None:
    """The proxy on the way to `url`."""
    return Network.of(environ).proxy_for(Origin.of(url))


def test_the_proxy_is_that_of_the_scheme() -> None:
    both = {"HTTPS_PROXY": PROXY, "http_proxy": "other.example"}
    assert proxy_for("https://registry.example", **both) == PROXY
    assert proxy_for("http://registry.example", **both) == "http://other.example"
    assert proxy_for("https://registry.example", ALL_PROXY=PROXY) == PROXY
    assert proxy_for("https://registry.example") is None


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]"])
def test_this_machine_is_reached_directly(host: str) -> None:
    assert proxy_for(f"http://{host}", http_proxy=PROXY) is None


@pytest.mark.parametrize(
    "no_proxy",
    ["*", "registry.example", ".example", "example", "*.example", "other, registry.example:8443", "REGISTRY.example"],
)
def test_what_no_proxy_names_is_reached_directly(no_proxy: str) -> None:
    assert proxy_for("https://registry.example:8443", https_proxy=PROXY, no_proxy=no_proxy) is None


@pytest.mark.parametrize("no_proxy", ["", "egistry.example", "registry.example:443", "registry", "10.0.0.0/8", ","])
def test_what_no_proxy_does_not_name_is_not(no_proxy: str) -> None:
    assert proxy_for("https://registry.example:8443", https_proxy=PROXY, NO_PROXY=no_proxy) == PROXY


@pytest.mark.parametrize("no_proxy", ["10.0.0.0/8", "10.1.2.3", "10.1.2.3:5000"])
def test_no_proxy_may_name_networks(no_proxy: str) -> None:
    assert proxy_for("https://10.1.2.3:5000", https_proxy=PROXY, no_proxy=no_proxy) is None


def test_a_proxy_of_another_kind_is_told() -> None:
    with pytest.raises(RegistryError, match=r"a proxy of the kind `socks5` cannot be used"):
        proxy_for("https://registry.example", https_proxy="socks5://proxy.example")


def test_a_proxy_gets_its_password_and_the_registry_does_not_see_it() -> None:
    with serving(OddRegistry()) as proxy:
        network = Network(proxies=(("http", proxy.url.replace("//", "//kiosk:open%20sesame@")),))
        registry = registry_at("registry.example", network=network, plain_http=True)
        assert registry.head_manifest("a", "1") is None
        assert proxy.seen[0].path == "http://registry.example/v2/a/manifests/1"
        assert proxy.seen[0].headers["proxy-authorization"] == "Basic a2lvc2s6b3BlbiBzZXNhbWU="


def test_a_proxy_that_is_not_there_is_told() -> None:
    with serving(OddRegistry()) as gone:
        url = gone.url
    registry = registry_at("registry.example", network=Network(proxies=(("https", url),)))
    with pytest.raises(RegistryError, match=r"the proxy to `registry.example` does not let through"):
        registry.head_manifest("a", "1")


def test_a_bundle_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        with pytest.raises(RegistryError, match=rf"the CA bundle `{path}` cannot be read"):
            Network.of({"REQUESTS_CA_BUNDLE": str(path)}).tls_context()


def test_a_host_that_nobody_knows_is_told() -> None:
    with pytest.raises(RegistryError, match=r"the host `registry.invalid` is not known"):
        registry_at("registry.invalid").head_manifest("a", "1")
