"""Credential helpers: programs `docker-credential-NAME` that keep credentials in a keychain, in Docker's protocol.

Which verb it is stands on the command line; what is secret goes by pipes, and is in no message. A helper may ask a
person, which is waited for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ekiben.errors import RegistryError

_TIMEOUT_S = 60.0  # it may ask a person
_SHOWN = 200  # characters of its own words
_NOTHING_KEPT = "credentials not found"  # what every helper says where it has none


@dataclass(frozen=True, slots=True)
class Secret:
    """A user and what proves it, as a helper keeps them."""

    username: str
    secret: str = field(repr=False)


class _Stored(msgspec.Struct):
    username: str = msgspec.field(default="", name="Username")
    secret: str = msgspec.field(default="", name="Secret")
    server: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="ServerURL")


@dataclass(frozen=True, slots=True)
class CredentialHelper:
    """The helper that a configuration calls `name`, found on the PATH of `environ`. A `server` is a key of Docker's
    configuration. All methods raise RegistryError for one that does not run, fails, or takes too long."""

    name: str
    environ: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.name.replace("-", "").replace("_", "").replace(".", "").isalnum():  # it becomes a program's name
            raise RegistryError(f"`{self.name}` is no name of a credential helper")

    @property
    def program(self) -> str:
        """As it lies on the PATH."""
        return f"docker-credential-{self.name}"

    def get(self, server: str) -> Secret | None:
        """What it keeps for `server`, None where that is nothing."""
        done = self._run("get", server.encode())
        if done.returncode and _NOTHING_KEPT in _text(done.stdout):
            return None
        if done.returncode:
            raise self._failed(_text(done.stderr))
        try:
            stored = msgspec.json.decode(done.stdout, type=_Stored)
        except msgspec.DecodeError as error:
            raise RegistryError(f"the credential helper `{self.program}` gave no credentials: {error}") from None
        return Secret(stored.username, stored.secret) if stored.secret else None

    def store(self, server: str, secret: Secret) -> None:
        """Has it keep that for `server`, in place of what it kept."""
        done = self._run("store", msgspec.json.encode(_Stored(secret.username, secret.secret, server)))
        if done.returncode:
            raise self._failed(_text(done.stderr or done.stdout).replace(secret.secret, "***"))

    def erase(self, server: str) -> None:
        """Has it keep nothing for `server`."""
        done = self._run("erase", server.encode())
        said = _text(done.stderr or done.stdout)
        if done.returncode and _NOTHING_KEPT not in said:
            raise self._failed(said)

    def _run(self, verb: str, content: bytes) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [self.program, verb],
                input=content,
                capture_output=True,
                timeout=_TIMEOUT_S,
                env=dict(self.environ),
                check=False,
            )
        except OSError as error:
            text = f"the credential helper `{self.program}` does not run: {error.strerror}"
            raise RegistryError(text, hint="install it, or take it out of Docker's config.json") from error
        except subprocess.TimeoutExpired:
            raise RegistryError(
                f"the credential helper `{self.program}` gave no answer in {_TIMEOUT_S:.0f} s"
            ) from None

    def _failed(self, said: str) -> RegistryError:
        return RegistryError(f"the credential helper `{self.program}` failed{f': {said[:_SHOWN]}' if said else ''}")


def _text(output: bytes) -> str:
    return output.decode(errors="replace").strip()
