"""Hosts, URLs and where a Location leads."""

from __future__ import annotations

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin, api_url, credential_names, follow, is_loopback, with_query


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "registry.localhost", "localhost:5000"]
)
def test_this_machine_is_spoken_to_in_plain_http(host: str) -> None:
    assert api_url(host) == f"http://{host}/v2/"
    assert api_url(host, plain_http=False) == f"https://{host}/v2/"


@pytest.mark.parametrize("host", ["registry.example", "10.0.0.1:5000", "localhost.example", "127.0.0.1.example"])
def test_every_other_is_spoken_to_in_tls_unless_asked(host: str) -> None:
    assert api_url(host) == f"https://{host}/v2/"
    assert api_url(host, plain_http=True) == f"http://{host}/v2/"


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "user@registry.example", "registry.example:port", "a:1:2", "-a", "é"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(RegistryError, match="is no host of a registry"):
        api_url(host)


def test_the_default_registry_has_an_older_name_in_the_api_and_in_dockers_configuration() -> None:
    assert api_url("docker.io") == "https://index.docker.io/v2/"
    assert credential_names("docker.io")[0] == "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/a/blobs/uploads/1?state=x%2F", "https://registry.example/v2/a/blobs/uploads/1?state=x%2F"),
        ("1?state=x", "https://registry.example/v2/a/1?state=x"),
        ("https://blobs.example/x?signature=a%3D", "https://blobs.example/x?signature=a%3D"),
        ("http://registry.example/v2/x?a", "https://registry.example/v2/x?a"),
    ],
)
def test_a_location_leads_somewhere(location: str, target: str) -> None:
    assert follow("https://registry.example/v2/a/", location) == target


def test_the_port_of_a_registry_behind_a_proxy_is_kept() -> None:
    assert follow("https://registry.example:8443/v2/a", "http://registry.example:8443/b") == (
        "https://registry.example:8443/b"
    )


@pytest.mark.parametrize(
    "location", ["http://blobs.example/x", "http://registry.example:8080/x", "ftp://x/", "file:///etc/passwd", "//[x"]
)
def test_no_location_leads_out_of_tls_or_out_of_http(location: str) -> None:
    with pytest.raises(RegistryError):
        follow("https://registry.example/v2/a", location)


def test_origins_are_equal_whatever_they_leave_out() -> None:
    assert Origin.of("https://Registry.example/a") == Origin.of("https://registry.example:443/b")
    assert Origin.of("http://registry.example:443/") != Origin.of("https://registry.example:443/")


@pytest.mark.parametrize("url", ["", "registry.example", "ftp://x", "https://", "https://x:y/", "https://[x/"])
def test_what_is_no_url_of_http_is_refused(url: str) -> None:
    with pytest.raises(RegistryError):
        Origin.of(url)


def test_a_query_is_added_to_and_not_rewritten() -> None:
    assert with_query("https://x/a?state=%2f+b", ("digest", "sha256:0")) == "https://x/a?state=%2f+b&digest=sha256:0"
    assert with_query("https://x/a", ("from", "a/b"), ("service", "a b&c")) == "https://x/a?from=a/b&service=a%20b%26c"


def test_loopback_is_no_matter_of_names_that_look_like_it() -> None:
    assert not is_loopback("127.0.0.1.example")
    assert not is_loopback("localhostess")
