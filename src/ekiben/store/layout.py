"""`Layout`: where everything is inside a store's home. Paths only; creates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one store. Readers need `models` and `bentos` alone, so a read-only home serves."""

    home: Path

    @property
    def models(self) -> Path:
        """`models/<name>/<version>/`."""
        return self.home / "models"

    @property
    def bentos(self) -> Path:
        """`bentos/<name>/<version>/`."""
        return self.home / "bentos"

    @property
    def tmp(self) -> Path:
        """Staging, on the same file system, so that one rename finishes a write."""
        return self.home / "tmp"

    @property
    def cache(self) -> Path:
        """Content-keyed, safe to delete."""
        return self.home / "cache"

    @property
    def uploads(self) -> Path:
        """Of the cache: uploads to registries that did not end, to be gone on with."""
        return self.cache / "uploads"

    @property
    def cache_lock(self) -> Path:
        """The file that who uses the cache holds together with others, and who prunes it alone; outside of it, too."""
        return self.home / ".cache-lock"

    @property
    def lock(self) -> Path:
        """The file that writers lock for the instant of a change; outside tmp/, which people empty by hand."""
        return self.home / ".lock"
