"""A short closed-loop load on the iris service, with the standard library alone: `python load.py [URL] [SECONDS]`.

Prints requests per second and latency percentiles for 1 and 16 clients, and what the batcher made of them. For figures
to compare, see `benchmarks/`; a client written in Python is a good part of what is measured here.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

BODY = json.dumps({"flowers": [[5.1, 3.5, 1.4, 0.2]]})
HEADERS = {"Content-Type": "application/json"}


def run_client(host: str, until_s: float, latencies_s: list[float]) -> None:
    """Sends requests one after the other until `until_s` (monotonic clock) and notes how long each took."""
    connection = http.client.HTTPConnection(host, timeout=10)
    while time.monotonic() < until_s:
        started_s = time.monotonic()
        connection.request("POST", "/classify", BODY, HEADERS)
        answer = connection.getresponse().read()
        if json.loads(answer) != ["setosa"]:
            raise SystemExit(f"a wrong answer: {answer!r}")
        latencies_s.append(time.monotonic() - started_s)
    connection.close()


def measure(host: str, clients: int, seconds: float) -> str:
    """One line with what `clients` concurrent clients saw."""
    latencies_s: list[float] = []
    until_s = time.monotonic() + seconds
    threads = [threading.Thread(target=run_client, args=(host, until_s, latencies_s)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(latencies_s)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.50, 0.99))
    return f"{clients:3} clients: {len(ordered) / seconds:7.0f} requests/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"


def mean_batch(host: str) -> float:
    """Rows per batch since the server started, from its metrics."""
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    sums = {name: float(line.rsplit(" ", 1)[1]) for name in ("sum", "count") for line in lines if _is(line, name)}
    return sums["sum"] / sums["count"]


def _is(line: str, part: str) -> bool:
    return line.startswith(f"ekiben_batch_size_{part}")


def main() -> None:
    """Measures with 1 and 16 clients."""
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    host = urlsplit(url).netloc
    for clients in (1, 16):
        print(measure(host, clients, seconds))
    print(f"rows per batch, on average: {mean_batch(host):.1f}")


if __name__ == "__main__":
    main()
