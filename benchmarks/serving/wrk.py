"""Closed loop by wrk: each connection sends its next request when the last is answered.

A server that stalls is then asked less, which is why wrk corrects its latencies by the mean interval between answers.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import processes
from benchmarks.serving.servers import Question, Running

_SCRIPT = """
wrk.method = "POST"
wrk.body = [==[%s]==]
wrk.headers["content-type"] = "application/json"
function done(summary, latency, requests)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\\n{"answers": %%d, "seconds": %%f, "p50_s": %%f, "p99_s": %%f, "refused": %%d, "broken": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    errors.status, broken))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw, and what it cost the server."""

    rate_per_s: float  # of answers that are 2xx
    p50_s: float
    p99_s: float
    failed: int  # answers that are not 2xx, and connections that broke
    cpu_s_per_request: float


def load(server: Running, question: Question, connections: int, seconds: float, work: Path) -> Load:
    """`seconds` of load by as many connections; the server is asked before and after whether it answers rightly."""
    server.ask(question)
    script = work / "request.lua"
    script.write_text(_SCRIPT % question.body.decode())
    url = f"http://127.0.0.1:{server.port}{question.path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "5s", "-s", str(script), url]
    used = processes.cpu_s(server.pid)
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    used = processes.cpu_s(server.pid) - used
    server.ask(question)
    seen = json.loads(printed.strip().splitlines()[-1])
    right = seen["answers"] - seen["refused"]
    return Load(
        rate_per_s=right / seen["seconds"],
        p50_s=seen["p50_s"],
        p99_s=seen["p99_s"],
        failed=seen["refused"] + seen["broken"],
        cpu_s_per_request=used / max(right, 1),
    )
