"""Transfers that are stopped: by the user, or since another one failed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import pytest

from ekiben.digest import Digest
from ekiben.errors import NotFound
from ekiben.oci.image import BlobSource, Image
from ekiben.oci.reference import Reference
from ekiben.oci.registry.network import Network
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.processes import start
from tests.oci.registry.talking import image_of, registry_at

FOR_EVER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Lacking:
    """A source that tells that it has not a blob when `odd` was sent another."""

    whole: BlobSource
    missing: Digest
    odd: OddRegistry

    def open(self, digest: Digest) -> BinaryIO:
        """Any other."""
        if digest != self.missing:
            return self.whole.open(digest)
        wait_until(lambda: self.odd.count("PUT") > 0)
        raise NotFound(f"no `{digest}`")


def wait_until(is_so: Callable[[], bool]) -> None:
    """Looks again and again."""
    while not is_so():
        time.sleep(0.01)


@pytest.mark.timeout(60)
def test_ctrl_c_ends_a_push_that_waits_for_an_answer() -> None:
    stalled = [Fault("PATCH", cut_after=1000, stall_s=FOR_EVER_S) for _ in range(3)]
    with serving(OddRegistry(faults=stalled)) as silent, start("push", silent.host, "0") as child:
        wait_until(lambda: silent.count("PATCH") >= len(stalled))
        child.send_signal(signal.SIGINT)
        _, talk = child.communicate(timeout=60)
    assert child.returncode != 0
    assert "KeyboardInterrupt" in talk


@pytest.mark.timeout(60)
def test_a_failure_ends_the_transfers_that_wait_for_an_answer() -> None:
    image = image_of(3000, seeds=(1, 2))
    with serving(OddRegistry(faults=[Fault("PUT", cut_after=1000, stall_s=FOR_EVER_S)])) as silent:
        lacking = Lacking(image.source, image.layers[0].digest, silent)
        with pytest.raises(NotFound, match="no `sha256:"):
            registry_at(silent.host, network=Network(stall_s=FOR_EVER_S)).push_image(
                Image(image.manifest, image.config, lacking), Reference.parse(f"{silent.host}/image:1")
            )
