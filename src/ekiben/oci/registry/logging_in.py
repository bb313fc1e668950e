"""`log_in`: who one is, shown to a registry before it is kept, as `docker login` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.errors import AccessDenied
from ekiben.oci.registry.credentials import Login
from ekiben.oci.registry.logins import KeptIn, keep_login
from ekiben.oci.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login that was kept. `is_checked` is false where the registry asked nobody who he is."""

    kept_in: KeptIn
    is_checked: bool


def log_in(host: str, login: Login, environ: Mapping[str, str]) -> LoggedIn:
    """Shows `login` to the registry at `host`, and keeps it, or the identity token that the registry gives for it.

    Raises AccessDenied where the registry does not know it, and RegistryError; nothing is kept then.
    """
    client = Registry.open(host, environ=environ, login=lambda: login).client
    authorizer = client.authorizer
    authorizer.wants_identity = True
    try:
        with client.call("GET", client.root, ()) as answer:
            if answer.status != 200:
                raise client.refusal(answer, "API of registries")
    except AccessDenied as error:
        hint = "look at the user and the password; some registries want a token of their own instead of a password"
        raise AccessDenied(f"`{host}` does not know `{login.username}` with that password", hint=hint) from error
    token = authorizer.identity_token
    known = Login(login.username, identity_token=token) if token else login
    return LoggedIn(keep_login(host, known, environ), authorizer.has_login)
