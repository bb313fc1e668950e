"""Fuzzes `import`: `python -m benchmarks.fuzz.archives --minutes 10 --seed 1`.

Wrong archives of every form go into a store. Each is refused in words or taken whole: never another exception, never a
file outside the store or left in its staging, never an item that is not what its digest names. What breaks that is kept
in the folder that is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzz.mutations import mutate, mutate_tar, mutate_zip
from ekiben.errors import EkibenError
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.archive.compression import compressed
from ekiben.store.archive.exporting import ExportRequest, export_bento, export_model
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.importing import ImportRequest, import_bento, import_model
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.member import Member
from ekiben.store.archive.writing import write_archive
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.item import StoredItem
from ekiben.store.local import Store, open_store
from ekiben.store.verify import check_content

_TARS = (ArchiveFormat.gz, ArchiveFormat.bz2, ArchiveFormat.xz, ArchiveFormat.zst)
_LIMITS = Limits(max_bytes=64 * 1024**2, max_files=1000)
_BENTOML = b"""name: iris
version: 5rquuyhgfwq56ax4
module: bentoml.sklearn
labels: {owner: fuzz}
options: {}
metadata: {accuracy: 0.97, when: 2026-01-01}
context: {framework_name: sklearn, framework_versions: {scikit-learn: 1.5.0}, bentoml_version: 1.4.39}
signatures: {predict: {batchable: true, batch_dim: [0, 0]}}
api_version: v1
creation_time: '2026-01-01T00:00:00+00:00'
"""
_CANARY = "nothing here is touched"


@dataclass(slots=True)
class Findings:
    """What came of the archives: how many were refused for which reason, taken, and what should not have been."""

    refused: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        """How many archives there were."""
        return self.refused.total() + self.taken + len(self.faults)


@dataclass(frozen=True, slots=True)
class Seed:
    """A right archive to begin with: its bytes, and how it is imported."""

    data: bytes
    form: ArchiveFormat
    bring: Callable[..., StoredItem]


def fuzz(folder: Path, *, seed: int, is_over: Callable[[int], bool]) -> Findings:
    """Imports wrong archives until `is_over(rounds)`; `folder` is empty and keeps those that broke a promise."""
    rng, findings = random.Random(seed), Findings()
    seeds = list(_seeds(folder / "seeds"))
    store = open_store(load_settings({"EKIBEN_HOME": str(folder / "home")}))
    (folder / "outside").mkdir()
    (folder / "outside" / "canary").write_text(_CANARY)
    before = _outside(folder)
    while not is_over(findings.rounds):
        data, bring = _next(seeds, rng)
        archive = folder / "archive"
        archive.write_bytes(data)
        fault = _import(archive, bring, store, findings)
        archive.unlink()
        fault = fault or _trace(folder, before, store)
        if fault:
            kept = folder / f"fault-{len(findings.faults)}"
            kept.write_bytes(data)
            before = _outside(folder)
            findings.faults.append(f"{kept}: {fault}")
    return findings


def _import(archive: Path, bring: Callable[..., StoredItem], store: Store, findings: Findings) -> str | None:
    try:
        item = bring(ImportRequest(str(archive), limits=_LIMITS), store=store, reporter=SilentReporter())
        check_content(item.path, item.digest, str(item.tag))
    except EkibenError as error:
        findings.refused[type(error).__name__] += 1
        return None
    except Exception:  # noqa: BLE001 - what a fuzzer is for
        return traceback.format_exc()
    findings.taken += 1
    for shelf in (store.bentos, store.models):
        for one in shelf.list():
            shelf.delete(one.tag, force=True)
    return None


def _trace(folder: Path, before: Mapping[str, int], store: Store) -> str | None:
    """What an import left where nothing should be."""
    if _outside(folder) != before:
        return f"files outside changed: {sorted(_outside(folder).keys() ^ before.keys())}"
    left = sorted(path.name for path in store.layout.tmp.iterdir()) if store.layout.tmp.is_dir() else []
    return f"left in tmp/: {left}" if left else None


def _outside(folder: Path) -> dict[str, int]:
    places = [path for path in folder.rglob("*") if not path.is_relative_to(folder / "home")]
    places += [Path(tempfile.gettempdir(), "outside"), Path("/outside"), Path("outside")]
    return {str(path): path.lstat().st_size for path in places if path.exists()}


def _next(seeds: list[Seed], rng: random.Random) -> tuple[bytes, Callable[..., StoredItem]]:
    one, other = rng.choice(seeds), rng.choice(seeds)
    if rng.random() < 0.4:
        return mutate(one.data, other.data, rng), one.bring
    if one.form is ArchiveFormat.zip:
        return mutate_zip(one.data, rng), one.bring
    changed = mutate_tar(one.data, rng) if rng.random() < 0.7 else mutate(one.data, other.data, rng)
    return (_packed(changed, rng.choice(_TARS)) if rng.random() < 0.5 else changed), one.bring


def _packed(tar: bytes, form: ArchiveFormat) -> bytes:
    buffer = io.BytesIO()
    with compressed(buffer, form) as sink:
        sink.write(tar)
    return buffer.getvalue()


def _seeds(folder: Path) -> Iterator[Seed]:
    """A model and a Bento of ours, as tar and as zip, and a model of BentoML's."""
    store = open_store(load_settings({"EKIBEN_HOME": str(folder / "home")}))
    with store.models.create("iris", labels={"owner": "fuzz"}) as draft:
        draft.path_of("weights.bin").write_bytes(bytes(range(256)) * 8)
        draft.path_of("a", "b").mkdir(parents=True)
        draft.path_of("a", "b", "c" * 120).write_text("a name that needs an extended header")
    entry = BentoModelEntry(draft.tag, draft.model.digest)
    with store.bentos.stage("svc") as staged:
        staged.path_of("src").mkdir()
        staged.path_of("src", "service.py").write_text("pass\n")
        bento = staged.commit(BentoManifest("service:Svc", "svc", models=(entry,)), version=None, receipt={})
    silent = SilentReporter()
    for form in (ArchiveFormat.tar, ArchiveFormat.zip):
        model = export_model(ExportRequest(draft.tag, str(folder / f"m.{form}")), store=store, reporter=silent)
        whole = export_bento(ExportRequest(bento.tag, str(folder / f"b.{form}")), store=store, reporter=silent)
        yield Seed(Path(model).read_bytes(), form, import_model)
        yield Seed(Path(whole).read_bytes(), form, import_bento)
        yield Seed(_from_bentoml(form), form, import_model)


def _from_bentoml(form: ArchiveFormat) -> bytes:
    buffer = io.BytesIO()
    write_archive([Member("model.yaml", _BENTOML, len(_BENTOML))], buffer, form, lambda _: None)
    return buffer.getvalue()


def main() -> int:
    """Runs for some minutes and tells what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ekiben-fuzz-"))
    ends = time.monotonic() + options.minutes * 60
    findings = fuzz(folder, seed=options.seed, is_over=lambda _: time.monotonic() >= ends)
    print(f"{findings.rounds} archives in {folder}: {findings.taken} taken, refused: {dict(findings.refused)}")
    print("\n".join(findings.faults) or "no faults")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
