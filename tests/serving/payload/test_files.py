"""Uploaded files, and files as results."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ServiceError
from ekiben.serving.payload.files import FileInput, FileList, FileOutput, safe_name
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part


def upload(file_name: str | None, content: bytes = b"x") -> Part:
    return Part("doc", file_name, "", content)


def test_files_of_one_name_do_not_meet(folder: RequestFolder) -> None:
    paths = FileList(FileInput()).read_files([upload("a.txt", b"1"), upload("a.txt", b"2")], "doc", folder)
    assert isinstance(paths, list)
    assert [one.name for one in paths] == ["a.txt", "a.txt"]
    assert [one.read_bytes() for one in paths] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ada\\cat.png", "cat.png"),
        ("..", "upload"),
        ("", "upload"),
        (None, "upload"),
        ("a\x00b;rm -rf $HOME.txt", "a_b_rm -rf _HOME.txt"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
    ],
)
def test_a_clients_file_name_is_made_safe_and_keeps_its_suffix(sent: str | None, kept: str) -> None:
    assert safe_name(sent) == kept


@given(st.text())
def test_no_name_leaves_the_calls_folder(sent: str) -> None:
    kept = safe_name(sent)
    assert kept == Path(kept).name
    assert kept not in ("", ".", "..")
    assert len(kept) <= 100


def test_a_path_result_is_the_file_with_its_guessed_type(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"PNG")
    assert (FileOutput().encode(path).content_type, FileOutput().encode(path).body) == ("image/png", b"PNG")
    packed = path.rename(tmp_path / "table.csv.gz")
    assert FileOutput().encode(packed).content_type == "application/octet-stream"


def test_a_file_that_is_not_there_is_an_error_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be read: No such file") as caught:
        FileOutput().encode(tmp_path / "secret.txt")
    assert "secret" not in caught.value.message


def test_another_type_than_declared_is_an_error() -> None:
    with pytest.raises(ServiceError, match="a `str` where a `Path` is declared"):
        FileOutput().encode("/etc/passwd")
