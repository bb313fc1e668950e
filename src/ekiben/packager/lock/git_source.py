"""A repository at one commit, by the machine's own git. The only module that knows git's commands.

Credentials are git's affair (netrc, credential helpers, SSH agents); nothing is asked at a terminal, no hook is run.
Tags come along, since packages ask them for their version.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.child_process import child_process
from ekiben.packager.credentials import redact, redact_known

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIMEOUT_S = 600.0  # for one command: the history of a large repository over a slow line
_GRACE_S = 2.0
_LINES = 3  # of what git says last, which is where it says why, unless it marks that
_MARKED = ("fatal: ", "error: ", "remote: ")


def check_out(
    url: str, revision: str | None, folder: Path, environ: Mapping[str, str], *, secrets: frozenset[str] = frozenset()
) -> str:
    """Puts the repository `url` at `revision` (its default branch where None) into `folder`, which is not there yet,
    with its submodules, and returns the full commit.

    A revision is looked for as a branch, then as a tag, a commit, and a ref of any other kind, as pip does. Raises
    LockError with git's own words where it cannot be had.
    """
    git = _Git(folder, environ, secrets)
    shown = f"{redact(url)}{f'@{revision}' if revision else ''}"
    git.run("clone", "--quiet", "--no-checkout", "--", url, str(folder), why=f"cannot clone `{shown}`", is_inside=False)
    commit = _commit(git, revision) or _fetched(git, revision, shown)
    git.run("checkout", "--quiet", "--force", "--detach", commit, why=f"cannot check out `{shown}`")
    git.run("submodule", "--quiet", "update", "--init", "--recursive", why=f"cannot fetch the submodules of `{shown}`")
    return commit


class _Git:
    def __init__(self, folder: Path, environ: Mapping[str, str], secrets: frozenset[str]) -> None:
        self._folder = folder
        self._secrets = secrets
        self._environ = {
            **{name: value for name, value in environ.items() if not name.startswith("GIT_DIR")},
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_SSH_COMMAND": environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
            "GIT_ADVICE": "0",
            "LC_ALL": "C",
        }

    def ask(self, *arguments: str) -> str | None:
        """What git prints; None where it fails."""
        status, printed, _ = self._run(["-C", str(self._folder), *arguments])
        return printed.strip() if status == 0 else None

    def run(self, *arguments: str, why: str, is_inside: bool = True) -> None:
        """Runs one command; LockError, `why` and git's words, where it fails."""
        status, _, said = self._run([*(["-C", str(self._folder)] if is_inside else []), *arguments])
        if status != 0:
            words = _reason(said)
            raise LockError(
                f"{why}: {redact(redact_known(words, self._secrets)) or 'git gave no reason'}",
                hint="check the address and the revision; credentials come from netrc, a git helper or an SSH agent",
            )

    def _run(self, arguments: list[str]) -> tuple[int, str, str]:
        command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", *arguments]
        try:
            with child_process(
                command,
                cwd=self._folder.parent,
                environ=self._environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                grace_s=_GRACE_S,
            ) as child:
                printed, said = child.communicate(timeout=_TIMEOUT_S)
                return child.returncode, printed, said
        except FileNotFoundError as error:
            raise LockError("git is not there, and a requirement names a repository", hint="install git") from error
        except subprocess.TimeoutExpired as error:
            raise LockError(
                f"git did not end within {_TIMEOUT_S:.0f} s", hint="the repository may not answer"
            ) from error


def _reason(said: str) -> str:
    lines = said.strip().splitlines()
    marked = [line for line in lines if line.startswith(_MARKED)]
    joined = "; ".join(marked[-_LINES:]) or " ".join(lines[-_LINES:])
    return " ".join(joined.split()).rstrip(".")


def _commit(git: _Git, revision: str | None) -> str | None:
    names = [f"refs/remotes/origin/{revision}", f"refs/tags/{revision}", revision] if revision else ["HEAD"]
    found = (git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}") for name in names)
    return next((one for one in found if one and COMMIT.fullmatch(one)), None)


def _fetched(git: _Git, revision: str | None, shown: str) -> str:
    """The commit of a ref that no clone brings along (`refs/pull/7/head`), or of a commit that no branch reaches."""
    git.run("fetch", "--quiet", "origin", revision or "HEAD", why=f"`{shown}` is not there")
    commit = git.ask("rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}")
    if commit is None or not COMMIT.fullmatch(commit):
        raise LockError(f"`{shown}` is no commit", hint="name a branch, a tag or a commit")
    return commit
