"""`ekiben login`, `logout`: who one is at a registry. Passwords come from a terminal or a pipe, never as arguments."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ekiben.cli.state import State, state_of
from ekiben.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from ekiben.oci.registry.credentials import Login

_LONGEST = 64 * 1024  # characters of a password: some are files of keys
_TO_LOG_IN_ELSEWHERE = "pipe the password in: `... | ekiben login REGISTRY -u USER --password-stdin`"

RegistryArgument: TypeAlias = Annotated[str, typer.Argument(metavar="REGISTRY", help="Its host, or host:port.")]


def log_in(
    ctx: typer.Context,
    registry: RegistryArgument,
    username: Annotated[str | None, typer.Option("--username", "-u", metavar="USER", help="Who.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    password: Annotated[str | None, typer.Option("--password", "-p", hidden=True)] = None,
) -> None:
    """Log in to a registry: the password is checked, and kept where `docker login` keeps it."""
    from ekiben.oci.registry.addresses import registry_host
    from ekiben.oci.registry.logging_in import log_in as log_in_to

    if password is not None:
        raise UsageError(
            "a password on the command line can be read by every process, and shells keep it",
            hint=f"leave `-p` out to be asked, or {_TO_LOG_IN_ELSEWHERE}",
        )
    state, host = state_of(ctx), registry_host(registry)
    login = _piped_login(username) if password_stdin else _asked_login(state, host, username)
    done = log_in_to(host, login, state.settings.variables(os.environ))
    where = f"{'by' if done.kept_in.is_helper else 'in'} `{done.kept_in.place}`"
    state.reporter.info(f"logged in to `{host}` as `{login.username}`; kept {where}")
    if not done.is_checked:
        state.reporter.warn(f"`{host}` asks nobody who he is: the password was not checked")
    if not done.kept_in.is_helper:
        state.reporter.warn(
            f"`{done.kept_in.place}` is not encrypted: whoever reads your files reads the login",
            hint="name a credential helper as `credsStore` in it, and log in again",
        )


def log_out(ctx: typer.Context, registry: RegistryArgument) -> None:
    """Forget the login for a registry."""
    from ekiben.oci.registry.addresses import registry_host
    from ekiben.oci.registry.credentials import find_login
    from ekiben.oci.registry.logins import forget_login

    state, host = state_of(ctx), registry_host(registry)
    environ = state.settings.variables(os.environ)
    was_kept = forget_login(host, environ)
    state.reporter.info(f"logged out of `{host}`" if was_kept else f"there was no login for `{host}`")
    if find_login(host, environ):
        hint = f"`podman logout {host}`, or look at what REGISTRY_AUTH_FILE names"
        state.reporter.warn(f"Podman still keeps a login for `{host}`, which ekiben uses, too", hint=hint)


def _piped_login(username: str | None) -> Login:
    from ekiben.oci.registry.credentials import Login

    if username is None:
        raise UsageError("with --password-stdin it has to be said who logs in", hint="pass --username USER")
    password = sys.stdin.read(_LONGEST + 1).removesuffix("\n").removesuffix("\r")
    if not password or len(password) > _LONGEST:
        raise UsageError(f"what came from stdin is no password: {'too long' if password else 'it is empty'}")
    return Login(_checked(username), password)


def _asked_login(state: State, host: str, username: str | None) -> Login:
    from ekiben.oci.registry.credentials import Login, find_login

    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for a password on", hint=_TO_LOG_IN_ELSEWHERE)
    try:
        if username is None:
            known = find_login(host, state.settings.variables(os.environ))
            username = str(typer.prompt("user", default=known.username if known and known.username else None, err=True))
        password = str(typer.prompt("password", hide_input=True, err=True))
    except typer.Abort:
        raise Interrupted("stopped; no login was changed") from None
    return Login(_checked(username), password)


def _checked(username: str) -> str:
    """A user that HTTP can carry beside a password (RFC 7617)."""
    if not username or ":" in username or not username.isprintable():
        raise UsageError(f"`{username}` is no user: a colon ends it")
    return username
