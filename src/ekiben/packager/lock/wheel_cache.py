"""Own wheels kept by content, below `wheels/` of the store's cache: what did not change is not built, fetched or asked
again.

    files/<sha256>/<file name>    a wheel, alone in its folder, so that the folder is a find-links location for it;
                                  those of others, too: `wheel_files`
    built/<key>.json              which wheel a source gave
    commits/<key>                 which commit a branch or tag of a repository was

Every file is put in place by one rename, so any number of processes may share the cache; what is damaged counts as
absent.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest
from ekiben.oci.placing import put_in_place
from ekiben.packager.lock.git_source import COMMIT


class _Built(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class KeptWheel:
    """A wheel of the cache; `sha256` is `sha256:<hex>`."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class WheelCache:
    """The cache in `folder`, which need not be there."""

    folder: Path

    def find(self, key: Digest) -> KeptWheel | None:
        """The wheel that was kept under `key`, whole; None where there is none."""
        try:
            built = _Built.model_validate_json(self._built(key).read_bytes())
            digest = Digest.parse(built.sha256)
            path = self._file(digest, built.file)
            return KeptWheel(path, str(digest)) if Digest.of_file(path) == digest else None
        except (OSError, ValidationError, InvalidDigest):
            return None

    def keep(self, key: Digest, file_name: str, content: bytes) -> KeptWheel:
        """Keeps a wheel under `key`. Raises OSError where the disk refuses."""
        digest = Digest.of_bytes(content)
        path = self._file(digest, file_name)
        put_in_place(path, content)
        put_in_place(self._built(key), _Built(file=file_name, sha256=str(digest)).model_dump_json().encode())
        return KeptWheel(path, str(digest))

    def commit_of(self, key: Digest) -> str | None:
        """The commit that was noted under `key`."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = self._commit(key).read_text(encoding="ascii").strip()
            return text if COMMIT.fullmatch(text) else None
        return None

    def note_commit(self, key: Digest, commit: str) -> None:
        """Notes `commit` under `key`. Raises OSError where the disk refuses."""
        put_in_place(self._commit(key), commit.encode())

    def _file(self, digest: Digest, name: str) -> Path:
        return self.folder / "files" / digest.hex / Path(name).name

    def _built(self, key: Digest) -> Path:
        return self.folder / "built" / f"{key.hex}.json"

    def _commit(self, key: Digest) -> Path:
        return self.folder / "commits" / key.hex
