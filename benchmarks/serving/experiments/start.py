"""From the command to the first right answer, and what of it the service itself would take without a server."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.serving import servers
from benchmarks.serving.bench import Bench
from benchmarks.serving.experiments import echo, iris
from benchmarks.serving.samples import Sample, figure, median, numbers, paired, table, where
from benchmarks.serving.servers import SERVICES, Question

_QUESTIONS = {
    "echo": Question("/echo", echo.BODY, lambda got: got == echo.ANSWER),
    "iris": Question("/classify", iris.BODY, lambda got: got == [0]),
}
_CLASSES = {"echo": "echo:Echo", "iris": "iris:Iris"}
_TITLES = {"echo": "without a model", "iris": "iris"}


def measure(bench: Bench) -> Iterator[Sample]:
    """A sample for each round, service and server; `alone` only imports and loads what the service does."""
    iris.train(bench)
    for number in bench.rounds():
        for service, question in _QUESTIONS.items():
            both = servers.ekiben(_CLASSES[service], ""), servers.bentoml(_CLASSES[service], "")
            for server in bench.chosen(both):
                with bench.running(server, question) as up:
                    yield {"round": number, "service": service, "server": server.name, "ready_s": up.ready_s}
            for environment, name in (("ekiben", "alone"), ("bentoml", "alone, beside BentoML")):
                ready_s = _alone(bench, environment, service)
                yield {"round": number, "service": service, "server": name, "ready_s": ready_s}


def _alone(bench: Bench, environment: str, service: str) -> float:
    script = str(SERVICES / "alone" / f"{service}.py")
    begun = time.perf_counter()
    environ = {**os.environ, "IRIS_MODEL": str(bench.work / "iris.joblib")}
    subprocess.run([bench.python(environment), script], check=True, env=environ)
    return time.perf_counter() - begun


def tables(samples: Sequence[Sample]) -> Mapping[str, str]:
    """A row for each service."""
    rows = []
    for service, title in _TITLES.items():
        here = where(samples, service=service)
        ours, theirs = where(here, server="ekiben"), where(here, server="BentoML")
        added = [_added(here, "ekiben", "alone"), _added(here, "BentoML", "alone, beside BentoML")]
        seconds = [figure(median(ours, "ready_s")), figure(median(theirs, "ready_s"))]
        rows.append([title, *seconds, str(paired(ours, theirs, "ready_s") or "-"), *map(figure, added)])
    head = ("service", "ekiben s", "BentoML s", "ekiben's time", "of it the server's: ekiben s", "BentoML s")
    return {"start": table(head, rows)}


def _added(samples: Sequence[Sample], server: str, alone: str) -> float:
    """Median of what the server takes longer than the same imports without it, round by round."""
    both = zip(*(numbers(where(samples, server=name), "ready_s") for name in (server, alone)), strict=False)
    return median([{"added": with_server - without} for with_server, without in both], "added")
