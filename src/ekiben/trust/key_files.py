"""Where keys and their passphrases come from: files and environment variables, and where new keys go.

A key or a passphrase is never an argument: other processes and the shell's history see those.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ekiben.errors import PathNotFound, UnusableKey, UsageError
from ekiben.trust.keys import (
    PrivateKey,
    PublicKey,
    generate_key,
    is_encrypted,
    parse_private_key,
    parse_public_key,
)

PASSWORD = "EKIBEN_KEY_PASSWORD"
PASSWORD_FILE = "EKIBEN_KEY_PASSWORD_FILE"
VARIABLE_PREFIX = "env://"  # cosign's way to name a variable that holds a key
_MAX_BYTES = 64 * 1024  # of a key or a passphrase

AskPassword = Callable[[str], str]  # a question for people, and what they typed


def read_public_key(place: str, environ: Mapping[str, str] = os.environ) -> PublicKey:
    """The public key in a PEM file, or in the variable that `env://NAME` names. Raises UnusableKey, PathNotFound."""
    return parse_public_key(_read(place, environ), place)


def read_private_key(place: str, environ: Mapping[str, str] = os.environ, ask: AskPassword | None = None) -> PrivateKey:
    """The private key in a PEM file, or in the variable that `env://NAME` names.

    The passphrase of an encrypted one comes from EKIBEN_KEY_PASSWORD, from the file that EKIBEN_KEY_PASSWORD_FILE
    names, or from `ask`. Raises UnusableKey, PathNotFound.
    """
    pem = _read(place, environ)
    return parse_private_key(pem, place, _password(place, environ, ask) if is_encrypted(pem) else None)


def write_key_pair(name: str, environ: Mapping[str, str] = os.environ, ask: AskPassword | None = None) -> PrivateKey:
    """A new key pair in `NAME.key` (mode 0600) and `NAME.pub`. Raises UsageError where one of them exists.

    The passphrase comes from where `read_private_key` has it; an empty one leaves the key unencrypted.
    """
    private, public = Path(f"{name}.key"), Path(f"{name}.pub")
    for path in (private, public):
        if os.path.lexists(path):
            raise UsageError(f"`{path}` exists", hint="choose another name: a key that is gone verifies nothing")
    key = generate_key(str(private))
    _write(private, key.to_pem(_password(str(private), environ, ask)), 0o600)
    _write(public, key.public.pem, 0o644)
    return key


def _read(place: str, environ: Mapping[str, str]) -> bytes:
    if "-----BEGIN" in place:  # and never in a message
        raise UsageError(
            "a key is given in plain on the command line, where others can read it",
            hint=f"name a file, or a variable as `{VARIABLE_PREFIX}NAME`",
        )
    if place.startswith(VARIABLE_PREFIX):
        name = place.removeprefix(VARIABLE_PREFIX)
        if not environ.get(name):
            raise UnusableKey(f"the variable `{name}` that is to hold a key is not set")
        return environ[name].encode()
    return _read_file(Path(place).expanduser(), "key")


def _read_file(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise PathNotFound(f"there is no {what} `{path}`") from error
    except OSError as error:
        raise UnusableKey(f"the {what} `{path}` cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise UnusableKey(f"`{path}` is too large to be a {what}")
    return content


def _password(place: str, environ: Mapping[str, str], ask: AskPassword | None) -> str:
    if PASSWORD in environ:
        return environ[PASSWORD]
    if environ.get(PASSWORD_FILE):
        content = _read_file(Path(environ[PASSWORD_FILE]).expanduser(), "passphrase")
        return content.removesuffix(b"\n").removesuffix(b"\r").decode(errors="surrogateescape")
    if ask is None:
        raise UnusableKey(
            f"`{place}` needs a passphrase, and there is no terminal to ask on",
            hint=f"set {PASSWORD}, or {PASSWORD_FILE} to a file that holds it",
        )
    return ask(f"passphrase of {place}")


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise UnusableKey(f"`{path}` cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
