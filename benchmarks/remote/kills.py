"""Pushes and pulls that are killed by kill -9 at random instants, and then let through: what is sent again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.images.registry import running_registry
from benchmarks.images.rows import Row, size
from benchmarks.remote.tools import Ekiben
from tests.oci.registry.odd_registry import OddRegistry, serving
from tests.store.remote.system.killing import Killer
from tests.store.remote.system.proxy import Proxy, proxying

MODEL = "killed"
_SEED = 1


@dataclass(slots=True)
class Tally:
    """How many were killed before their end, and what was sent again for each of them."""

    again_bytes: list[int]

    def __str__(self) -> str:
        most = max(self.again_bytes, default=0)
        mean = sum(self.again_bytes) // max(1, len(self.again_bytes))
        return f"{size(mean)} mean, at most {size(most)}, of {len(self.again_bytes)}"


def kill_rows(ekiben: Ekiben, work: Path, size_mib: int, kills: int) -> Iterator[Row]:
    """A row for each direction, and one for a server that keeps what it got of an upload."""
    ekiben.save_model(size_mib, MODEL)
    with ExitStack() as stack:
        registry = stack.enter_context(running_registry(work / "killed"))
        proxy = stack.enter_context(proxying(Proxy(registry.port)))
        what = f"of {size_mib} MiB, again"
        blobs = work / "killed/data/docker/registry/v2"
        pushes = killed_pushes(
            ekiben,
            kills,
            proxy.host,
            lambda: proxy.body_bytes,
            proxy.seen.clear,
            lambda: shutil.rmtree(blobs, ignore_errors=True),
        )
        yield Row(f"killed push {what} (docker-registry)", str(pushes), "", "", "the interrupted blob")
        yield Row(f"killed pull {what}", str(killed_pulls(ekiben, work, kills, proxy)), "", "", "")
    odd = OddRegistry(manifest_headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"})
    with serving(odd):

        def forget() -> None:
            odd.blobs.clear()
            odd.manifests.clear()
            odd.uploads.clear()
            odd.seen.clear()

        def clear() -> None:
            odd.taken_bytes = 0

        pushes = killed_pushes(ekiben, kills, odd.host, lambda: odd.taken_bytes, clear, forget)
    yield Row(f"killed push {what} (offsets kept)", str(pushes), "", "", "the interrupted chunk")


def killed_pushes(
    ekiben: Ekiben,
    kills: int,
    host: str,
    sent_bytes: Callable[[], int],
    clear: Callable[[], object],
    forget: Callable[[], object],
) -> Tally:
    """`sent_bytes` are counted from `clear` on; `forget` empties the registry."""
    push = ("models", "push", MODEL, "--to", f"{host}/bench")
    ekiben.command.must(*push)  # so that the digests are known
    forget()
    clear()
    killer = Killer.of(ekiben.command, random.Random(_SEED), *push)
    whole_bytes, tally = sent_bytes(), Tally([])
    while len(tally.again_bytes) < kills:
        forget()
        clear()
        if killer.kill(*push):
            ekiben.command.must(*push)
            tally.again_bytes.append(sent_bytes() - whole_bytes)
    return tally


def killed_pulls(ekiben: Ekiben, work: Path, kills: int, proxy: Proxy) -> Tally:
    """Each into an empty store, held to the digest of the model at the end."""
    pull = ("models", "pull", f"{proxy.host}/bench/{MODEL}")
    puller = ekiben.at(work / "killed-puller")
    dice, tally = random.Random(_SEED), Tally([])
    ekiben.command.must("models", "push", MODEL, "--to", f"{proxy.host}/bench")
    proxy.seen.clear()
    whole_s, whole_bytes = Killer.of(puller.command, dice, *pull).whole_s, proxy.fetched_bytes()
    while len(tally.again_bytes) < kills:
        shutil.rmtree(puller.home)
        proxy.seen.clear()
        if Killer(puller.command, whole_s, dice).kill(*pull):
            puller.command.must(*pull)
            tally.again_bytes.append(proxy.fetched_bytes() - whole_bytes)
        got, wanted = (one.command.store.models.get(MODEL).digest for one in (puller, ekiben))
        if got != wanted:
            raise SystemExit(f"`{MODEL}` came as {got}, and not as {wanted}")
    return tally
