"""What makes the figures of benchmarks/serving trustworthy: arrivals, latencies, ratios, and the page they go into."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.serving.arrivals import poisson, recorded
from benchmarks.serving.experiments import EXPERIMENTS
from benchmarks.serving.experiments.overload import WARM_UP_S, summed_up
from benchmarks.serving.open_loop import Outcome, replay
from benchmarks.serving.report import PAGE, filled
from benchmarks.serving.samples import Results, Spread, paired

STALL_S = 0.2


class Doubler(BaseHTTPRequestHandler):
    """Answers `{"rows": [n]}` by `[2n]`; request 0 stalls, and requests from 50 on are refused."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        row = json.loads(self.rfile.read(int(self.headers["content-length"])))["rows"][0]
        if row == 0:
            time.sleep(STALL_S)
        body = b"[%d]" % (2 * row)
        self.send_response(503 if row >= 50 else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that are not accepted yet; the default of 5 refuses some


@pytest.fixture
def port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Doubler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_arrivals_of_a_seed_are_the_same_in_every_run(tmp_path: Path) -> None:
    first = recorded(tmp_path, 100, 2, seed=1)
    assert recorded(tmp_path, 100, 2, seed=1) == first == [round(one, 6) for one in poisson(100, 2, seed=1)]
    assert poisson(100, 2, seed=2) != poisson(100, 2, seed=1)


def test_latency_counts_from_the_intended_moment_and_no_request_waits_for_another(port: int) -> None:
    replayed = replay(port, "/double", [0.0, 0.01, 0.02])
    assert [one.body for one in replayed.outcomes] == [b"[0]", b"[2]", b"[4]"]
    stalled, *others = (one.latency_s for one in replayed.outcomes)
    assert stalled >= STALL_S > max(others)


def test_refusals_keep_their_status(port: int) -> None:
    replayed = replay(port, "/double", [0.001 * number for number in range(60)])
    assert [one.status for one in replayed.outcomes] == [200] * 50 + [503] * 10


def test_goodput_counts_right_answers_within_the_deadline() -> None:
    arrivals = [0.0, *(WARM_UP_S + 0.25 * number for number in range(5))]
    ends = [
        (200, b"[0]", 0.01),
        (200, b"[2]", 0.01),
        (200, b"[4]", 0.5),
        (503, b"", 0.01),
        (0, b"", 1.0),
        (200, b"[7]", 0.01),
    ]
    summed = summed_up(arrivals, [Outcome(*end) for end in ends])
    assert summed["goodput_per_s"] == 1.0
    assert [summed[name] for name in ("sent", "late", "refused", "given_up", "wrong")] == [5, 1, 1, 1, 1]


def test_a_ratio_is_taken_within_each_round() -> None:
    ours = [{"round": 1, "rate": 10.0}, {"round": 2, "rate": 40.0}, {"round": 3, "rate": 1.0}]
    theirs = [{"round": 2, "rate": 10.0}, {"round": 1, "rate": 5.0}]
    assert paired(ours, theirs, "rate") == Spread(3.0, 2.0, 4.0)


def test_only_the_measured_tables_of_the_page_are_rewritten() -> None:
    page = PAGE.read_text(encoding="utf-8")
    written = filled(page, Results("start", machine="one machine", took_s=7))
    assert EXPERIMENTS["start"].tables([])["start"] in written
    assert "0 rounds in 7 s on one machine." in written
    assert written.partition("## Start")[0] == page.partition("## Start")[0]
    assert written.partition("## Overload")[2] == page.partition("## Overload")[2]


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(SystemExit, match="start"):
        filled("# no tables\n", Results("start"))
