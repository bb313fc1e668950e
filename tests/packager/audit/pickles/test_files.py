"""Pickles are found in whatever holds them, and hostile files end the search in words, not in a crash."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.packager.audit.pickles.files import search_file
from ekiben.packager.audit.pickles.findings import Trouble
from ekiben.packager.audit.pickles.limits import Budget


class Evil:
    """Runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


EVIL = pickle.dumps(Evil())
SYSTEM = f"{os.system.__module__}.system"


def imports(path: Path, budget: Budget | None = None) -> set[str]:
    """All that the pickles in a file look up."""
    return {str(one) for found in search_file(path, budget) for one in found.imports}


def troubles(path: Path, budget: Budget | None = None) -> set[Trouble]:
    """All that is wrong with them."""
    return {one.trouble for found in search_file(path, budget) for one in found.problems}


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    """A tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    """An array as numpy's own file."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.pkl", EVIL),
        ("weights.bin", EVIL),
        ("no suffix", EVIL),
        ("old", pickle.dumps(Evil(), protocol=0)),
        ("second.pkl", pickle.dumps(1) + EVIL),
        ("torch.pt", zipped({"archive/data.pkl": EVIL, "archive/data/0": b"\0" * 100})),
        ("model.tar", tarred({"a/b.pkl": EVIL})),
        ("model.tar.gz", gzip.compress(tarred({"a/b.pkl": EVIL}))),
        ("both.pkl", pickle.dumps(1) + zipped({"data.pkl": EVIL})),
        ("zip in zip.zip", zipped({"a.zip": zipped({"b.pkl": EVIL})})),
        ("array.npy", npy(np.array([Evil()], dtype=object))),
        ("arrays.npz", zipped({"a.npy": npy(np.arange(3)), "b.npy": npy(np.array([Evil()], dtype=object))})),
        ("model.pkl.gz", gzip.compress(EVIL)),
        ("model.pkl.bz2", bz2.compress(EVIL)),
        ("model.pkl.xz", lzma.compress(EVIL)),
        ("model.lzma", lzma.compress(EVIL, format=lzma.FORMAT_ALONE)),
        ("model.z", zlib.compress(EVIL)),
        ("twice.gz", gzip.compress(b"") + gzip.compress(EVIL)),
        ("nested.pkl", pickle.dumps({"inner": EVIL})),
        (
            "large and nested.pkl",
            pickle.dumps({"pad": b"x" * 3_000_000, "inner": pickle.dumps([EVIL, b"y" * 200_000])}),
        ),
        ("nested and second.pkl", pickle.dumps(pickle.dumps(1) + EVIL)),
        ("nested zip.pkl", pickle.dumps(zipped({"data.pkl": EVIL}))),
        ("cloud.pkl", cloudpickle.dumps([Evil()])),
    ],
)
def test_a_pickle_is_found_wherever_it_is(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert SYSTEM in imports(tmp_path / name)


@pytest.mark.parametrize("compress", [0, 3, ("zlib", 1), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)], ids=str)
def test_what_joblib_writes_is_followed_past_its_arrays(tmp_path: Path, compress: object) -> None:
    structured = np.zeros(3, dtype=[("a", "f4"), ("b", "U3")])
    arrays = [np.arange(100_000), np.array(["a", "long text"]), np.zeros((0, 3)), structured, np.array(1.5)]
    arrays += [
        np.array([None, "x"], dtype=object),
        np.asfortranarray(np.ones((20, 30))),
        np.array(["2020"], dtype="M8[D]"),
    ]
    joblib.dump({"arrays": arrays, "z": Evil()}, tmp_path / "model.joblib", compress=compress)
    assert SYSTEM in imports(tmp_path / "model.joblib")
    assert troubles(tmp_path / "model.joblib") == set()


def test_a_model_of_scikit_learn_has_no_problem(tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(3).fit(np.random.default_rng(1).normal(size=(50, 4)), [0, 1] * 25)
    joblib.dump(forest, tmp_path / "model.joblib")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(forest))
    for name in ("model.joblib", "model.pkl"):
        assert troubles(tmp_path / name) == set()
        assert "sklearn.ensemble._forest.RandomForestClassifier" in imports(tmp_path / name)


