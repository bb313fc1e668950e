"""What is kept out of every Bento: version control, virtual environments and caches whatever the bentofile says, and
secrets unless it names them outright. Lists and predicates only."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ekiben.store.plain_file import open_plain

VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", "CVS"})
CACHES = frozenset(
    {
        "__pycache__",
        ".cache",
        ".eggs",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".DS_Store",
    }
)
BYTECODE = (".pyc", ".pyo")
ENVIRONMENTS = frozenset({".venv", "venv"})
ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")  # what makes a folder of any name an environment

# Names of secrets, in lower case. A name counts for a file and for a folder with all that lies in it, since a tool that
# keeps a login in `.x` today keeps it in `.x/token` tomorrow.
_CLOUDS = {".aws", ".azure", ".boto", ".databrickscfg", ".oci", ".passwd-s3fs", ".s3cfg", ".snowsql", "rclone.conf"}
_CLUSTERS = {".dockercfg", ".kube", ".terraformrc", ".vault-token", ".vault_pass", "kubeconfig", "terraform.rc"}
_NETWORK = {".authinfo", ".curlrc", ".htpasswd", ".msmtprc", ".netrc", ".wgetrc", "_netrc", "htpasswd"}
_PACKAGES = {".npmrc", ".pypirc", ".renviron", ".yarnrc", ".yarnrc.yml", "pip.conf", "pip.ini"}
_PLATFORMS = {".git-credentials", ".gitconfig", ".huggingface", ".kaggle", "kaggle.json"}
_DATABASES = {".my.cnf", ".mylogin.cnf", ".pg_service.conf", ".pgpass", "pgpass.conf"}
_SSH = {"id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_rsa"}
_KEYS = {".gnupg", ".ssh", "secring.gpg"} | _SSH
_LOGINS = _CLOUDS | _CLUSTERS | _NETWORK | _PACKAGES | _PLATFORMS | _DATABASES | _KEYS
_BEGINNINGS = (".env",)  # .env, .env.local, .envrc
_SETTINGS_ENDINGS = (".env", ".kubeconfig", ".ovpn", ".tfstate", ".tfvars")
_KEY_ENDINGS = (".jks", ".kdb", ".kdbx", ".key", ".keystore", ".p12", ".p8", ".pem", ".pfx", ".pkcs12", ".ppk")
_ENDINGS = _SETTINGS_ENDINGS + _KEY_ENDINGS
_HISTORY = re.compile(r"\..+_history")  # of shells, interpreters and database clients: passwords are typed there
_DATA = re.compile(
    r"(?:.*[._-])?(?:credentials?|secrets?)\.(?:json|ya?ml|toml|ini|cfg|csv)"
    r"|(?:.*[._-])?(?:service[_-]?account|client[_-]secret).*\.json"
)
# Places where only the folder tells a login from any other file.
_CONFIG_PLACES = ("/.config/gcloud/", "/.config/gh/", "/.config/git/credentials", "/.config/pip/", "/.config/rclone/")
_TOOL_PLACES = ("/.docker/config.json", "/.cargo/credentials", "/.gem/credentials", "/.m2/settings.xml")
_PLACES = _CONFIG_PLACES + _TOOL_PLACES
_COPY = re.compile(r"(?:~|\.(?:bak|backup|copy|old|orig|save|sw[a-p]|tmp|\d+))+$")  # what editors and people append

_LARGEST_KEY_FILE_BYTES = 256 * 1024  # a key is 4 KB at most; the file may hold several, or a whole login
_HEAD_BYTES = 8 * 1024
# At the start of a line any such mark is one; elsewhere (a JSON string, code that knows the format) key matter follows.
_PRIVATE_KEY = re.compile(
    rb"^[ \t]*(?:\xef\xbb\xbf)?-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY|^PuTTY-User-Key-File"
    rb"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*[A-Za-z0-9+/]{16}",
    re.MULTILINE,
)


def is_never_packed(place: str, *, is_folder: bool) -> bool:
    """Whether the file or folder at `place` on the disk stays out and, if it is a folder, is not even entered."""
    name = place[place.rfind("/") + 1 :]
    if name in VERSION_CONTROL or name in CACHES or name.endswith(BYTECODE):
        return True
    if not is_folder:
        return False
    return name in ENVIRONMENTS or any(os.path.lexists(f"{place}/{mark}") for mark in ENVIRONMENT_MARKS)


def is_secret(path: str) -> bool:
    """Whether the file at `path`, relative to the project, is by its name a secret: a `.env`, a key, a login, in any
    case and as a backup copy, too."""
    lowered = path.lower()
    return any(place in f"/{lowered}" for place in _PLACES) or any(map(_is_secret_name, lowered.split("/")))


def holds_private_key(file: Path, size_bytes: int) -> bool:
    """Whether the first bytes of a small `file` hold a private key. One that cannot be read holds none."""
    if size_bytes > _LARGEST_KEY_FILE_BYTES:
        return False
    try:
        with open_plain(file) as stream:
            return _PRIVATE_KEY.search(stream.read(_HEAD_BYTES)) is not None
    except OSError:
        return False


def _is_secret_name(name: str) -> bool:
    return any(
        one in _LOGINS
        or one.startswith(_BEGINNINGS)
        or one.endswith(_ENDINGS)
        or _HISTORY.fullmatch(one) is not None
        or _DATA.fullmatch(one) is not None
        for one in _originals(name)
    )


def _originals(name: str) -> tuple[str, ...]:
    """What `name` may be a copy of: `id_rsa` for `id_rsa.bak`, `id_rsa~`, `#id_rsa#` and `.id_rsa.swp`."""
    original = _COPY.sub("", name.strip("#"))
    return (original, original[1:]) if original != name and original.startswith(".") else (original,)
