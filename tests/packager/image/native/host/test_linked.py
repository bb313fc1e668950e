"""What `ldd` says, and where the libraries go."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.packager.image.native.host.linked import Linked, parse_ldd

SAID = """\
/usr/bin/python3.11:
\tlinux-vdso.so.1 (0x00007ffd3a5f2000)
\tlibpython3.11.so.1.0 => /opt/python/lib/libpython3.11.so.1.0 (0x00007f3a1c000000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f3a1be1f000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f3a1c5d0000)
/opt/python/lib/_ssl.so:
\tlinux-vdso.so.1 (0x00007ffd3a5f2000)
\tlibssl.so.3 => /usr/lib/x86_64-linux-gnu/libssl.so.3 (0x00007f3a1c4d0000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f3a1be1f000)
"""


def test_libraries_are_told_by_name_and_the_loader_by_its_path() -> None:
    assert parse_ldd(SAID) == Linked(
        {
            "libpython3.11.so.1.0": Path("/opt/python/lib/libpython3.11.so.1.0"),
            "libc.so.6": Path("/lib/x86_64-linux-gnu/libc.so.6"),
            "libssl.so.3": Path("/usr/lib/x86_64-linux-gnu/libssl.so.3"),
        },
        Path("/lib64/ld-linux-x86-64.so.2"),
    )


def test_all_libraries_go_to_the_folder_of_the_c_library(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("libc.so.6", "libpython3.11.so.1.0")}
    for path in (*files.values(), tmp_path / "ld.so"):
        path.write_bytes(b"")
    entries = {entry.path for entry in Linked(files, tmp_path / "ld.so").entries()}
    folder = f"usr{tmp_path.resolve()}"
    assert entries == {f"{folder}/libc.so.6", f"{folder}/libpython3.11.so.1.0", f"{folder}/ld.so"}


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(ImageError, match=r"lacks `libssl\.so\.3`"):
        parse_ldd(f"{SAID}\tlibssl.so.3 => not found\n")


@pytest.mark.parametrize("said", ["", "\tstatically linked\n", "\t/lib/ld-musl-x86_64.so.1 (0x7f3a1c5d0000)\n"])
def test_another_c_library_makes_no_base(said: str) -> None:
    with pytest.raises(ImageError, match="is not glibc"):
        parse_ldd(said)
