"""Locks kept by key, so that a build whose inputs did not change asks no index.

One JSON file per key, put in place by one rename: a concurrent build reads a whole lock or none. A file that is damaged
counts as absent. Nothing here expires; `created` tells how old a lock is, and `ekiben prune` may delete any of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ekiben.digest import Digest
from ekiben.errors import LockError
from ekiben.oci.placing import STAGED, put_in_place
from ekiben.packager.credentials import redact
from ekiben.packager.inputs import looked_at
from ekiben.packager.lock.documents import LockDocument, lock_document, lock_of
from ekiben.packager.lock.intent import Intent
from ekiben.packager.lock.pip_settings import PipSettings, local_path
from ekiben.packager.lock.request import Lock, LockRequest

_STALE_S = 3600.0  # a staged file this old was left by a process that was killed
_FORMAT = 2  # raised when the same inputs would be locked to another text


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    digest: str
    intent: str
    lock: LockDocument

    @property
    def own_digest(self) -> str:
        """The digest of what the entry holds, which `digest` has to be."""
        return str(Digest.of_bytes(f"{self.intent}\n{self.lock.model_dump_json()}".encode()))


def lock_key(request: LockRequest, intent: Intent, settings: PipSettings) -> Digest:
    """The digest of all that shapes a lock, save what the indexes hold. No credential goes in, nor the tool's
    version: an older tool's lock is as good."""
    facts = {
        "format": _FORMAT,
        "intent": intent.text,
        "target": [request.python, request.platform, request.libc],
        "tool": request.tool,
        "preferred": [[one.name, one.version] for one in request.preferred],
        "exclude_newer": request.exclude_newer,
        "rules": request.rules.lines,
        "index": redact(settings.index_url or ""),
        "indexes": [redact(one) for one in settings.extra_index_urls],
        "no_index": settings.no_index,
        "find_links": [[redact(one), _listing(one)] for one in settings.find_links],
    }
    return Digest.of_bytes(json.dumps(facts, sort_keys=True).encode())


def load_lock(cache: Path, key: Digest) -> Lock | None:
    """The lock kept under `key`, or None."""
    try:
        entry = _Entry.model_validate_json(_place(cache, key).read_bytes())
        lock = lock_of(entry.lock, intent=entry.intent, source="cache")
    except (OSError, ValidationError, LockError):
        return None
    return lock if entry.digest == entry.own_digest else None


def keep_lock(cache: Path, lock: Lock, key: Digest) -> None:
    """Keeps `lock` under `key`. Raises OSError where the disk refuses."""
    entry = _Entry(digest="", intent=lock.intent, lock=lock_document(lock))
    entry.digest = entry.own_digest
    place = _place(cache, key)
    put_in_place(place, entry.model_dump_json(indent=1).encode())
    _sweep(place.parent)


def _place(cache: Path, key: Digest) -> Path:
    return cache / "locks" / f"{key.hex}.json"


def _sweep(folder: Path) -> None:
    for staged in folder.glob(f"{STAGED}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - staged.stat().st_mtime > _STALE_S:
                staged.unlink()


def _listing(location: str) -> list[tuple[str, int, int]]:
    """What a local find-links folder holds, by name, size and time: a wheel put there is a changed input."""
    folder = local_path(location)
    if folder is None or not folder.is_dir():
        return []
    for path in folder.iterdir():
        looked_at(path)
    found = [(entry.name, entry.stat()) for entry in os.scandir(folder) if entry.is_file()]
    return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)
