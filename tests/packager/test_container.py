"""`ekiben.container`: the Containerfile of a Bento in the default store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben import container
from ekiben.errors import NotActedOn
from ekiben.store.local import Store
from tests.packager.small_bento import small_bento


def test_the_containerfile_of_a_bento_is_given_and_written(store: Store, tmp_path: Path) -> None:
    bento = small_bento(store)
    text = container.get_containerfile(str(bento.tag), output_path=tmp_path / "Containerfile")
    assert text.startswith("# The image of the Bento small.")
    assert (tmp_path / "Containerfile").read_text() == text
    assert container.get_containerfile("small") == text


def test_without_buildkit_it_is_refused_in_words(store: Store) -> None:
    small_bento(store)
    with pytest.raises(NotActedOn, match="without BuildKit"):
        container.get_containerfile("small", enable_buildkit=False)
