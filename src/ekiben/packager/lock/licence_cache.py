"""What wheels say of their licences, kept below `licences/` of the store's cache.

The key is the wheel's digest, so what was learnt for one project holds for all, and for as long as there are files.
What is kept are the wheel's own words: how they are read may change.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest
from ekiben.oci.placing import put_in_place
from ekiben.packager.lock.licences import LicenceFields


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expression: str | None
    text: str | None
    classifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LicenceCache:
    """The cache in `folder`, which need not be there. A disk that refuses makes it forget, and nothing worse."""

    folder: Path

    def find(self, sha256: str) -> LicenceFields | None:
        """What the wheel of that digest (`sha256:<hex>`) says; None where nobody has asked it yet."""
        try:
            kept = _Kept.model_validate_json(self._place(sha256).read_bytes())
        except (OSError, ValidationError, InvalidDigest):
            return None
        return LicenceFields(kept.expression, kept.text, kept.classifiers)

    def keep(self, sha256: str, fields: LicenceFields) -> None:
        """Notes what the wheel of that digest says."""
        with contextlib.suppress(OSError, InvalidDigest):
            put_in_place(self._place(sha256), _Kept(**asdict(fields)).model_dump_json().encode())

    def _place(self, sha256: str) -> Path:
        return self.folder / f"{Digest.parse(sha256).hex}.json"
