"""`models push` and `models pull`, killed by kill -9 at fifty random instants: the end is right byte for byte, and
little is sent again.

A transfer is killed several times in a row before it may end. `python -m benchmarks.remote.compare` does the same with
larger models.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from ekiben.report import SilentReporter
from ekiben.store.upkeep.fsck import check_store
from tests.oci.registry.real_registry import RealRegistry
from tests.store.remote.system.command import Command, save_model
from tests.store.remote.system.killing import Killer
from tests.store.remote.system.proxy import Proxy

ROUNDS, KILLS = 10, 5  # in each round so many kills, before it may end
LARGE = (6_000_000, 4_000_000, 2_000_000)
PAUSE_S = 0.001  # 60 MB/s and connection: a transfer takes longer than the start of its process
MAY_BE_STORING = 1  # blob whose sender was killed right behind its last byte, and the next asks at once
IN_FLIGHT = 4 * 1024 * 1024  # what a killed process had taken from its connections and not yet written down


def stored_blobs(proxy: Proxy) -> Counter[str]:
    """How often the registry took each blob, by repository and digest."""
    puts = (one.path for one in proxy.seen if one.method == "PUT" and one.status == 201 and "digest=" in one.path)
    return Counter(path.partition("/blobs/")[0] + path.rpartition("digest=")[2] for path in puts)


def assert_whole(pusher: Command, puller: Command) -> None:
    """The puller's store has what the pusher's has, and nothing else beside what the killed were staging."""
    assert puller.store.models.get("iris").digest == pusher.store.models.get("iris").digest
    found = check_store(puller.store, SilentReporter(), repairs=False).found
    assert [str(one) for one in found if not one.where.startswith("tmp/")] == []


def test_a_push_killed_at_any_instant_goes_on(
    registry: RealRegistry, proxy: Proxy, pusher: Command, tmp_path: Path
) -> None:
    save_model(pusher.store, "iris", LARGE)
    proxy.pause_s = PAUSE_S
    killer = Killer.of(pusher, random.Random(1), "models", "push", "iris", "--to", f"{proxy.host}/warm")
    proxy.seen.clear()
    kills = 0
    for number in range(ROUNDS):
        push = ("models", "push", "iris", "--to", f"{proxy.host}/round{number}")
        kills += sum(1 for _ in killer.kill_often(KILLS, *push))
        pusher.must(*push)
        puller = Command(tmp_path / f"puller{number}")
        puller.pull_model(f"{registry.host}/round{number}/iris")
        assert_whole(pusher, puller)
    assert kills > ROUNDS
    again = sum(times - 1 for times in stored_blobs(proxy).values())
    assert again <= MAY_BE_STORING, "blobs that had arrived were sent again"


def test_a_pull_killed_at_any_instant_goes_on(
    registry: RealRegistry, proxy: Proxy, pusher: Command, tmp_path: Path
) -> None:
    save_model(pusher.store, "iris", LARGE)
    pusher.must("models", "push", "iris", "--to", f"{registry.host}/team")
    proxy.pause_s = PAUSE_S
    pull = ("models", "pull", f"{proxy.host}/team/iris")
    whole_s = Killer.of(Command(tmp_path / "warm"), random.Random(2), *pull).whole_s
    whole_bytes, all_kills = proxy.fetched_bytes(), 0
    for number in range(ROUNDS):
        proxy.seen.clear()
        puller = Command(tmp_path / f"puller{number}")
        kills = sum(1 for _ in Killer(puller, whole_s, random.Random(number)).kill_often(KILLS, *pull))
        puller.must(*pull)
        assert_whole(pusher, puller)
        assert proxy.fetched_bytes() <= whole_bytes + (kills + 1) * IN_FLIGHT
        all_kills += kills
    assert all_kills > ROUNDS
