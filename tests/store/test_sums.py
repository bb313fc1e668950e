import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.store.sums import SUMS, format_sums, is_beside, is_signature, parse_sums

digests = st.binary(max_size=8).map(Digest.of_bytes)
parts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1)
paths = st.lists(parts.filter(lambda part: part not in (".", "..")), min_size=1, max_size=3).map("/".join)
ODD_NAMES = [
    "plain.txt", "a b", " leading", "back\\slash", "new\nline", "carriage\rreturn", "ends\r", "\\n", "-dash", "*star",
    "ünïcode", "line\u2028separator", "form\ffeed", "#hash", "tab\t", "deep/er/file", "\\",
]  # fmt: skip


@given(st.dictionaries(paths, digests))
def test_what_is_written_reads_back(sums: dict[str, Digest]) -> None:
    assert parse_sums(format_sums(sums)) == sums


@given(st.dictionaries(paths, digests))
def test_the_order_of_the_files_does_not_matter(sums: dict[str, Digest]) -> None:
    assert format_sums(dict(reversed(sums.items()))) == format_sums(sums)


def test_coreutils_agree_on_every_kind_of_name(tmp_path: Path) -> None:
    for name in ODD_NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    sums = format_sums({name: Digest.of_file(tmp_path / name) for name in ODD_NAMES})
    (tmp_path / SUMS).write_bytes(sums)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=tmp_path, check=True)
    written = subprocess.run(["sha256sum", "--", *sorted(ODD_NAMES)], cwd=tmp_path, check=True, capture_output=True)
    assert written.stdout == sums


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0" * 64 + b"  a", "middle of a line"),
        (b"0" * 64 + b" a\n", "line 1"),
        (b"0" * 64 + b"  a\nabc  b\n", "line 2"),
        (b"0" * 64 + b"  \n", "line 1"),
        (b"\\" + b"0" * 64 + b"  a\\t\n", "no escape"),
        (b"\\" + b"0" * 64 + b"  a\\\n", "no escape"),
        (b"0" * 64 + b"  \xff\n", "UTF-8"),
        (b"0" * 64 + b"  /etc/passwd\n", "line 1 .* names no file in the item"),
        (b"0" * 64 + b"  a/../../b\n", "line 1 .* names no file in the item"),
        (b"0" * 64 + b"  a//b\n", "line 1 .* names no file in the item"),
        (b"0" * 64 + b"  ./a\n", "line 1 .* names no file in the item"),
        (b"0" * 64 + b"  a\0b\n", "line 1 .* names no file in the item"),
        (b"0" * 64 + b"  a\n" + b"1" * 64 + b"  a\n", "line 2 .* for the second time"),
    ],
)
def test_what_is_no_checksum_line_is_damage(content: bytes, message: str) -> None:
    with pytest.raises(DamagedItem, match=message):
        parse_sums(content)


@pytest.mark.parametrize(
    ("path", "beside", "signature"),
    [
        ("signatures", True, False),
        ("signatures/0123456789abcdef.sigstore.json", True, True),
        ("signatures/0123456789abcdef.sigstore.json\n", True, False),
        ("signatures/deeper/0123456789abcdef.sigstore.json", True, False),
        ("signatures/x", True, False),
        ("signatures.txt", False, False),
        ("a/signatures/0123456789abcdef.sigstore.json", False, False),
    ],
)
def test_signatures_are_told_by_their_path(path: str, beside: bool, signature: bool) -> None:
    assert (is_beside(path), is_signature(path)) == (beside, signature)
