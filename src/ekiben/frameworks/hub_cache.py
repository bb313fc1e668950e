"""The cache that Hugging Face's libraries look into before they ask the hub, laid out as they lay it out.

    <cache>/models--ORG--NAME/refs/<revision>              the commit that a branch or tag stood at
                              snapshots/<commit>/<file>    the repository's files

A model put there is found by its hub name on a machine that reaches no hub. Nothing here imports a library of theirs.
"""

from __future__ import annotations

import os
import re
import shutil
from hashlib import sha1
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import FrameworkError, PathNotFound, UsageError
from ekiben.store.disk import disk_refusals

DEFAULT_REVISION = "main"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MODEL_ID = re.compile(r"(?:[\w.-]+/)?[\w.-]+", re.ASCII)
_REVISION = re.compile(r"[\w.-]+(?:/[\w.-]+)*", re.ASCII)


def hub_cache() -> Path:
    """Where Hugging Face's libraries keep what they fetched, by the variables that they go by."""
    if folder := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(folder).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def check_model_id(model_id: str) -> str:
    """`ORG/NAME` or `NAME` as the hub writes it. Raises UsageError."""
    if _MODEL_ID.fullmatch(model_id) and ".." not in model_id and "--" not in model_id:
        return model_id
    raise UsageError(f"`{model_id}` is no name of a model on the hub", hint="write `ORG/NAME`")


def check_revision(revision: str) -> str:
    """A branch, tag or commit. Raises UsageError."""
    if _REVISION.fullmatch(revision) and ".." not in revision:
        return revision
    raise UsageError(f"`{revision}` is no revision", hint="write a branch, a tag or a commit")


def is_commit(revision: str) -> bool:
    """Whether it is a full commit hash, which never names other files later."""
    return _COMMIT.fullmatch(revision) is not None


def snapshot_in_cache(model_id: str, revision: str, cache: Path) -> Path | None:
    """The folder of a revision's files in `cache`, which may lack some of them; None where nothing is there."""
    repository = cache / _folder_name(model_id)
    reference = repository / "refs" / revision
    try:
        commit = revision if is_commit(revision) else reference.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    snapshot = repository / "snapshots" / commit
    return snapshot if is_commit(commit) and snapshot.is_dir() else None


def seed_hub_cache(
    folder: str | Path, model_id: str, *, revision: str = DEFAULT_REVISION, cache_dir: str | Path | None = None
) -> Path:
    """Copies a folder of a model's files to where the hub's libraries look for `model_id`; gives the snapshot's folder.

    Afterwards `SentenceTransformer(model_id)` and `from_pretrained(model_id)` load it; with `HF_HUB_OFFLINE=1` in the
    environment they ask no hub for what it lacks. `cache_dir` is the libraries' own by default. The commit is made from
    the content, unless `revision` is one. Raises PathNotFound, UsageError, and FrameworkError where the cache has
    another commit for that revision.
    """
    source, cache = Path(folder), Path(cache_dir) if cache_dir else hub_cache()
    if not source.is_dir():
        raise PathNotFound(f"`{source}` is no folder")
    files = sorted(path for path in source.rglob("*") if path.is_file())
    if not files:
        raise PathNotFound(f"`{source}` has no files")
    repository = cache / _folder_name(check_model_id(model_id))
    commit = check_revision(revision) if is_commit(revision) else _commit_of(source, files)
    snapshot = repository / "snapshots" / commit
    with disk_refusals(cache):
        if not snapshot.is_dir():
            _copy(source, files, snapshot)
        if not is_commit(revision):
            _point(repository / "refs" / check_revision(revision), commit, model_id)
    return snapshot


def _copy(source: Path, files: list[Path], snapshot: Path) -> None:
    """Makes the snapshot whole or not at all: the libraries read whatever lies there."""
    draft = snapshot.with_name(f".{os.urandom(8).hex()}")
    try:
        for path in files:
            target = draft / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        draft.rename(snapshot)
    except OSError:
        if not snapshot.is_dir():  # else somebody else was quicker, with the same files
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _point(reference: Path, commit: str, model_id: str) -> None:
    """Has the revision mean the commit. What the hub said stays: other files under its name would be a lie."""
    try:
        known = reference.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit, encoding="utf-8")
        return
    if known != commit:
        raise FrameworkError(
            f"the cache has `{model_id}` at `{reference.name}` with commit `{known}` already",
            hint=f"use that, give another cache_dir, or delete `{reference.parents[1]}`",
        )


def _commit_of(source: Path, files: list[Path]) -> str:
    lines = (f"{Digest.of_file(path)}  {path.relative_to(source).as_posix()}\n" for path in files)
    return sha1("".join(lines).encode(), usedforsecurity=False).hexdigest()


def _folder_name(model_id: str) -> str:
    return "--".join(("models", *model_id.split("/")))
