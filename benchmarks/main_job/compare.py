"""The main job by ekiben and by BentoML, side by side on one machine: `python compare.py EKIBEN_BIN BENTOML_BIN`.

Each argument is the `bin` folder of an environment with that tool and scikit-learn. Needs wrk. Both get the same
service of the same model; what is compared runs in turn, and the table gives medians and their ratio, in Markdown.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
CONNECTIONS = (1, 16, 80)
SECONDS = 4
TRAIN = """
from sklearn.datasets import load_iris
from sklearn.svm import SVC
import {tool} as tool
features, species = load_iris(return_X_y=True)
tool.sklearn.save_model("iris", SVC().fit(features, species), signatures={{"predict": {{"batchable": True}}}})
"""
SERVICE = """
import numpy as np
import {tool} as tool

@tool.service
class Iris:
    model = tool.models.BentoModel("iris:latest")

    def __init__(self) -> None:
        self.classifier = tool.sklearn.load_model(self.model)

    @tool.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def classify(self, flowers: np.ndarray) -> np.ndarray:
        return self.classifier.predict(flowers)
"""
BENTOFILE = 'service: "service:Iris"\ninclude: ["service.py"]\npython: {packages: [scikit-learn, numpy]}\n'
POST = """
wrk.method = "POST"
wrk.body = '{"flowers": [[5.1, 3.5, 1.4, 0.2]]}'
wrk.headers["content-type"] = "application/json"
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """One of the two, with a project and a home of its own."""

    name: str
    bin: Path
    folder: Path

    def environ(self) -> dict[str, str]:
        """Its processes' environment: a home of its own, nothing sent to its makers."""
        home = str(self.folder.with_name(f"{self.name}-home"))  # outside: BentoML would pack it
        own = {"EKIBEN_HOME": home, "BENTOML_HOME": home, "BENTOML_DO_NOT_TRACK": "True"}
        return {**os.environ, **own, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}

    def run(self, *arguments: str) -> float:
        """Seconds that a command took; its output is shown where it failed."""
        begun = time.perf_counter()
        done = subprocess.run(
            arguments, cwd=self.folder, env=self.environ(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - begun

    def prepare(self) -> None:
        """Writes the project and trains its model."""
        self.folder.mkdir()
        (self.folder / "train.py").write_text(TRAIN.format(tool=self.name))
        (self.folder / "service.py").write_text(SERVICE.format(tool=self.name))
        (self.folder / "bentofile.yaml").write_text(BENTOFILE)
        self.run("python", "train.py")

    def build_edited(self) -> float:
        """Seconds for a build after one line was added."""
        with (self.folder / "service.py").open("a") as source:
            source.write("# edited\n")
        return self.run(self.name, "build")

    @contextmanager
    def serve(self) -> Iterator[tuple[str, float]]:
        """The URL of its server, and the seconds until it was ready."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        begun = time.perf_counter()
        command = [self.name, "serve", "service:Iris", "--port", str(port), "--host", "127.0.0.1"]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                yield f"http://127.0.0.1:{port}", wait_until_ready(port) - begun
            finally:
                server.terminate()
                server.wait(30)


def wait_until_ready(port: int) -> float:
    """The moment at which `/readyz` answered 200."""
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return time.perf_counter()
        except OSError:
            time.sleep(0.02)


def load(url: str, connections: int, script: Path) -> tuple[float, float]:
    """Requests per second and the 99th percentile in milliseconds, by wrk. A wrong answer ends the benchmark."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency", "-s", str(script), f"{url}/classify"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"wrong answers:\n{printed}")
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed).groups()  # type: ignore[union-attr]
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert rate is not None
    return float(rate[1]), float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def in_turn(tools: tuple[Tool, Tool], measure: Callable[[Tool], float]) -> tuple[float, float]:
    """Medians of ROUNDS measurements of each, taken in turn."""
    taken: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for _ in range(ROUNDS):
        for tool in tools:
            taken[tool.name].append(measure(tool))
    ours, theirs = (statistics.median(taken[tool.name]) for tool in tools)
    return ours, theirs


def row(what: str, ours: float, theirs: float, unit: str, *, is_more_better: bool = False) -> str:
    """A line of the table; the ratio says how many times better ours is."""
    ratio = ours / theirs if is_more_better else theirs / ours
    return f"| {what} | {_figure(ours)} {unit} | {_figure(theirs)} {unit} | {_figure(ratio)}x |"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def serving_rows(tools: tuple[Tool, Tool], script: Path) -> list[str]:
    """Start, throughput and tail latency."""
    ready: dict[str, list[float]] = {tool.name: [] for tool in tools}
    rates: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(3):
        for tool in tools:
            with tool.serve() as (url, ready_s):
                ready[tool.name].append(ready_s)
                load(url, 8, script)  # warms up
                for connections in CONNECTIONS:
                    rates.setdefault((tool.name, connections), []).append(load(url, connections, script))
    ours, theirs = (tool.name for tool in tools)
    rows = [row("start to ready", statistics.median(ready[ours]), statistics.median(ready[theirs]), "s")]
    for connections in CONNECTIONS:
        both = [
            [statistics.median(one[part] for one in rates[name, connections]) for part in (0, 1)]
            for name in (ours, theirs)
        ]
        rows.append(row(f"{connections} connections", both[0][0], both[1][0], "requests/s", is_more_better=True))
        rows.append(row(f"{connections} connections, p99", both[0][1], both[1][1], "ms"))
    return rows


def main() -> None:
    """Prepares both, measures, prints the table."""
    with tempfile.TemporaryDirectory() as work:
        tools = (
            Tool("ekiben", Path(sys.argv[1]), Path(work, "ekiben")),
            Tool("bentoml", Path(sys.argv[2]), Path(work, "bentoml")),
        )
        for tool in tools:
            tool.prepare()
        script = Path(work, "post.lua")
        script.write_text(POST)
        rows = [row("`build`, first", tools[0].run("ekiben", "build"), tools[1].run("bentoml", "build"), "s")]
        rows.append(row("`build` after a one-line edit", *in_turn(tools, Tool.build_edited), "s"))
        rows.append(row("`list`", *in_turn(tools, lambda tool: tool.run(tool.name, "list")), "s"))
        rows += serving_rows(tools, script)
    print("| | ekiben | BentoML | |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
