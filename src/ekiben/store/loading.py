"""What a library raises that reads a file of an item, in our words: it is damaged, or the library does not take it.

Pickles, and formats that carry code, run anybody's code when they are read, which may raise anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, EkibenError, FrameworkError
from ekiben.store.disk import disk_refusals
from ekiben.store.sums import SUMS, parse_sums

_ANEW = "delete the model and save it again"
_OLD_VERSIONS = "load it with the versions that it was saved with, which its model.yaml lists"
_STACK = "\nStack trace:"  # of XGBoost's own code, after the reason
_CODE = "install or add to the path what it was saved with"


@contextmanager
def loading(item: Path, part: str, what: str, *, hint: str = _OLD_VERSIONS, code_hint: str = _CODE) -> Iterator[Path]:
    """The path of `part`, a file or folder of the item in the folder `item`, for the block to read.

    Raises DamagedItem where it is missing or other than it was when saved, StoreError where the disk refuses it, and
    FrameworkError for the rest: with `code_hint` where code is not here, with `hint` for all else.
    """
    path = item / part
    try:
        with disk_refusals(path):
            if not path.exists():
                raise DamagedItem(f"`{what}` has no {path.name}", hint=_ANEW)
            yield path
    except EkibenError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).partition(_STACK)[0].split())}"
        if not _is_as_saved(item, part):
            raise DamagedItem(f"`{path}` is not what was saved: {reason}", hint=_ANEW) from error
        if isinstance(error, ImportError | AttributeError):
            raise FrameworkError(f"`{what}` needs code that is not here: {error}", hint=code_hint) from error
        raise FrameworkError(f"`{what}` cannot be loaded: {reason}", hint=hint) from error


def _is_as_saved(item: Path, part: str) -> bool:
    """Whether all files of `part` have the digests that the item lists: read again, since this is asked after a failure
    alone."""
    inside = "" if part == "." else f"{part}/"
    try:
        listed = parse_sums((item / SUMS).read_bytes())
        files = {path: digest for path, digest in listed.items() if path == part or path.startswith(inside)}
        return bool(files) and all(Digest.of_file(item / path) == digest for path, digest in files.items())
    except (OSError, DamagedItem):
        return False
