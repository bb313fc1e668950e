"""What is kept out of every Bento: version control, virtual environments and caches whatever the bentofile says, and
secrets unless it names them outright. Lists and predicates only."""

from __future__ import annotations

from pathlib import Path

from pathspec import GitIgnoreSpec

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

_SECRET_FOLDERS = (".aws/", ".ssh/", ".gnupg/", ".kube/")
_SECRET_FILES = (".env*", ".netrc", "_netrc", ".pypirc", ".npmrc", ".git-credentials")
_KEYS = (
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
)
_SECRETS = GitIgnoreSpec.from_lines([*_SECRET_FOLDERS, *_SECRET_FILES, *_KEYS])


def is_never_packed(path: Path, *, is_folder: bool) -> bool:
    """Whether the file or folder at `path` stays out and, if it is a folder, is not even entered."""
    if path.name in VERSION_CONTROL or path.name in CACHES or path.name.endswith(BYTECODE):
        return True
    if not is_folder:
        return False
    return path.name in ENVIRONMENTS or any((path / mark).exists() for mark in ENVIRONMENT_MARKS)


def is_secret(path: str) -> bool:
    """Whether the file at `path`, relative to the project, is by its name a secret: a `.env`, a key, a login."""
    return _SECRETS.match_file(path)
