"""Between the command line and a real registry something misbehaves: what ends well is right, and the rest says why."""

from __future__ import annotations

import random
import re

import pytest

from ekiben.report import SilentReporter
from ekiben.store.upkeep.fsck import check_store
from tests.oci.registry.real_registry import RealRegistry
from tests.store.remote.system.command import Command, save_model
from tests.store.remote.system.proxy import Deed, Fault, Proxy

LARGE = (3_000_000, 1_200_000)
BLOB = "/blobs/sha256:"
UPLOAD = "/blobs/uploads/."
MIDDLE = 1_000_000
SOON = {"Retry-After": "0"}
TEMPORARY = (408, 429, 500, 502, 503, 504)

UPLOADING = {
    "drops requests": [Fault(Deed.REFUSE, "POST"), Fault(Deed.REFUSE, "PUT"), Fault(Deed.REFUSE, "HEAD")],
    "drops uploads half way": [Fault(Deed.CUT_REQUEST, "PUT", UPLOAD, MIDDLE)],
    "loses answers": [Fault(Deed.LOSE_ANSWER, "PUT", UPLOAD), Fault(Deed.LOSE_ANSWER, "POST", "/uploads/$")],
    "loses the manifest's answer": [Fault(Deed.LOSE_ANSWER, "PUT", "/manifests/")] * 2,
    "is busy": [Fault(Deed.ANSWER, "PUT", UPLOAD, status=status, headers=SOON) for status in TEMPORARY[:2]],
    "is busy with manifests": [Fault(Deed.ANSWER, "PUT", "/manifests/", status=502, headers=SOON)],
}
DOWNLOADING = {
    "drops requests": [Fault(Deed.REFUSE), Fault(Deed.REFUSE, path=BLOB)],
    "drops answers half way": [Fault(Deed.CUT_ANSWER, path=BLOB, at=at) for at in (1, MIDDLE, 2 * MIDDLE)],
    "stalls": [Fault(Deed.STALL, path=BLOB, at=MIDDLE)],
    "truncates documents": [Fault(Deed.CUT_ANSWER, path="/manifests/", at=50)],
    "is busy": [Fault(Deed.ANSWER, path=BLOB, status=status, headers=SOON) for status in TEMPORARY[2:4]],
    "ignores ranges": [Fault(Deed.CUT_ANSWER, path=BLOB, at=MIDDLE), Fault(Deed.FORGET_RANGE, path=BLOB, of_part=True)],
    "refuses ranges": [
        Fault(Deed.CUT_ANSWER, path=BLOB, at=MIDDLE),
        Fault(Deed.ANSWER, path=BLOB, status=416, of_part=True),
    ],
}
# Who sends other bytes than are asked for is not asked for ever: an error is as good.
LYING = {
    "corrupts blobs": [Fault(Deed.CORRUPT, path=BLOB, at=MIDDLE)],
    "corrupts documents": [Fault(Deed.CORRUPT, path="/manifests/", at=50)],
    "corrupts all blobs": [Fault(Deed.CORRUPT, path=BLOB, at=at) for at in range(0, 200, 10)],
    "tells other ranges": [
        Fault(Deed.CUT_ANSWER, path=BLOB, at=MIDDLE),
        *[Fault(Deed.TELL_OTHER_RANGE, path=BLOB, of_part=True)] * 9,
    ],
    "corrupts parts": [
        Fault(Deed.CUT_ANSWER, path=BLOB, at=MIDDLE),
        *[Fault(Deed.CORRUPT, path=BLOB, at=9, of_part=True)] * 9,
    ],
}


def pushed(command: Command, host: str) -> str:
    """A model's reference, pushed."""
    save_model(command.store, "iris", LARGE)
    return command.must("models", "push", "iris", "--to", f"{host}/team").partition("@")[0]


def assert_same(one: Command, other: Command) -> None:
    """The other store has the model of the one, byte for byte, and nothing amiss."""
    assert other.store.models.get("iris").digest == one.store.models.get("iris").digest
    assert check_store(other.store, SilentReporter(), repairs=False).found == ()


def assert_nothing(command: Command, said: str) -> None:
    """The store is as it was before, and the user was told."""
    assert command.store.models.list() == []
    assert check_store(command.store, SilentReporter(), repairs=False).found == ()
    assert re.match(r"error: [^\n]*`[^\n]*`", said)
    assert "Traceback" not in said


@pytest.mark.parametrize("way", UPLOADING)
def test_a_push_gets_through(way: str, registry: RealRegistry, proxy: Proxy, pusher: Command, puller: Command) -> None:
    proxy.faults += UPLOADING[way]
    pushed(pusher, proxy.host)
    assert proxy.faults == []
    puller.pull_model(f"{registry.host}/team/iris")
    assert_same(pusher, puller)


@pytest.mark.parametrize("way", DOWNLOADING)
def test_a_pull_gets_through(way: str, registry: RealRegistry, proxy: Proxy, pusher: Command, puller: Command) -> None:
    pushed(pusher, registry.host)
    proxy.faults += DOWNLOADING[way]
    puller.must("models", "pull", f"{proxy.host}/team/iris")
    assert proxy.faults == []
    assert_same(pusher, puller)


@pytest.mark.parametrize("way", LYING)
def test_wrong_bytes_never_get_into_a_store(
    way: str, registry: RealRegistry, proxy: Proxy, pusher: Command, puller: Command
) -> None:
    pushed(pusher, registry.host)
    proxy.faults += LYING[way]
    done = puller.run("models", "pull", f"{proxy.host}/team/iris")
    if done.returncode:
        assert_nothing(puller, done.stderr)
        proxy.faults.clear()
        puller.pull_model(f"{proxy.host}/team/iris")
    assert_same(pusher, puller)


@pytest.mark.parametrize("status", [400, 403, 404, 418])
def test_a_refusal_is_told(status: int, proxy: Proxy, pusher: Command) -> None:
    save_model(pusher.store, "iris", LARGE)
    proxy.faults += [Fault(Deed.ANSWER, "POST", status=status)] * 9
    done = pusher.run("models", "push", "iris", "--to", f"{proxy.host}/team")
    assert done.returncode == 1
    assert re.match(r"error: [^\n]*`[^\n]*`", done.stderr)
    assert "Traceback" not in done.stderr


def test_connections_that_end_after_every_answer_do_no_harm(proxy: Proxy, pusher: Command, puller: Command) -> None:
    proxy.closes_idle = True
    reference = pushed(pusher, proxy.host)
    puller.must("models", "pull", reference)
    assert_same(pusher, puller)


@pytest.mark.parametrize("seed", range(4))
def test_a_storm_is_weathered(seed: int, proxy: Proxy, pusher: Command, puller: Command) -> None:
    dice = random.Random(seed)
    deeds = [Deed.REFUSE, Deed.LOSE_ANSWER, Deed.CUT_ANSWER, Deed.CUT_REQUEST, Deed.ANSWER]
    for _ in range(12):
        method, at = dice.choice(["GET", "HEAD", "POST", "PUT"]), dice.randrange(MIDDLE)
        proxy.faults.append(Fault(dice.choice(deeds), method, at=at, status=dice.choice(TEMPORARY), headers=SOON))
    reference = pushed(pusher, proxy.host)
    puller.must("models", "pull", reference)
    assert_same(pusher, puller)
