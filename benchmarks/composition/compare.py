"""A pipeline of two services over processes, beside BentoML. From the root of the checkout:

    python -m benchmarks.composition.compare --environments DIR --results DIR [--rounds N] [--seconds S]

The environments are those of `benchmarks/serving/environments.sh`. Both servers run the same source but for its import
line, each service with one worker, and are measured in turn in every round; ratios are of pairs within a round, so that
what slows the machine down drops out. The array is 10 MB; it is made once, so that what is measured is its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.composition.command import run
from benchmarks.serving import processes, wrk
from benchmarks.serving.bench import Bench
from benchmarks.serving.samples import Sample, figure, median, paired, where
from benchmarks.serving.servers import Question, Server

SERVICES = Path(__file__).with_name("services")
BODY = b'{"values": [5.1, 3.5, 1.4, 0.2]}'
WARM_UP_S = 2.0
OURS = "ekiben"


@dataclass(frozen=True, slots=True)
class Case:
    """One API of the pipeline under so many clients, and its right answer."""

    path: str
    clients: int
    answer: object
    text: str


CASES = (
    Case("/classify", 80, [2], "async caller"),
    Case("/classify_sync", 80, [2], "sync caller, 16 threads"),
    Case("/send_array", 8, [1.0], "10 MB there"),
    Case("/send_and_get_array", 8, [-1.0], "10 MB there and back"),
)


def servers() -> tuple[Server, ...]:
    """Ours from this checkout's environment; BentoML as it is installed, and with uvloop and without its access log."""
    serve = ("serve", "pipeline:Pipeline", "--port", "{port}")
    quiet = str(Path(wrk.__file__).with_name("services") / "bentoml" / "quiet.yaml")
    theirs = ("{bin}/bentoml", *serve, "--host", "127.0.0.1")
    environ = {"BENTOML_DO_NOT_TRACK": "True"}
    return (
        Server(OURS, "ekiben", str(SERVICES / "ekiben"), ("{bin}/ekiben", *serve), "", {}),
        Server("BentoML", "bentoml", str(SERVICES / "bentoml"), theirs, "", environ),
        Server(
            "BentoML, tuned",
            "bentoml-tuned",
            str(SERVICES / "bentoml"),
            theirs,
            "",
            environ | {"BENTOML_CONFIG": quiet},
        ),
    )


def measure(bench: Bench) -> Iterator[Sample]:
    """A sample for each round, server and case."""
    for number in bench.rounds():
        for server in bench.chosen(servers()):
            first = CASES[0]
            with bench.running(server, Question(first.path, BODY, lambda got: got == CASES[0].answer)) as up:
                for case in CASES:
                    question = Question(case.path, BODY, lambda got, right=case.answer: got == right)  # type: ignore[misc]
                    wrk.load(up, question, case.clients, WARM_UP_S, bench.work)
                    load = wrk.load(up, question, case.clients, bench.seconds, bench.work)
                    memory = {"pss_bytes": processes.pss_bytes(up.pid), "processes": len(processes.members(up.pid))}
                    yield {"round": number, "server": server.name, "case": case.text, **asdict(load), **memory}
                    bench.say(f"{server.name}, {case.text}: {load.rate_per_s:,.0f}/s, p99 {load.p99_s * 1e3:.1f} ms")


HEAD = ("call", "clients", "server", "requests/s", "p50 ms", "p99 ms", "failed", "ekiben's rate", "ekiben's p99")


def rows(samples: Sequence[Sample]) -> Iterator[list[str]]:
    """A row for each case and server; the last cells are our figures over that server's."""
    for case in CASES:
        here = where(samples, case=case.text)
        ours = where(here, server=OURS)
        for name in dict.fromkeys(str(one["server"]) for one in here):
            theirs = where(here, server=name)
            yield [
                case.text,
                str(case.clients),
                name,
                figure(median(theirs, "rate_per_s")),
                *(figure(1000 * median(theirs, field)) for field in ("p50_s", "p99_s")),
                f"{sum(int(str(one['failed'])) for one in theirs)}",
                *("" if name == OURS else str(paired(ours, theirs, field) or "-") for field in ("rate_per_s", "p99_s")),
            ]


if __name__ == "__main__":
    run("composition", __doc__, measure, HEAD, rows)
