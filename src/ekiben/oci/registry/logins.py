"""Logins kept and forgotten where `docker login` keeps them, so that all who read Docker's configuration share them.

A credential helper gets the secret where the configuration names one for the host; else it stands in `config.json`,
which its owner alone may read. What else is in that file stays as it is.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import RegistryError
from ekiben.oci.drafts import put_over
from ekiben.oci.locking import locked_file
from ekiben.oci.registry.addresses import credential_names
from ekiben.oci.registry.credential_helpers import Secret
from ekiben.oci.registry.credentials import TOKEN_USER, DockerConfig, Login, docker_folder

_MODE, _FOLDER_MODE = 0o600, 0o700
_OURS = ("auth", "username", "password", "identitytoken", "registrytoken")  # the fields of an entry that say who
_DRAFT = ".new-config.json"


@dataclass(frozen=True, slots=True)
class KeptIn:
    """Where a login is: a program's name, or a file that anybody can read who reads this user's files."""

    place: str
    is_helper: bool


def keep_login(host: str, login: Login, environ: Mapping[str, str]) -> KeptIn:
    """Keeps the login for `host`, in place of another. Raises RegistryError for a configuration or helper that cannot
    be used; nothing is changed then."""
    name = credential_names(host)[0]
    with _changing(docker_folder(environ)) as file:
        helper = file.config.helper_for(host, environ)
        if helper is None:
            entry = {key: value for key, value in file.entry(name).items() if key not in _OURS}
            file.write({**file.entries(), name: {**entry, **_written(login)}})
            return KeptIn(str(file.path), is_helper=False)
        helper.store(name, _secret(login))
        file.write({**file.entries(), name: {}})  # by which Docker's own command knows of it
        return KeptIn(helper.program, is_helper=True)


def forget_login(host: str, environ: Mapping[str, str]) -> bool:
    """Forgets the logins for `host` in Docker's configuration, under every name; whether there were any. Raises as
    `keep_login`."""
    names = credential_names(host)
    if not (docker_folder(environ) / "config.json").is_file():
        return False
    with _changing(docker_folder(environ)) as file:
        helper = file.config.helper_for(host, environ)
        kept = [name for name in names if helper and helper.get(name)]
        for name in kept:
            if helper:
                helper.erase(name)
        left = {name: entry for name, entry in file.entries().items() if name not in names}
        is_listed = left != file.entries()
        if is_listed:
            file.write(left)
    return bool(kept) or is_listed


@dataclass(frozen=True, slots=True)
class _ConfigFile:
    """Docker's file while it is locked: what it says, all that it holds, and how it is replaced."""

    path: Path
    config: DockerConfig
    content: Mapping[str, object]
    replace: Callable[[bytes], None]

    def entries(self) -> dict[str, object]:
        """What it holds for each host."""
        entries = self.content.get("auths")
        return dict(entries) if isinstance(entries, dict) else {}

    def entry(self, name: str) -> dict[str, object]:
        """What it holds for one."""
        entry = self.entries().get(name)
        return dict(entry) if isinstance(entry, dict) else {}

    def write(self, entries: Mapping[str, object]) -> None:
        """Has it hold these entries, and everything else as before."""
        text = json.dumps({**self.content, "auths": entries}, indent="\t", ensure_ascii=False)
        self.replace(f"{text}\n".encode())


@contextmanager
def _changing(folder: Path) -> Iterator[_ConfigFile]:
    """The file in `folder`, for one process at a time. What it was is what it is until it is replaced by one rename."""
    path = Path(os.path.realpath(folder / "config.json"))  # often a link into a folder that is kept elsewhere
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        draft = path.with_name(_DRAFT)
        with locked_file(draft) as stream, ExitStack() as undoing:
            undoing.callback(draft.unlink, missing_ok=True)
            os.fchmod(stream.fileno(), _MODE)  # before a secret is in it

            def replace(content: bytes) -> None:
                stream.truncate(0)
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
                put_over(draft, path)
                undoing.pop_all()  # what has that name now is another's

            content = path.read_bytes() if path.exists() else b"{}"
            yield _ConfigFile(path, DockerConfig.parse(content, path), json.loads(content), replace)
    except OSError as error:
        raise RegistryError(f"the credentials in `{path}` cannot be changed: {error.strerror}") from error


def _written(login: Login) -> dict[str, str]:
    auth = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    return {"auth": auth, **({"identitytoken": login.identity_token} if login.identity_token else {})}


def _secret(login: Login) -> Secret:
    if login.identity_token:
        return Secret(TOKEN_USER, login.identity_token)
    return Secret(login.username, login.password)
