"""Users and passwords as `docker login` and `podman login` keep them: files, and helpers that keep them elsewhere.

Nothing found here is logged, shown or written; the values keep it out of their `repr`.
"""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import credential_names

_HELPER_TIMEOUT_S = 60.0  # it may ask a person
_SHOWN = 200  # characters of a helper's own words
_NOTHING_KEPT = "credentials not found"  # what every helper says on stdout where it has none
_TOKEN_USER = "<token>"  # the user by which a helper says that its secret is an identity token
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


class _File(msgspec.Struct):
    auths: dict[str, _Kept] = {}
    cred_helpers: dict[str, str] = msgspec.field(default_factory=dict, name="credHelpers")
    creds_store: str = msgspec.field(default="", name="credsStore")


class _Helped(msgspec.Struct):
    username: str = msgspec.field(default="", name="Username")
    secret: str = msgspec.field(default="", name="Secret")


def find_login(host: str, environ: Mapping[str, str] | None = None) -> Login | None:
    """The login for the registry `host`, None where there is none.

    Looked for in Docker's `config.json` (DOCKER_CONFIG names its folder), then in Podman's `auth.json`
    (REGISTRY_AUTH_FILE names it). Raises RegistryError for a file or helper that cannot be used.
    """
    environ = os.environ if environ is None else environ
    found = (_login_in(path, host, environ) for path in _files(environ))
    return next((login for login in found if login), None)


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or Path.home())
    yield Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    if named := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    elif runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers/auth.json"


def _login_in(path: Path, host: str, environ: Mapping[str, str]) -> Login | None:
    try:
        config = msgspec.json.decode(path.read_bytes(), type=_File)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RegistryError(f"the credentials in `{path}` cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RegistryError(f"the credentials in `{path}` cannot be read: {error}") from error
    names = credential_names(host)
    helper = next((config.cred_helpers[name] for name in names if name in config.cred_helpers), config.creds_store)
    helped = _ask_helper(helper, names, environ) if helper else None
    return helped or next((_kept(config.auths[name], path) for name in names if name in config.auths), None)


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


def _ask_helper(helper: str, names: Iterable[str], environ: Mapping[str, str]) -> Login | None:
    if not helper.replace("-", "").replace("_", "").replace(".", "").isalnum():  # it becomes a program's name
        raise RegistryError(f"`{helper}` is no name of a credential helper")
    found = (_ask_once(f"docker-credential-{helper}", name, environ) for name in names)
    return next((login for login in found if login), None)


def _ask_once(program: str, name: str, environ: Mapping[str, str]) -> Login | None:
    try:
        done = subprocess.run(
            [program, "get"],
            input=name.encode(),
            capture_output=True,
            timeout=_HELPER_TIMEOUT_S,
            env=dict(environ),
            check=False,
        )
    except OSError as error:
        hint = "install it, or take it out of Docker's config.json"
        raise RegistryError(f"the credential helper `{program}` does not run: {error.strerror}", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise RegistryError(f"the credential helper `{program}` gave no answer in {_HELPER_TIMEOUT_S:.0f} s") from error
    if done.returncode and _NOTHING_KEPT in done.stdout.decode(errors="replace"):
        return None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[:_SHOWN]
        raise RegistryError(f"the credential helper `{program}` failed{f': {said}' if said else ''}")
    try:
        helped = msgspec.json.decode(done.stdout, type=_Helped)
    except msgspec.DecodeError as error:
        raise RegistryError(f"the credential helper `{program}` gave no credentials: {error}") from None
    if not helped.secret:
        return None
    if helped.username == _TOKEN_USER:
        return Login("", identity_token=helped.secret)
    return Login(helped.username, helped.secret)
