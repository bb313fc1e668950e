"""Users and passwords as `docker login` and `podman login` keep them: files, and helpers that keep them elsewhere.

Nothing found here is logged, shown or written; the values keep it out of their `repr`.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import credential_names
from ekiben.oci.registry.credential_helpers import CredentialHelper

TOKEN_USER = "<token>"  # the user by which a helper says that its secret is an identity token
_ANONYMOUS = "00000000-0000-0000-0000-000000000000"  # the user beside an identity token in a file


@dataclass(frozen=True, slots=True)
class Login:
    """A user and password, or the identity token that stands for both."""

    username: str
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class _Kept(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""


class DockerConfig(msgspec.Struct):
    """What Docker's and Podman's files say of credentials."""

    auths: dict[str, _Kept] | None = None
    cred_helpers: dict[str, str] | None = msgspec.field(default=None, name="credHelpers")
    creds_store: str = msgspec.field(default="", name="credsStore")

    @classmethod
    def parse(cls, content: bytes, path: Path) -> DockerConfig:
        """What the file `path` holds. Raises RegistryError, which quotes nothing of it."""
        try:
            return msgspec.json.decode(content, type=cls)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RegistryError(f"the credentials in `{path}` cannot be read: {error}") from error

    def helper_for(self, host: str, environ: Mapping[str, str]) -> CredentialHelper | None:
        """What keeps the credentials for `host` elsewhere; None where they are in the file itself."""
        helpers = self.cred_helpers or {}
        name = next((helpers[name] for name in credential_names(host) if name in helpers), self.creds_store)
        return CredentialHelper(name, environ) if name else None


def find_login(host: str, environ: Mapping[str, str] | None = None) -> Login | None:
    """The login for the registry `host`, None where there is none.

    Looked for in Docker's `config.json` (DOCKER_CONFIG names its folder), then in Podman's `auth.json`
    (REGISTRY_AUTH_FILE names it). Raises RegistryError for a file or helper that cannot be used.
    """
    environ = os.environ if environ is None else environ
    found = (_login_in(path, host, environ) for path in _files(environ))
    return next((login for login in found if login), None)


def docker_folder(environ: Mapping[str, str]) -> Path:
    """Where Docker's command keeps its configuration."""
    return Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or Path.home()) / ".docker")


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    yield docker_folder(environ) / "config.json"
    if named := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    elif runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers/auth.json"


def _login_in(path: Path, host: str, environ: Mapping[str, str]) -> Login | None:
    try:
        config = DockerConfig.parse(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RegistryError(f"the credentials in `{path}` cannot be read: {error.strerror}") from error
    helper, names, kept = config.helper_for(host, environ), credential_names(host), config.auths or {}
    helped = _helped(helper, names) if helper else None
    return helped or next((_kept(kept[name], path) for name in names if name in kept), None)


def _kept(kept: _Kept, path: Path) -> Login | None:
    username, password = kept.username, kept.password
    if kept.auth:
        try:
            username, _, password = base64.b64decode(kept.auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise RegistryError(f"an `auth` in `{path}` is no base64 of user and password") from error
    if kept.identitytoken:
        return Login("" if username == _ANONYMOUS else username, identity_token=kept.identitytoken)
    return Login(username, password.rstrip("\0")) if username else None


def _helped(helper: CredentialHelper, names: Iterable[str]) -> Login | None:
    found = next((secret for secret in map(helper.get, names) if secret), None)
    if found is None:
        return None
    if found.username == TOKEN_USER:
        return Login("", identity_token=found.secret)
    return Login(found.username, found.secret)
