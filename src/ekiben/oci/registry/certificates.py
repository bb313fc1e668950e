"""Certificates for single registries, as Docker and Podman lay them out: a folder for each, called `host[:port]`.

    *.crt             authorities that are trusted for that registry, besides all others
    *.cert, *.key     a certificate by which the registry knows who asks, and its key: two files of one name

They count for that host and port alone: no redirect, token service or proxy is shown a certificate of another.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin, default_port
from ekiben.oci.registry.credentials import docker_folder
from ekiben.settings import REGISTRY_CERTIFICATES

_OF_THE_MACHINE = (Path("/etc/docker/certs.d"), Path("/etc/containers/certs.d"))


@dataclass(frozen=True, slots=True)
class Certificates:
    """What there is for one registry. `clients` are pairs of certificate and key."""

    authorities: tuple[Path, ...] = ()
    clients: tuple[tuple[Path, Path], ...] = ()

    def load_into(self, context: ssl.SSLContext) -> None:
        """Has connections of `context` use them. Raises RegistryError for what cannot be read."""
        for path in self.authorities:
            load_authorities(context, path)
        for certificate, key in self.clients:
            try:
                context.load_cert_chain(certificate, key, password="")  # without one, OpenSSL asks on the terminal
            except (OSError, ssl.SSLError) as error:
                why = error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else "they do not fit"
                raise RegistryError(
                    f"the certificate `{certificate}` and its key cannot be used: {why}",
                    hint="both are PEM, and the key has no passphrase",
                ) from error


def certificate_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the folders of registries are, Docker's and Podman's: the user's own before the machine's."""
    named = environ.get(REGISTRY_CERTIFICATES)
    settled = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    own = (docker_folder(environ) / "certs.d", settled / "containers/certs.d")
    return (*((Path(named),) if named else ()), *own, *_OF_THE_MACHINE)


def find_certificates(folders: tuple[Path, ...], origin: Origin) -> Certificates:
    """Those in the first folder that has one for `origin`. Raises RegistryError for half of a pair."""
    found = next((folder for folder in _candidates(folders, origin) if _is_there(folder)), None)
    if found is None or origin.is_plain:
        return Certificates()
    try:
        names = {path.name: path for path in sorted(found.iterdir())}
    except OSError as error:
        raise RegistryError(f"the certificates in `{found}` cannot be read: {error.strerror}") from error
    clients = []
    for name, path in names.items():
        other = {".cert": ".key", ".key": ".cert"}.get(path.suffix)
        partner = names.get(f"{path.stem}{other}") if other else None
        if other and partner is None:
            hint = "authorities end in `.crt`, a client's certificate in `.cert`"
            raise RegistryError(f"beside `{path}` there is no `{path.stem}{other}`", hint=hint)
        if partner and path.suffix == ".cert":
            clients.append((names[name], partner))
    return Certificates(tuple(path for path in names.values() if path.suffix == ".crt"), tuple(clients))


def load_authorities(context: ssl.SSLContext, path: Path) -> None:
    """Has `context` trust the certificates in a file or folder. Raises RegistryError."""
    try:
        context.load_verify_locations(**{"capath" if path.is_dir() else "cafile": str(path)})
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(f"the CA bundle `{path}` cannot be read: {error}") from error


def _candidates(folders: tuple[Path, ...], origin: Origin) -> Iterator[Path]:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    for folder in folders:
        yield folder / f"{host}:{origin.port}"
        if origin.port == default_port(origin.scheme):
            yield folder / host


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except PermissionError:  # an engine's own, kept from its users
        return False
