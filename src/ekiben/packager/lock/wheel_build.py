"""A folder or source archive becomes a wheel: the project's own build backend, run by uv in a child process.

Nothing of the machine is let into the build that would show in the wheel: a copy of the source lies in a scratch
folder, and clock, locale, time zone and hash seed are fixed. What backends still do differently, `normal_wheel` levels.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.credentials import redact_known
from ekiben.packager.lock.child import run_child
from ekiben.packager.lock.explain import explain_uv, hint_for
from ekiben.packager.lock.normal_wheel import normal_wheel
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.uv_tool import uv_binary, uv_environment
from ekiben.packager.selection.selection import Selection

# The earliest time that a zip can hold, as the wheels of most distributions have it.
SOURCE_DATE_EPOCH_S = 315_532_800
_FIXED = {
    "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH_S),
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
_OUTPUT = "wheel"
_FILE_MODE, _EXECUTABLE_MODE = 0o644, 0o755


@dataclass(frozen=True, slots=True)
class WheelBuilder:
    """How wheels are built: `settings` say where build backends come from; files of theirs that an index got after
    `exclude_newer` (RFC 3339, UTC) do not exist; `secrets` are never repeated."""

    settings: PipSettings
    environ: Mapping[str, str]
    timeout_s: float
    exclude_newer: str | None = None
    secrets: frozenset[str] = frozenset()

    def build(self, source: Path, folder: Path, shown: str) -> tuple[str, bytes]:
        """`(file name, bytes)` of the wheel of `source`, a folder or a source archive; `folder` is for scratch.

        Raises LockError with the backend's words where it gives none; `shown` is what the user calls the source.
        """
        output = folder / _OUTPUT
        command = [
            *(uv_binary(), "build", "--wheel", "--out-dir", str(output), "--python", sys.executable),
            *("--no-config", "--color", "never", "--no-create-gitignore", str(source)),
        ]
        done = run_child(command, cwd=folder, environ=self._environment(), timeout_s=self.timeout_s)
        said = redact_known(done.said, self.secrets)
        if done.status != 0:
            raise LockError(f"no wheel can be built of `{shown}`: {explain_uv(said)}", hint=hint_for(said))
        wheels = sorted(output.glob("*.whl"))
        if len(wheels) != 1:
            raise LockError(f"building `{shown}` gave {len(wheels)} wheels, and one is asked for")
        return wheels[0].name, normal_wheel(wheels[0].read_bytes())

    def _environment(self) -> dict[str, str]:
        environ = {**uv_environment(self.settings, self.environ), **_FIXED}
        if self.settings.no_index:
            environ["UV_NO_INDEX"] = "1"
        if self.exclude_newer:
            environ["UV_EXCLUDE_NEWER"] = self.exclude_newer
        return environ


def copy_source(selection: Selection, folder: Path) -> None:
    """Copies the selected files into `folder`, with modes that depend on no umask: backends write beside the source."""
    for file in selection.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.source, target)
        target.chmod(_EXECUTABLE_MODE if file.is_executable else _FILE_MODE)
