"""What a wheel said is remembered, and what is damaged was never said."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.lock.licence_cache import LicenceCache
from ekiben.packager.lock.licences import LicenceFields

DIGEST = f"sha256:{'a' * 64}"
words = st.none() | st.text()


@given(st.builds(LicenceFields, words, words, st.lists(st.text()).map(tuple)))
def test_words_of_any_kind_come_back(fields: LicenceFields) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = LicenceCache(Path(folder) / "new")
        cache.keep(DIGEST, fields)
        assert cache.find(DIGEST) == fields


def test_a_wheel_that_says_nothing_differs_from_one_that_nobody_asked(tmp_path: Path) -> None:
    cache = LicenceCache(tmp_path)
    cache.keep(DIGEST, LicenceFields())
    assert cache.find(DIGEST) == LicenceFields()
    assert cache.find(f"sha256:{'b' * 64}") is None


def test_what_is_damaged_counts_as_absent(tmp_path: Path) -> None:
    cache = LicenceCache(tmp_path)
    cache.keep(DIGEST, LicenceFields("MIT"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-4])
    assert cache.find(DIGEST) is None


def test_a_file_without_a_digest_and_a_disk_that_refuses_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    LicenceCache(tmp_path / "file").keep(DIGEST, LicenceFields("MIT"))
    LicenceCache(tmp_path / "new").keep("", LicenceFields("MIT"))
    assert not (tmp_path / "new").exists()
