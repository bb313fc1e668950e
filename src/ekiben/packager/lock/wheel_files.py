"""`WheelFiles`: whole wheels by their digests, the `files/` of `wheel_cache`: what was fetched once, for whatever needs
it next. A file that was written to, or torn, counts as absent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.drafts import put_over
from ekiben.oci.placing import put_in_place
from ekiben.oci.sealed import is_whole, seal

WHEEL_FILES = "wheels/files"  # below the store's cache


@dataclass(frozen=True, slots=True)
class WheelFiles:
    """The wheels in `folder`, which need not be there: each alone in a folder that is called by its sha256."""

    folder: Path

    def find(self, digest: Digest) -> Path | None:
        """The wheel of that digest. Raises OSError where it cannot be looked at."""
        try:
            wheels = sorted(path for path in (self.folder / digest.hex).iterdir() if path.suffix == ".whl")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return next((path for path in wheels if is_whole(path, digest)), None)

    def take(self, wheel: Path) -> Path:
        """Moves a wheel here from the same disk, by one rename, and gives its place. Raises OSError."""
        folder = self.folder / Digest.of_file(wheel).hex
        folder.mkdir(parents=True, exist_ok=True)
        wheel.chmod(0o644)
        seal(wheel)
        put_over(wheel, folder / wheel.name)
        return folder / wheel.name

    def copy(self, wheel: Path) -> None:
        """Puts a small wheel here that lies on any disk. Raises OSError."""
        put_in_place(self.folder / Digest.of_file(wheel).hex / wheel.name, wheel.read_bytes())
