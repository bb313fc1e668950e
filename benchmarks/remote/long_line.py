"""`python -m benchmarks.remote.long_line`: one blob from a registry that gives each connection little."""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.saving import Saving
from ekiben.oci.transfer_progress import Progress
from tests.oci.registry.odd_registry import OddRegistry, serving
from tests.oci.registry.talking import registry_at

MEBIBYTE = 1024 * 1024
LINES = (1, 2, 4, 8)


def seconds_over(lines: int, blob: RemoteBlob, path: Path) -> float:
    """How long the blob takes into a file over so many connections at most."""
    begun_s = time.monotonic()
    Saving(threading.Semaphore(lines - 1)).save_locked(blob, path, Progress())
    return time.monotonic() - begun_s


def main() -> None:
    """Prints a row for each number of connections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="MiB")
    parser.add_argument("--rate", type=int, default=20, help="MB/s that a connection gets")
    options = parser.parse_args()
    content = random.Random(1).randbytes(MEBIBYTE) * options.size
    with serving(OddRegistry(rate=options.rate * 1_000_000)) as far, tempfile.TemporaryDirectory() as folder:
        blob = RemoteBlob(
            registry_at(far.host).client, "a", Digest(far.put(content).removeprefix("sha256:")), len(content)
        )
        for lines in LINES:
            far.sent_bytes = 0
            taken_s = seconds_over(lines, blob, Path(folder) / str(lines))
            again = (far.sent_bytes - len(content)) / MEBIBYTE
            print(f"{lines} connections: {taken_s:5.1f} s, {again:.1f} MiB on the way in vain", flush=True)


if __name__ == "__main__":
    main()
