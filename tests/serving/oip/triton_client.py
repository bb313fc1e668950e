"""Asks a server all that Triton's own clients can ask, by HTTP and gRPC; prints what they got, as JSON.

A program of its own: the client for HTTP has an event loop (gevent's) that does not share a process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import grpc
import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

LARGE = np.arange(1_250_000, dtype=np.float64).reshape(10, 125_000)  # 10 MB
MANY = 60


class Asking:
    """One client, `library` being tritonclient.http or .grpc."""

    def __init__(self, library: Any, address: str, **options: object) -> None:
        self.library = library
        self.client = library.InferenceServerClient(address, **options)

    def inputs(self, arrays: dict[str, Any], **how: bool) -> list[Any]:
        found = []
        for name, array in arrays.items():
            one = self.library.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
            one.set_data_from_numpy(array, **how)
            found.append(one)
        return found

    def infer(self, model: str, arrays: dict[str, Any], outputs: Iterable[str] = (), **options: object) -> Any:
        wanted = [self.library.InferRequestedOutput(one) for one in outputs] or None
        return self.client.infer(model, self.inputs(arrays), outputs=wanted, **options)

    def answers(self) -> dict[str, object]:
        """What both kinds of client can ask."""
        rows, texts = np.arange(6, dtype=np.float32).reshape(2, 3), np.array(["a", "é".encode()], dtype=object)
        pair = {"a": np.array([3, 4], np.float32), "b": np.array([1, 2], np.float64)}
        frame = {"a": np.array([1, 2]), "b": np.array([0.5, 1.5])}
        return {
            "live": self.client.is_server_live(),
            "ready": self.client.is_server_ready(),
            "model_ready": self.client.is_model_ready("double"),
            "doubled": listed(self.infer("double", {"rows": rows}), "output-0"),
            "renamed": listed(self.infer("Probe.double", {"INPUT0": rows}, ["OUTPUT0"]), "OUTPUT0"),
            "sum": listed(self.infer("total", pair), "sum"),
            "only": listed(self.infer("total", pair, ["difference"]), "sum", "difference"),
            "scaled": listed(self.infer("total", pair, parameters={"scale": 2.0}), "sum"),
            "shouted": [one.decode() for one in self.infer("shout", {"texts": texts}).as_numpy("output-0")],
            "frame": listed(self.infer("table", frame), "sum"),
            "id": id_of(self.infer("double", {"rows": rows}, request_id="r-7")),
            "large": bool((self.infer("double", {"rows": LARGE}).as_numpy("output-0") == LARGE * 2).all()),
            "unknown model": refusal(lambda: self.infer("none", {"rows": rows})),
            "unknown version": refusal(lambda: self.infer("double", {"rows": rows}, model_version="9")),
            "unknown input": refusal(lambda: self.infer("total", {"x": rows, "y": rows})),
            "unknown output": refusal(lambda: self.infer("total", pair, ["none"])),
            "failed": refusal(lambda: self.infer("fail", {"x": rows[0]})),
            "no tensors": refusal(lambda: self.infer("plain", {"x": rows})),
        }


def id_of(result: Any) -> object:
    response = result.get_response()
    return response["id"] if isinstance(response, dict) else response.id


def listed(result: Any, *names: str) -> object:
    found = [None if (array := result.as_numpy(name)) is None else array.tolist() for name in names]
    return found[0] if len(names) == 1 else found


def refusal(ask: Callable[[], object]) -> list[object]:
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return ["answered", ""]


def ask_http(address: str) -> dict[str, object]:
    asking = Asking(triton_http, address)
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    plain = asking.inputs({"rows": rows}, binary_data=False)
    in_json = [triton_http.InferRequestedOutput("output-0", binary_data=False)]
    packed = [
        asking.client.infer("double", asking.inputs({"rows": rows}), request_compression_algorithm=how)
        for how in ("gzip", "deflate")
    ]
    return {
        **asking.answers(),
        "server": asking.client.get_server_metadata(),
        "metadata": asking.client.get_model_metadata("total"),
        "config": asking.client.get_model_config("double"),
        "index": asking.client.get_model_repository_index(),
        "json": asking.client.infer("double", plain, outputs=in_json).get_response()["outputs"],
        "packed": [listed(one, "output-0") for one in packed],
    }


def ask_grpc(address: str) -> dict[str, object]:
    asking = Asking(triton_grpc, address)
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    metadata = asking.client.get_model_metadata("total", as_json=True)
    found: list[object] = []
    asking.client.start_stream(lambda result, error: found.append(str(error) if error else listed(result, "output-0")))
    for at in range(MANY):
        asking.client.async_stream_infer("double" if at != 7 else "none", asking.inputs({"rows": rows[:1] + at}))
    asking.client.stop_stream()
    return {
        **asking.answers(),
        "server": asking.client.get_server_metadata(as_json=True),
        "metadata": metadata,
        "index": asking.client.get_model_repository_index(as_json=True),
        "streamed": found,
        "health": grpc.insecure_channel(address).unary_unary("/grpc.health.v1.Health/Check")(b"").hex(),
        "late": refusal(lambda: asking.infer("nap", {"seconds": np.array([5.0])}, client_timeout=0.2)),
    }


if __name__ == "__main__":
    print(json.dumps({"http": ask_http(sys.argv[1]), "grpc": ask_grpc(sys.argv[2])}))
