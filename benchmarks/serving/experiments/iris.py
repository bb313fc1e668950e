"""The iris classifier (an SVC, at most 64 rows a call) in a closed loop, and memory after it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.serving import servers
from benchmarks.serving.bench import Bench
from benchmarks.serving.experiments import closed
from benchmarks.serving.samples import Sample, distinct, figure, median, paired, table, where
from benchmarks.serving.servers import SERVICES

CONNECTIONS = (1, 16, 80)
BODY = b'{"flowers": [[5.1, 3.5, 1.4, 0.2]]}'
SERVERS = (
    servers.ekiben("iris:Iris", "/classify"),
    servers.bentoml("iris:Iris", "/classify"),
    servers.bentoml_tuned("iris:Iris", "/classify"),
    servers.litserve("iris.py", "/classify"),
    servers.mosec("iris.py", "/classify", name="mosec, waits 1 ms"),
    servers.mosec("iris.py", "/classify", name="mosec, as it comes", wait_ms=10),
    servers.bare("iris.py", "/classify"),
)


def train(bench: Bench) -> None:
    """Makes the model, which every server loads from the same file."""
    script = str(SERVICES / "alone" / "train_iris.py")
    subprocess.run([bench.python("bare"), script, str(bench.work / "iris.joblib")], check=True)


def measure(bench: Bench) -> Iterator[Sample]:
    """See `closed.measure`."""
    train(bench)
    yield from closed.measure(bench, SERVERS, BODY, [0], CONNECTIONS)


def tables(samples: Sequence[Sample]) -> Mapping[str, str]:
    """Rates, and memory."""
    return {"iris": table(closed.HEAD, closed.rows(samples, "ekiben")), "memory": _memory(samples)}


def _memory(samples: Sequence[Sample]) -> str:
    last = where(samples, connections=CONNECTIONS[-1])
    rows = []
    for server in distinct(samples, "server"):
        theirs = where(last, server=server)
        ratio = paired(where(last, server="ekiben"), theirs, "pss_bytes")
        share = "" if server == "ekiben" or ratio is None else f"{ratio.median:.0%} ({ratio.low:.0%}-{ratio.high:.0%})"
        rows.append([server, figure(median(theirs, "pss_bytes") / 1e6), share])
    return table(("server", "memory MB", "ekiben's share of it"), rows)
