import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, SettingsError
from ekiben.store.local import Store
from ekiben.store.receipt import (
    RECEIPT,
    Receipt,
    format_time,
    host_platform,
    now,
    parse_time,
    read_details,
    read_receipt,
)
from ekiben.tag import Tag
from tests.store.making import save

texts = st.from_regex(r"[a-z0-9]{1,4}(\.[a-z0-9]{1,4})?", fullmatch=True)
receipts = st.builds(
    Receipt,
    st.builds(Tag, texts, texts),
    st.binary().map(Digest.of_bytes),
    st.datetimes(timezones=st.just(UTC)),
    st.integers(0, 2**60),
)


@given(receipts, st.dictionaries(st.sampled_from(["git", "lock", "tag"]), st.integers()))
def test_what_is_written_reads_back(receipt: Receipt, details: dict[str, object]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / RECEIPT).write_bytes(receipt.to_yaml(details))
        assert read_receipt(folder) == receipt
        assert read_details(folder) == {key: value for key, value in details.items() if key != "tag"}


@given(receipts)
def test_a_receipt_in_another_spelling_reads_the_same(receipt: Receipt) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        respelled = yaml.safe_dump(yaml.safe_load(receipt.to_yaml({})), default_style='"')
        (folder / RECEIPT).write_text(respelled)
        assert read_receipt(folder) == receipt


@given(st.datetimes(timezones=st.timezones()))
def test_times_read_back(time: datetime) -> None:
    assert parse_time(format_time(time)) == time.astimezone(UTC)


def test_an_item_without_a_receipt_is_described_from_its_checksums(store: Store) -> None:
    model = save(store, "iris")
    (model.path / RECEIPT).unlink()
    found = store.models.get("iris")
    assert (found.tag, found.digest, found.size_bytes) == (model.tag, model.digest, model.size_bytes)
    assert found.details == {}


def test_a_folder_without_receipt_and_checksums_holds_no_item(tmp_path: Path) -> None:
    assert read_receipt(tmp_path) is None
    assert read_receipt(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    "content", ["tag: iris:a\n", "tag: [", "tag: Iris:a\ndigest: x\ncreated: ''\nsize_bytes: 1\n", "[" * 30_000]
)
def test_an_unreadable_receipt_is_damage(tmp_path: Path, content: str) -> None:
    (tmp_path / RECEIPT).write_text(content)
    with pytest.raises(DamagedItem, match=r"receipt\.yaml"):
        read_receipt(tmp_path)


@pytest.mark.parametrize("content", ["x\n", f"{'0' * 64}  a\0b\n", None])
def test_unreadable_checksums_are_damage(tmp_path: Path, content: str | None) -> None:
    if content is None:
        (tmp_path / "SHA256SUMS").mkdir()
    else:
        (tmp_path / "SHA256SUMS").write_text(content)
    with pytest.raises(DamagedItem, match=f"`{tmp_path}/SHA256SUMS` cannot be used"):
        read_receipt(tmp_path)


def test_a_time_before_all_others_is_damage(tmp_path: Path) -> None:
    receipt = Receipt(Tag("iris", "a"), Digest.of_bytes(b""), now(), 1)
    text = re.sub(r"created: .*", "created: '0001-01-01T00:00:00+14:00'", receipt.to_yaml({}).decode())
    (tmp_path / RECEIPT).write_text(text)
    with pytest.raises(DamagedItem, match=r"receipt\.yaml"):
        read_receipt(tmp_path)


def test_source_date_epoch_stands_for_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert now() == datetime(1970, 1, 2, tzinfo=UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(SettingsError, match="`yesterday`"):
        now()


def test_the_platform_is_in_oci_words() -> None:
    system, _, architecture = host_platform().partition("/")
    assert system in ("linux", "darwin", "windows")
    assert architecture not in ("", "x86_64", "aarch64")