def test_opcodes_where_joblib_has_raw_bytes_are_seen(tmp_path: Path) -> None:
    array = np.frombuffer(b"0cos\nsystem\n(S'true'\ntR." + b"\0" * 100, dtype="u1")
    joblib.dump(array, tmp_path / "model.joblib")
    content = (tmp_path / "model.joblib").read_bytes()
    start = content.index(b"0cos")
    padding = content.rindex(b"b", 0, start)  # BUILD: what follows is the padding's length, which a pickle cannot skip
    (tmp_path / "bare.pkl").write_bytes(content[: padding + 1] + content[start:])
    assert Trouble.two_ways in troubles(tmp_path / "bare.pkl")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.md", b"copy this\nand that\nover there\n"),
        ("module.py", b"import os\nos.system('x')\n"),
        ("empty.pkl", b""),
        ("data.csv", b"a,b\n1,2\n"),
        ("weights.safetensors", (10).to_bytes(8, "little") + b"{}" + bytes(range(256))),
        ("random.bin", bytes(range(255, -1, -1)) * 10),
        ("array.npy", npy(np.arange(1000))),
        ("paths.pth", b"/somewhere/else\n"),
        ("letters.txt", b"x^2 + y^2 = z^2\n"),
    ],
)
def test_what_is_no_pickle_is_not_taken_for_one(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert search_file(tmp_path / name) == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.pkl", EVIL[:-1]),
        ("cut.pt", zipped({"data.pkl": EVIL})[:-30]),
        ("cut.pkl.gz", gzip.compress(EVIL * 100)[:-20]),
        ("bad.pkl.xz", lzma.compress(EVIL)[:-15] + b"\0" * 15),
        ("words.pkl", b"not a pickle"),
        ("far.pkl", b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little") + b"x"),
        ("farther.pkl", b"\x80\x04\x8e" + b"\xff" * 8 + b"x"),
    ],
)
def test_what_is_damaged_is_a_problem(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert Trouble.broken in troubles(tmp_path / name)


def test_a_member_with_a_wrong_checksum_is_a_problem(tmp_path: Path) -> None:
    content = bytearray(zipped({"data.pkl": EVIL}))
    content[14:18] = b"\0\0\0\0"  # the CRC-32 in the local header, which loaders pass over
    at = content.index(b"PK\x01\x02")
    content[at + 16 : at + 20] = b"\0\0\0\0"
    (tmp_path / "model.pt").write_bytes(content)
    assert Trouble.broken in troubles(tmp_path / "model.pt") or SYSTEM in imports(tmp_path / "model.pt")


def test_bombs_end_at_their_limit(tmp_path: Path) -> None:
    (tmp_path / "bomb.pkl.gz").write_bytes(
        gzip.compress(b"\x80\x04B" + (50_000_000).to_bytes(4, "little") + b"\0" * 50_000_000)
    )
    assert Trouble.limit in troubles(tmp_path / "bomb.pkl.gz", Budget(unpacked_bytes=1_000_000))
    (tmp_path / "many.zip").write_bytes(zipped({f"{number}": b"" for number in range(200)}))
    assert Trouble.limit in troubles(tmp_path / "many.zip", Budget(members=100))
    deep = EVIL
    for _ in range(20):
        deep = pickle.dumps(deep)
    (tmp_path / "deep.pkl").write_bytes(deep)
    assert Trouble.limit in troubles(tmp_path / "deep.pkl")
    packed = EVIL
    for _ in range(20):
        packed = gzip.compress(packed)
    (tmp_path / "deep.gz").write_bytes(packed)
    assert Trouble.limit in troubles(tmp_path / "deep.gz")


def test_a_file_of_gigabytes_is_skipped_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.pkl"
    with path.open("wb") as stream:
        stream.write(b"\x80\x04\x8e" + (3 * 1024**3).to_bytes(8, "little"))
        stream.seek(3 * 1024**3, io.SEEK_CUR)
        stream.write(b"0" + EVIL[2:])
    assert SYSTEM in imports(path)
    with path.open("wb") as stream:
        stream.truncate(2 * 1024**3)
    assert Trouble.broken in troubles(path)


def test_what_is_packed_with_lz4_is_said_not_to_be_searched(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"\x04\x22\x4d\x18" + b"\0" * 20)
    assert troubles(tmp_path / "model.joblib") == {Trouble.limit}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.pkl").write_bytes(EVIL)
    (tmp_path / "link.pkl").symlink_to(tmp_path / "secret.pkl")
    with pytest.raises(OSError, match="link"):
        search_file(tmp_path / "link.pkl")


BASES = [
    *(EVIL, zipped({"data.pkl": EVIL, "b": b"x"}), tarred({"a.pkl": EVIL}), gzip.compress(EVIL), npy(np.array([None]))),
    *(pickle.dumps({"a": [1, "x"]}, protocol=0), lzma.compress(EVIL), bz2.compress(EVIL), zlib.compress(EVIL)),
]


@given(data=st.data(), base=st.sampled_from(BASES))
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_makes_it_fail(tmp_path: Path, data: st.DataObject, base: bytes) -> None:
    content = bytearray(base)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "model.pkl").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    search_file(tmp_path / "model.pkl")
