"""What a Bento's image is made of, as an export takes it along: a wheel and a base of a few hundred bytes."""

from __future__ import annotations

from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.entries import Entry
from ekiben.oci.layout import Layout
from ekiben.report import SilentReporter
from ekiben.store.archive.exporting import ExportRequest, export_bento
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.member import Member
from ekiben.store.archive.offline import OfflineParts
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.sums import OFFLINE_BASES, OFFLINE_WHEELS, offline_blob
from tests.packager.image.native.tiny_base import DEBIAN, base_of
from tests.packager.small_bento import make_wheel

PLATFORM = "linux/amd64"
BASE = "python:3.11"
_HEAVY = {"scipy/__init__.py": "x = 1\n", "scipy/machine.py": ""}
_TAG = "cp311-cp311-manylinux_2_17_x86_64"


def parts_of(folder: Path, *more: Entry) -> OfflineParts:
    """Made in `folder`; the base has `more` files."""
    (folder / "wheels").mkdir(parents=True)
    wheel = make_wheel(folder / "wheels", "scipy", "1.0", _HEAVY, _TAG)
    Layout(folder / "bases").add(base_of(folder / "blobs", DEBIAN, more), BASE)
    files = {f"{OFFLINE_WHEELS}/{wheel.name}": wheel}
    files |= {
        f"{OFFLINE_BASES}/{path.relative_to(folder / 'bases')}": path
        for path in (folder / "bases").rglob("*")
        if path.is_file()
    }
    return OfflineParts((PLATFORM,), tuple(_member(path, file) for path, file in files.items()))


def _member(path: str, file: Path) -> Member:
    blob = offline_blob(path)
    return Member(path, file, file.stat().st_size, digest=Digest(blob) if blob else None)


def send_with(parts: OfflineParts, bento: Bento, store: Store, to: Path, form: ArchiveFormat | None = None) -> Path:
    """Exports a Bento with them."""
    request = ExportRequest(bento.tag, str(to), form)
    return Path(export_bento(request, offline=parts, store=store, reporter=SilentReporter()))
