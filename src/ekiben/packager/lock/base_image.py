"""What a base image's reference tells about it: its C library, and its digest where one is written. Pure.

No registry is asked. A reference that tells nothing gets `DEFAULT_LIBC`, which the caller says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ekiben.packager.lock.target import DEFAULT_LIBC

# Words in a reference -> the C library, the first that fits. Versions: the distributions' own package lists.
_LIBCS = tuple(
    (re.compile(pattern), libc)
    for pattern, libc in (
        (r"\balpine", "musllinux_1_2"),
        (r"trixie|debian:?13", "manylinux_2_41"),
        (r"bookworm|debian:?12", "manylinux_2_36"),
        (r"bullseye|debian:?11", "manylinux_2_31"),
        (r"buster|debian:?10", "manylinux_2_28"),
        (r"noble|ubuntu:?24\.04", "manylinux_2_39"),
        (r"jammy|ubuntu:?22\.04", "manylinux_2_35"),
        (r"focal|ubuntu:?20\.04", "manylinux_2_31"),
        (r"bionic|ubuntu:?18\.04", "manylinux_2_27"),
        (r"(ubi|rockylinux|almalinux|rhel|el):?10", "manylinux_2_39"),
        (r"(ubi|rockylinux|almalinux|rhel|el):?9", "manylinux_2_34"),
        (r"(ubi|rockylinux|almalinux|rhel|el):?8", "manylinux_2_28"),
        (r"amazonlinux:2023", "manylinux_2_34"),
        (r"amazonlinux:2\b", "manylinux_2_26"),
        # `python:3.12-slim` moves from one Debian to the next: the older of those in use.
        (r"(^|/)python:3", DEFAULT_LIBC),
    )
)


@dataclass(frozen=True, slots=True)
class BaseImage:
    """`reference` as it was asked for, without a digest; `digest` as `sha256:<hex>` where it is known."""

    reference: str
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> BaseImage:
        """The image that a reference names: `python:3.12-slim`, `host/name:tag@sha256:...`."""
        reference, _, digest = text.partition("@")
        return cls(reference, digest or None)

    def __str__(self) -> str:
        return f"{self.reference}@{self.digest}" if self.digest else self.reference

    @property
    def known_libc(self) -> str | None:
        """The newest wheel tag that its C library runs, None where the reference does not tell."""
        host, slash, path = self.reference.partition("/")
        name = path if slash and re.search(r"[.:]|^localhost$", host) else self.reference
        return next((libc for pattern, libc in _LIBCS if pattern.search(name)), None)

    @property
    def libc(self) -> str:
        """The same, or the default."""
        return self.known_libc or DEFAULT_LIBC
