"""A base like NVIDIA's and an image like Python's, of a few hundred bytes."""

from __future__ import annotations

from ekiben.oci.entries import Entry
from tests.packager.image.native.tiny_base import GLIBC
from tests.packager.image.native.tiny_elf import elf

LIBRARIES = "usr/lib/x86_64-linux-gnu"
CUDA_ENV = {
    "PATH": "/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/bin:/usr/bin:/bin",
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility,video",
    "NVIDIA_REQUIRE_CUDA": "cuda>=12.6",
}
CUDA = (
    Entry.link("lib", "usr/lib"),
    Entry.file(f"{LIBRARIES}/libc.so.6", GLIBC.replace(b"2.36", b"2.39"), 0o755),
    Entry.file(f"{LIBRARIES}/libz.so.1.3", elf("libc.so.6")),
    Entry.link(f"{LIBRARIES}/libz.so.1", "libz.so.1.3"),
    Entry.file("usr/local/cuda/lib64/libcudart.so.12", elf("libc.so.6")),
)
_STDLIB = "usr/local/lib/python3.11"
SLIM_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHON_VERSION": "3.11.9"}
SLIM = (
    Entry.link("lib", "usr/lib"),
    Entry.file(f"{LIBRARIES}/libc.so.6", GLIBC, 0o755),
    Entry.file(f"{LIBRARIES}/libz.so.1", elf("libc.so.6")),
    Entry.file(f"{LIBRARIES}/libsqlite3.so.0.8.6", elf("libm.so.6", "libz.so.1", "libtinfo.so.6")),
    Entry.link(f"{LIBRARIES}/libsqlite3.so.0", "libsqlite3.so.0.8.6"),
    Entry.file(f"{LIBRARIES}/libtinfo.so.6", elf("libc.so.6")),
    Entry.file(f"{LIBRARIES}/libperl.so.5", elf("libc.so.6")),
    Entry.file("usr/local/bin/python3.11", elf("libpython3.11.so.1.0", "libc.so.6"), 0o755),
    Entry.link("usr/local/bin/python3", "python3.11"),
    Entry.link("usr/local/bin/python", "python3"),
    Entry.file("usr/local/bin/pip3", b"#!/usr/local/bin/python3\n", 0o755),
    Entry.file("usr/local/lib/libpython3.11.so.1.0", elf("libc.so.6"), 0o755),
    Entry.link("usr/local/lib/libpython3.11.so", "libpython3.11.so.1.0"),
    Entry.file(f"{_STDLIB}/os.py", b"sep = '/'\n"),
    Entry.link(f"{_STDLIB}/posix.py", "os.py"),
    Entry.file(f"{_STDLIB}/lib-dynload/_sqlite3.so", elf("libsqlite3.so.0", "libc.so.6"), 0o755),
    Entry.file(f"{_STDLIB}/site-packages/pip/__init__.py", b""),
    Entry.file(f"{_STDLIB}/__pycache__/os.cpython-311.pyc", b"of another making"),
)
