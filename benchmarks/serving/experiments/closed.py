"""What iris and echo share: servers in turn, connections one count after the other, and the table of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from benchmarks.serving import processes, wrk
from benchmarks.serving.bench import Bench
from benchmarks.serving.samples import Sample, distinct, figure, median, paired, where
from benchmarks.serving.servers import Question, Server

WARM_UP_S = 1.0
WARM_UP_CONNECTIONS = 16


def measure(
    bench: Bench, servers: Sequence[Server], body: bytes, answer: object, connections: Sequence[int]
) -> Iterator[Sample]:
    """A sample for each round, server and number of connections; the last also has the memory after the load."""
    for number in bench.rounds():
        for server in bench.chosen(servers):
            question = Question(server.path, body, lambda got: got == answer)
            with bench.running(server, question) as up:
                wrk.load(up, question, WARM_UP_CONNECTIONS, WARM_UP_S, bench.work)
                for count in connections:
                    load = wrk.load(up, question, count, bench.seconds, bench.work)
                    memory = {"pss_bytes": processes.pss_bytes(up.pid)} if count == connections[-1] else {}
                    yield {"round": number, "server": server.name, "connections": count, **asdict(load), **memory}
                    bench.say(f"{server.name}, {count} connections: {load.rate_per_s:,.0f} requests/s")


HEAD = ("connections", "server", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "failed", "ekiben's rate")


def rows(samples: Sequence[Sample], ours: str) -> Iterator[list[str]]:
    """A row for each number of connections and server; the last cell is our rate over that server's."""
    for connections in distinct(samples, "connections"):
        here = where(samples, connections=int(connections))
        for server in distinct(samples, "server"):
            theirs = where(here, server=server)
            ratio = paired(where(here, server=ours), theirs, "rate_per_s")
            yield [
                connections,
                server,
                figure(median(theirs, "rate_per_s")),
                *(figure(1000 * median(theirs, name)) for name in ("p50_s", "p99_s", "cpu_s_per_request")),
                f"{sum(int(str(one['failed'])) for one in theirs)}",
                "" if server == ours else str(ratio or "-"),
            ]
