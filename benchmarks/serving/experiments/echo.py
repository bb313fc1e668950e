"""JSON in and the same out: what a server costs by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.serving import servers
from benchmarks.serving.bench import Bench
from benchmarks.serving.experiments import closed
from benchmarks.serving.samples import Sample, distinct, figure, median, paired, table, where
from benchmarks.serving.servers import Server

CONNECTIONS = (1, 16, 80)
BODY, ANSWER = b'{"text": "hello there, general kenobi"}', {"text": "hello there, general kenobi"}
OURS = "ekiben, sync"
_GRANIAN = (
    "{bin}/granian",
    "--interface",
    "rsgi",
    "--port",
    "{port}",
    "--workers",
    "1",
    "--no-access-log",
    "echo_rsgi:app",
)
_UVICORN = ("{bin}/uvicorn", "--port", "{port}", "--no-access-log", "echo_asgi:app")
SERVERS = (
    servers.ekiben("echo:Echo", "/echo", OURS),
    servers.ekiben("echo:Echo", "/echo_async", "ekiben, async"),
    servers.bentoml("echo:Echo", "/echo", "BentoML, sync"),
    servers.bentoml("echo:Echo", "/echo_async", "BentoML, async"),
    servers.bare("echo.py", "/echo"),
    Server("uvicorn ASGI", "bare", "bare", _UVICORN, "/echo"),
    Server("granian RSGI", "bare", "bare", _GRANIAN, "/echo"),
)


def measure(bench: Bench) -> Iterator[Sample]:
    """See `closed.measure`."""
    yield from closed.measure(bench, SERVERS, BODY, ANSWER, CONNECTIONS)


def tables(samples: Sequence[Sample]) -> Mapping[str, str]:
    """Rates, and how much of the bare stack's is left."""
    return {"echo": table(closed.HEAD, closed.rows(samples, OURS)), "echo-share": _share(samples)}


def _share(samples: Sequence[Sample]) -> str:
    rows = []
    for connections in distinct(samples, "connections"):
        here = where(samples, connections=int(connections))
        bare = where(here, server="bare")
        ratios = [paired(where(here, server=name), bare, "rate_per_s") for name in (OURS, "ekiben, async")]
        shares = [f"{one.median:.0%} ({one.low:.0%}-{one.high:.0%})" if one else "-" for one in ratios]
        rows.append([connections, figure(median(bare, "rate_per_s")), *shares])
    return table(("connections", "bare, requests/s", "share of it: sync", "async"), rows)
