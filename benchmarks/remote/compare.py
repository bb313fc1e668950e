"""Models to and from a registry, beside `skopeo copy` of the same blobs: a table in Markdown. From the root:

    python -m benchmarks.remote.compare EKIBEN_BIN [--size MIB]

EKIBEN_BIN is the `bin` folder of an environment. Needs docker-registry 2.8 and skopeo, and four times the model's size
on the disk. README.md beside this file says what each row is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.images.memory import PeakMemory
from benchmarks.images.registry import RunningRegistry, running_registry
from benchmarks.images.rows import HEAD, Row, faster, size
from benchmarks.remote.kills import kill_rows
from benchmarks.remote.tools import MEBIBYTE, MODEL, Ekiben, Skopeo, timed
from benchmarks.serving.samples import machine
from tests.store.remote.system.proxy import Proxy, proxying

TEN = "ten"  # a model of ten files


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rows share."""

    options: argparse.Namespace
    work: Path
    ekiben: Ekiben
    skopeo: Skopeo

    @property
    def what(self) -> str:
        """The model in words."""
        return f"{size(self.options.size * MEBIBYTE)}"

    @contextmanager
    def registry(self, name: str) -> Iterator[RunningRegistry]:
        """An empty one, of which nothing stays."""
        folder = self.work / name
        try:
            with running_registry(folder) as running:
                yield running
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def medians(self, measures: Sequence[Callable[[], float]]) -> list[float]:
        """The median of each, measured in turn."""
        taken = [[measure() for measure in measures] for _ in range(self.options.rounds)]
        return [statistics.median(times) for times in zip(*taken, strict=True)]

    def into_empty(self, push: Callable[[RunningRegistry], float]) -> float:
        """Seconds of a push to a registry that has nothing."""
        with self.registry("empty") as registry:
            return push(registry)

    def first_push(self) -> float:
        """Seconds of a push by a store that knows no digest of any blob."""
        self.ekiben.forget()
        return self.into_empty(self.ekiben.push)

    def pull(self, registry: RunningRegistry) -> float:
        """Seconds of a pull into an empty store."""
        ekiben = self.ekiben.at(self.work / "puller")
        try:
            return ekiben.pull(registry)
        finally:
            shutil.rmtree(ekiben.home, ignore_errors=True)


def transfer_rows(bench: Bench) -> Iterator[Row]:
    """Whole models, against skopeo: seconds, and memory."""
    with bench.registry("full") as full:
        bench.ekiben.push(full)
        bench.skopeo.pull(full)
        first_s, again_s, skopeo_s = bench.medians(
            [
                bench.first_push,
                lambda: bench.into_empty(bench.ekiben.push),
                lambda: bench.into_empty(bench.skopeo.push),
            ]
        )
        yield faster(f"push of {bench.what}, its blobs' digests unknown", first_s, "skopeo", skopeo_s)
        yield faster(f"push of {bench.what}, its blobs' digests known", again_s, "skopeo", skopeo_s, "0.91x")
        pull_s, skopeo_s = bench.medians([lambda: bench.pull(full), lambda: bench.skopeo.pull(full)])
        yield faster(f"pull of {bench.what}", pull_s, "skopeo", skopeo_s, "0.91x")
        with bench.registry("other") as other:
            copy_s = bench.ekiben.copy(full, other)
        with bench.registry("other") as other:
            skopeo_s = bench.skopeo.copy(full, other)
        yield faster("copy from one registry to another", copy_s, "skopeo", skopeo_s)
    yield from memory_rows(bench)


def memory_rows(bench: Bench) -> Iterator[Row]:
    """The most that the processes of one transfer hold."""
    with bench.registry("full") as full:
        bench.ekiben.forget()
        mine = peak_bytes(lambda: bench.ekiben.push(full), full)
        with bench.registry("other") as other:
            theirs = peak_bytes(lambda: bench.skopeo.push(other), full, other)
        yield Row("most memory at a push", size(mine), f"skopeo {size(theirs)}", "", "under 150 MB")
        mine = peak_bytes(lambda: bench.pull(full), full)
        theirs = peak_bytes(lambda: bench.skopeo.pull(full), full)
        yield Row("most memory at a pull", size(mine), f"skopeo {size(theirs)}", "", "under 150 MB")


def peak_bytes(work: Callable[[], object], *besides: RunningRegistry) -> int:
    """The most memory that the processes of `work` hold together; registries are left out."""
    with PeakMemory(*(one.pid for one in besides)) as memory:
        work()
    return memory.peak_bytes


def sent_rows(bench: Bench) -> Iterator[Row]:
    """What is sent where nearly all is there: requests' heads and bodies, apart."""
    with bench.registry("counted") as registry, proxying(Proxy(registry.port)) as proxy:
        to = f"{proxy.host}/bench"
        timed(bench.ekiben.command, "models", "push", MODEL, "--to", to)
        proxy.seen.clear()
        timed(bench.ekiben.command, "models", "push", MODEL, "--to", to)
        yield _sent("the same model again", proxy, 0, "under 4 KB")
        file_bytes = bench.options.size * MEBIBYTE // 10
        for number in range(2):
            save_ten(bench.ekiben, file_bytes, number)
            proxy.seen.clear()
            timed(bench.ekiben.command, "models", "push", TEN, "--to", to)
        yield _sent(f"one changed file of ten, beyond its {size(file_bytes)}", proxy, file_bytes, "under 4 KB")


def save_ten(ekiben: Ekiben, file_bytes: int, seed: int) -> None:
    """A model of ten files, of which one depends on `seed`."""
    with ekiben.command.store.models.create(TEN) as draft:
        for number in range(10):
            block = bytes([number]) * (MEBIBYTE - 8)
            with draft.path_of(f"part-{number}.bin").open("wb") as file:
                file.write((seed if number == 0 else 0).to_bytes(8))
                for at in range(8, file_bytes, len(block)):
                    file.write(block[: file_bytes - at])


def _sent(what: str, proxy: Proxy, beyond: int, aim: str) -> Row:
    bodies = proxy.body_bytes - beyond
    told = f"{size(proxy.head_bytes + bodies)} ({size(proxy.head_bytes)} heads, {size(bodies)} bodies)"
    return Row(f"sent for {what}", told, "", "", aim)


def rows(bench: Bench) -> Iterator[Row]:
    """All of the table."""
    bench.ekiben.save_model(bench.options.size)
    if "transfers" in bench.options.only:
        yield from transfer_rows(bench)
    if "sent" in bench.options.only:
        yield from sent_rows(bench)
    if "kills" in bench.options.only:
        yield from kill_rows(bench.ekiben, bench.work, bench.options.kill_size, bench.options.kills)


def main() -> None:
    """Measures and prints."""
    options = _arguments()
    begun = time.monotonic()
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ekiben = Ekiben(options.ekiben.absolute(), work / "pusher")
        for row in rows(Bench(options, work, ekiben, Skopeo(work / "skopeo"))):
            print(row, flush=True)
    print(f"\n{options.rounds} rounds in {time.monotonic() - begun:.0f} s on {machine()}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.remote.compare", description="Models to and fro.")
    parser.add_argument("ekiben", type=Path, metavar="EKIBEN_BIN")
    parser.add_argument("--size", type=int, default=1908, help="of the model, in MiB (1908: 2 GB)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=50, help="of pushes, and of pulls")
    parser.add_argument("--kill-size", type=int, default=200, help="of the model that is killed, in MiB")
    groups = ("transfers", "sent", "kills")
    parser.add_argument("--only", nargs="+", choices=groups, default=groups)
    return parser.parse_args()


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    main()
