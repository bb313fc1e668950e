"""The linear-sleep model (10 ms a call and 0.2 ms a row, at most 16 rows) under recorded arrivals.

A full batch takes 13.2 ms, so 1,212 answers a second are what the model can do. The deadline is five full batches.
Goodput is what was answered rightly within it, counted from the intended moment of sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.serving import processes, servers
from benchmarks.serving.arrivals import recorded
from benchmarks.serving.bench import Bench
from benchmarks.serving.open_loop import Outcome, replay
from benchmarks.serving.samples import Sample, distinct, figure, median, percentile, table, where
from benchmarks.serving.servers import Question

BATCH, CALL_S, ROW_S = 16, 0.010, 0.0002
CAPACITY_PER_S = BATCH / (CALL_S + ROW_S * BATCH)
DEADLINE_S = 0.066
LOADS = (0.5, 0.9, 2.0)
WARM_UP_S = 1.5  # of the same arrivals, not counted: batchers learn, and the first connections are opened
PATH = "/double"
_QUESTION = Question(PATH, b'{"rows": [21]}', lambda got: got == [42])
SERVERS = (
    servers.ekiben("linear_sleep:LinearSleep", PATH),
    servers.bentoml("linear_sleep:LinearSleep", PATH),
    servers.mosec("linear_sleep.py", PATH, "--timeout", f"{1000 * DEADLINE_S:.0f}"),
    servers.litserve("linear_sleep.py", PATH),
)


def measure(bench: Bench) -> Iterator[Sample]:
    """A sample for each round, server and load; a round's arrivals are the same for all."""
    for number in bench.rounds():
        for server in bench.chosen(SERVERS):
            for load in LOADS:
                arrivals = recorded(bench.results, load * CAPACITY_PER_S, WARM_UP_S + bench.seconds, seed=number)
                with bench.running(server, _QUESTION) as up:
                    used = processes.cpu_s(up.pid)
                    replayed = replay(up.port, PATH, arrivals)
                    used = processes.cpu_s(up.pid) - used
                sample = summed_up(arrivals, replayed.outcomes)
                generator = {"late_p99_s": replayed.late_p99_s, "busy": replayed.busy, "is_sound": replayed.is_sound}
                yield {"round": number, "server": server.name, "load": load, **sample, **generator, "cpu_s": used}
                bench.say(f"{server.name} at {load:g}: {sample['goodput_per_s']:,.0f}/s, generator {generator}")


def summed_up(arrivals: Sequence[float], outcomes: Sequence[Outcome]) -> dict[str, float]:
    """What became of the requests that were due after the warm-up."""
    measured = [(number, one) for number, one in enumerate(outcomes) if arrivals[number] >= WARM_UP_S]
    seconds = arrivals[-1] - WARM_UP_S
    answered = [(number, one) for number, one in measured if one.status == 200]
    right = [one for number, one in answered if int(one.body.strip(b"[] \n")) == 2 * number]
    latencies = [one.latency_s for one in right]
    good = sum(latency <= DEADLINE_S for latency in latencies)
    refused = sum(one.status not in (0, 200) for _, one in measured)
    return {
        "sent": len(measured),
        "goodput_per_s": good / seconds,
        "late": len(right) - good,
        "refused": refused,
        "given_up": len(measured) - len(answered) - refused,
        "wrong": len(answered) - len(right),
        "p50_s": percentile(latencies, 0.50),
        "p99_s": percentile(latencies, 0.99),
    }


def tables(samples: Sequence[Sample]) -> Mapping[str, str]:
    """A row for each load and server, of the rounds in which the generator kept up."""
    head = (
        "load",
        "server",
        "goodput/s",
        "of capacity",
        "late",
        "refused",
        "given up",
        "wrong",
        "p50 ms",
        "p99 ms",
        "rounds",
    )
    return {"overload": table(head, _rows(samples))}


def _rows(samples: Sequence[Sample]) -> Iterator[list[str]]:
    for load in LOADS:
        for server in distinct(samples, "server"):
            here = where(samples, server=server, load=load)
            sound = where(here, is_sound=True)
            goodput = median(sound, "goodput_per_s")
            shares = [median(sound, name) / median(sound, "sent") for name in ("late", "refused", "given_up", "wrong")]
            yield [
                f"{load:.0%}",
                server,
                figure(goodput),
                "-" if goodput != goodput else f"{goodput / CAPACITY_PER_S:.0%}",
                *("-" if share != share else f"{share:.1%}" for share in shares),
                *(figure(1000 * median(sound, name)) for name in ("p50_s", "p99_s")),
                f"{len(sound)} of {len(here)}",
            ]
