"""Trees of files that hypothesis thinks of: names that an archive takes, with content."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from hypothesis import strategies as st

from ekiben.errors import ArchiveError
from ekiben.store.archive.names import NameRegister, check_path

_RESERVED = {"model.yaml", "receipt.yaml", "sha256sums", "ekiben-archive.yaml", "signatures"}
_CHARS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/\\")
_PARTS = st.text(_CHARS, min_size=1, max_size=12) | st.text("abc", min_size=90, max_size=120)
_PATHS = st.lists(_PARTS, min_size=1, max_size=4).map("/".join)


def is_whole(files: Mapping[str, bytes]) -> bool:
    """Whether the names can be together in one item."""
    register = NameRegister()
    try:
        for path in files:
            register.add_file(check_path(path))
    except ArchiveError:
        return False
    return all(unicodedata.normalize("NFC", path.split("/")[0].casefold()) not in _RESERVED for path in files)


TREES = st.dictionaries(_PATHS, st.binary(max_size=2000), min_size=1, max_size=8).filter(is_whole)
