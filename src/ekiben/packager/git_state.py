"""What is true of the making of a Bento and not of its content: where the source stood in git.

It goes into the receipt, which is not hashed. Git is asked, never written to; no git or no repository is no error.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ekiben.packager.asking import output_of

_TIMEOUT_S = 10.0  # a status over a large or remote work tree; without an answer the receipt says nothing


@dataclass(frozen=True, slots=True)
class GitState:
    """`is_dirty`: the project's folder differs from `revision`, untracked files included."""

    revision: str
    is_dirty: bool


def git_state(project: Path) -> GitState | None:
    """Where `project` stands in git; None outside a repository, before the first commit, and without git."""
    revision = _git(project, "rev-parse", "--verify", "--quiet", "HEAD")
    if not revision:
        return None
    status = _git(project, "status", "--porcelain", "--", ".")
    return None if status is None else GitState(revision, bool(status))


def _git(project: Path, *arguments: str) -> str | None:
    """What git prints, None where it fails. Optional locks are off: a build never writes into the repository."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    said = output_of(["git", "-C", str(project), *arguments], environ, timeout_s=_TIMEOUT_S)
    return None if said is None else said.strip()
