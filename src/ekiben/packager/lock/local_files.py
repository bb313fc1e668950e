"""The locked files that lie on this machine: in find-links folders and `file://` indexes.

Inside an image build those places do not exist, so the build brings these files along. Only a file whose name says a
locked name and version is hashed; only one whose sha256 is in the lock is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from ekiben.digest import Digest
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pip_settings import PipSettings, local_path


def find_local_files(packages: Iterable[LockedPackage], settings: PipSettings) -> list[Path]:
    """The files of `packages` that are here, sorted by name, each content once. Remote places are not asked."""
    wanted = {(package.name, Version(package.version)): package.hashes for package in packages}
    found: dict[str, Path] = {}
    for path in _candidates(settings, sorted({name for name, _ in wanted})):
        hashes = wanted.get(_distribution(path.name) or ("", Version("0")), ())
        if not hashes:
            continue
        digest = str(Digest.of_file(path))
        if digest in hashes:
            found.setdefault(digest, path)
    return sorted(found.values(), key=lambda path: path.name)


def _candidates(settings: PipSettings, names: Iterable[str]) -> Iterator[Path]:
    for location in settings.find_links:
        path = local_path(location)
        if path and path.is_dir():
            yield from sorted(one for one in path.iterdir() if one.is_file())
        elif path and path.is_file():
            yield from _linked(path)
    roots = [path for index in settings.indexes if index.startswith("file:") and (path := local_path(index))]
    for root in roots:
        for name in names:
            yield from _linked(root / name / "index.html")


def _linked(page: Path) -> Iterator[Path]:
    """The files on this machine that an HTML page (PEP 503, or a find-links page) links to."""
    if not page.is_file():
        return
    links = _Links()
    links.feed(page.read_text(encoding="utf-8", errors="replace"))
    for href in links.hrefs:
        path = local_path(urldefrag(urljoin(page.absolute().as_uri(), href)).url)
        if path and path.is_file():
            yield path


def _distribution(file_name: str) -> tuple[str, Version] | None:
    try:
        if file_name.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(file_name)
        else:
            name, version = parse_sdist_filename(file_name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return canonicalize_name(name), version


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects the target of every link."""
        if tag == "a":
            self.hrefs += [value for key, value in attrs if key == "href" and value]
