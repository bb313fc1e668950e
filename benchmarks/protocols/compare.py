"""What a protocol costs: one API, asked in every way that it answers, one request after the other.

    python benchmarks/protocols/compare.py [--seconds 2]

Prints requests per second and the median of a round trip, for a row of four numbers and for an array of 10 MB. The
method gives its array back, so what is left is reading and writing; the client's own work is in it, too.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton_grpc
from tritonclient.http import InferenceServerClient, InferInput

SERVICE = """
import ekiben
import numpy as np

@ekiben.service(name="Echo")
class Echo:
    @ekiben.api(batchable=True, max_batch_size=10000)
    def echo(self, rows: np.ndarray) -> np.ndarray:
        return rows
"""
SIZES = {"a row": (1, 4), "10 MB": (10, 125_000)}
Ask = Callable[[], object]


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """The addresses of a server, by HTTP and by gRPC."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "service.py").write_text(SERVICE)
        command = [sys.executable, "-m", "ekiben.serving", "service", "--root", folder, "-p", "0", "--grpc"]
        process = subprocess.Popen([*command, "--grpc-port", "0"], stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"at http://(\S+) and by gRPC at (\S+)", said)
            assert found is not None, said
            yield found[1], found[2]
        finally:
            process.terminate()
            process.wait()


def ways_of(rows: np.ndarray, by_http: str, by_grpc: str) -> dict[str, Ask]:
    """The same request in every way, by name."""
    connection = http.client.HTTPConnection(by_http)
    infer = "/v2/models/echo/infer"

    def post(path: str, body: bytes, headers: dict[str, str]) -> Ask:
        def ask() -> None:
            connection.request("POST", path, body, headers)
            reply = connection.getresponse()
            assert reply.status == 200, reply.read()
            reply.read()

        return ask

    npy = io.BytesIO()
    np.save(npy, rows)
    tensor = InferInput("rows", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows)
    binary, length = InferenceServerClient.generate_request_body([tensor])
    in_json = {"name": "rows", "datatype": "FP64", "shape": rows.shape, "data": rows.reshape(-1).tolist()}
    client = triton_grpc.InferenceServerClient(by_grpc)
    grpc_tensor = triton_grpc.InferInput("rows", list(rows.shape), "FP64")
    grpc_tensor.set_data_from_numpy(rows)
    json_type = {"content-type": "application/json"}
    return {
        "JSON": post("/echo", json.dumps({"rows": rows.tolist()}).encode(), json_type),
        "npy": post("/echo", npy.getvalue(), {"content-type": "application/x-npy"}),
        "V2, JSON": post(infer, json.dumps({"inputs": [in_json]}).encode(), json_type),
        "V2, binary": post(infer, binary, {"inference-header-content-length": str(length)}),
        "V2, gRPC": lambda: client.infer("echo", [grpc_tensor]),
    }


def measure(ask: Ask, seconds: float) -> tuple[float, float]:
    """Requests per second, and the median in milliseconds."""
    ask()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        begun = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun)
    return len(times) / sum(times), statistics.median(times) * 1000


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="for each way and size")
    seconds = parser.parse_args().seconds
    with server() as (by_http, by_grpc):
        for size, shape in SIZES.items():
            print(f"\n{size:<12}{'requests/s':>12}{'median ms':>12}")
            for name, ask in ways_of(np.random.default_rng(7).random(shape), by_http, by_grpc).items():
                rate, median = measure(ask, seconds)
                print(f"{name:<12}{rate:>12.0f}{median:>12.2f}")


if __name__ == "__main__":
    main()
