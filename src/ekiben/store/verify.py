"""Is an item what its digest names? The address alone (cheap), or every byte of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.store.sums import SUMS, parse_sums

_SHOWN = 3  # files named in a message


def check_address(folder: Path, digest: Digest, what: str) -> None:
    """Checks SHA256SUMS itself, and not the receipt's word for it. Raises DamagedItem, naming `what`."""
    sums = folder / SUMS
    if not sums.is_file() or Digest.of_file(sums) != digest:
        raise DamagedItem(f"{what} is not what `{digest}` names", hint=f"look into `{folder}`: `sha256sum -c {SUMS}`")


def check_content(folder: Path, digest: Digest, what: str, advance: Callable[[int], None] = lambda _: None) -> None:
    """Checks the address and every file that it lists; `advance` is told the bytes of each file done.

    Raises DamagedItem, naming `what` and the first files that are missing or other than they were.
    """
    check_address(folder, digest, what)
    changed = []
    for path, expected in parse_sums((folder / SUMS).read_bytes()).items():
        file = folder / path
        if not file.is_file() or Digest.of_file(file) != expected:
            changed.append(path)
            continue
        advance(file.stat().st_size)
    if changed:
        shown = ", ".join(f"`{path}`" for path in changed[:_SHOWN])
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise DamagedItem(
            f"{what} has changed since it was saved: {shown}{more}",
            hint=f"delete it and save or build it again: `{folder}`",
        )
