"""Certificates of single registries: which are found for whom, and what real registries make of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin
from ekiben.oci.registry.certificates import Certificates, certificate_folders, find_certificates
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.certificates import FAR_HOST, make_certificates
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import HASTY, blob_of
from tests.oci.registry.tunnel import Tunnel, tunnelling

TLS = Origin("https", "registry.example", 5000)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with an authority, and a server and a client that it vouches for."""
    (tmp_path / "made").mkdir()
    return make_certificates(tmp_path / "made")[0].parent


@pytest.fixture
def mutual(tmp_path: Path, certificates: Path) -> Iterator[RealRegistry]:
    """A registry that talks to those alone whom the authority vouches for."""
    authority, server = certificates / "authority.pem", certificates / "server.pem"
    running = RealRegistry(tmp_path / "registry", certificate=server, authority=authority)
    running.start()
    yield running
    running.kill()


def put(folder: Path, certificates: Path, *, authority: bool = True, client: bool = True) -> Path:
    """Fills the folder of a registry."""
    folder.mkdir(parents=True)
    if authority:
        shutil.copy(certificates / "authority.pem", folder / "ca.crt")
    if client:
        shutil.copy(certificates / "client.cert", folder)
        shutil.copy(certificates / "client.key", folder)
    return folder


def touch(folder: Path, *names: str) -> Path:
    """A folder with empty files."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("registry.example:5000", "https://registry.example:5000"),
        ("registry.example", "https://registry.example"),
        ("registry.example:443", "https://registry.example"),
        ("[::1]:5000", "https://[::1]:5000"),
    ],
)
def test_a_registrys_folder_has_its_name(tmp_path: Path, name: str, url: str) -> None:
    folder = touch(tmp_path / name, "ca.crt", "client.cert", "client.key", "README")
    found = find_certificates((tmp_path / "none", tmp_path), Origin.of(url))
    assert found == Certificates((folder / "ca.crt",), ((folder / "client.cert", folder / "client.key"),))


@pytest.mark.parametrize("url", ["https://registry.example", "http://registry.example:5000", "https://example:5000"])
def test_others_get_none_of_it(tmp_path: Path, url: str) -> None:
    touch(tmp_path / "registry.example:5000", "ca.crt")
    assert find_certificates((tmp_path,), Origin.of(url)) == Certificates()


def test_the_first_folder_that_has_one_counts(tmp_path: Path) -> None:
    first = touch(tmp_path / "1/registry.example:5000", "a.crt")
    touch(tmp_path / "2/registry.example:5000", "b.crt")
    assert find_certificates((tmp_path / "1", tmp_path / "2"), TLS) == Certificates((first / "a.crt",))


@pytest.mark.parametrize(("there", "missing"), [("client.cert", "client.key"), ("client.key", "client.cert")])
def test_half_of_a_pair_is_told(tmp_path: Path, there: str, missing: str) -> None:
    touch(tmp_path / "registry.example:5000", there)
    with pytest.raises(RegistryError, match=rf"beside `.*{there}` there is no `{missing}`"):
        find_certificates((tmp_path,), TLS)


def test_folders_are_the_users_before_the_machines() -> None:
    machines = ["/etc/docker/certs.d", "/etc/containers/certs.d"]
    environ = {"HOME": "/home/kiosk", "EKIBEN_REGISTRY_CERTIFICATES": "/mine"}
    own = ["/mine", "/home/kiosk/.docker/certs.d", "/home/kiosk/.config/containers/certs.d"]
    assert [str(one) for one in certificate_folders(environ)] == [*own, *machines]
    elsewhere = certificate_folders({"DOCKER_CONFIG": "/d", "XDG_CONFIG_HOME": "/x"})
    assert [str(one) for one in elsewhere] == ["/d/certs.d", "/x/containers/certs.d", *machines]


@pytest.mark.parametrize("variable", ["EKIBEN_REGISTRY_CERTIFICATES", "DOCKER_CONFIG"])
def test_a_registry_that_wants_a_certificate_gets_it(
    mutual: RealRegistry, certificates: Path, tmp_path: Path, variable: str
) -> None:
    folder = tmp_path / "mine"
    put((folder / "certs.d" if variable == "DOCKER_CONFIG" else folder) / mutual.host, certificates)
    registry = Registry.open(mutual.host, environ={variable: str(folder), "HOME": "/none"})
    blob, open_content = blob_of(100_000)
    registry.push_blob("a", blob, open_content)
    assert b"".join(registry.get_blob("a", blob)) == open_content().read()


def test_without_one_the_registry_is_not_talked_to_and_what_helps_is_told(
    mutual: RealRegistry, certificates: Path, tmp_path: Path
) -> None:
    put(tmp_path / "mine" / mutual.host, certificates, client=False)
    environ = {"EKIBEN_REGISTRY_CERTIFICATES": str(tmp_path / "mine"), "HOME": "/none"}
    with pytest.raises(RegistryError, match="`localhost` wants a client's certificate") as refused:
        Registry.open(mutual.host, environ=environ, patience=HASTY).head_manifest("a", "1")
    assert f"certs.d/{mutual.host}" in (refused.value.hint or "")


def test_an_authority_for_one_registry_is_trusted_for_no_other(
    mutual: RealRegistry, certificates: Path, tmp_path: Path
) -> None:
    put(tmp_path / "mine" / "other.example", certificates)
    put(tmp_path / "mine" / mutual.host, certificates, authority=False)
    environ = {"EKIBEN_REGISTRY_CERTIFICATES": str(tmp_path / "mine"), "HOME": "/none"}
    with pytest.raises(RegistryError, match="the certificate of `localhost` is not trusted"):
        Registry.open(mutual.host, environ=environ, patience=HASTY).head_manifest("a", "1")


def test_a_certificate_goes_through_a_proxy(mutual: RealRegistry, certificates: Path, tmp_path: Path) -> None:
    put(tmp_path / "mine" / FAR_HOST, certificates)
    with tunnelling(Tunnel(mutual.port)) as tunnel:
        environ = {
            "https_proxy": f"http://{tunnel.host}",
            "EKIBEN_REGISTRY_CERTIFICATES": str(tmp_path / "mine"),
            "HOME": "/none",
        }
        assert Registry.open(FAR_HOST, environ=environ).head_manifest("a", "1") is None


def test_a_proxy_in_tls_is_not_shown_the_certificate_for_the_registry(
    mutual: RealRegistry, certificates: Path, tmp_path: Path
) -> None:
    put(tmp_path / "mine" / FAR_HOST, certificates, authority=False)
    blob, open_content = blob_of(300_000)
    with tunnelling(Tunnel(mutual.port, certificates / "server.pem")) as tunnel:
        environ = {
            "https_proxy": f"https://{tunnel.host}",
            "SSL_CERT_FILE": str(certificates / "authority.pem"),
            "EKIBEN_REGISTRY_CERTIFICATES": str(tmp_path / "mine"),
            "HOME": "/none",
        }
        registry = Registry.open(FAR_HOST, environ=environ)
        registry.push_blob("a", blob, open_content)
        assert b"".join(registry.get_blob("a", blob)) == open_content().read()
        assert set(tunnel.asked) == {f"{FAR_HOST}:443"}
        assert all(not one for one in tunnel.shown)


@pytest.mark.parametrize("name", ["ca.crt", "client.cert", "client.key"])
def test_a_file_that_holds_none_is_told(certificates: Path, tmp_path: Path, name: str) -> None:
    folder = put(tmp_path / "mine" / "registry.example", certificates)
    (folder / name).write_text("none")
    environ = {"EKIBEN_REGISTRY_CERTIFICATES": str(tmp_path / "mine"), "HOME": "/none"}
    with pytest.raises(RegistryError, match=r"ca.crt` cannot be read|client.cert` and its key cannot be used"):
        Registry.open("registry.example", environ=environ).head_manifest("a", "1")
