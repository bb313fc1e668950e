"""The MiniLM encoder for 80 clients with one text each, over the windows of the seed course's table.

The encoder alone is measured in every round, in a process of its own on an idle machine, over batch sizes. The clients
of the servers share the cores with them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.serving import processes, servers
from benchmarks.serving.bench import Bench
from benchmarks.serving.closed_loop import closed_loop
from benchmarks.serving.samples import Sample, distinct, figure, median, paired, percentile, table, where
from benchmarks.serving.servers import SERVICES, Question
from benchmarks.serving.texts import texts

CLIENTS = 80
TEXTS = 256
WARM_UP_S = 2.0
ALONE_S = 2.0  # for each batch size
DIMENSIONS = 384
WINDOWS = {
    "disabled": "no batching",
    "5_16": "5 ms, 16 rows",
    "10_32": "10 ms, 32 rows",
    "25_32": "25 ms, 32 rows",
    "50_64": "50 ms, 64 rows",
    "default": "defaults",
}
SERVERS = (servers.ekiben("minilm:MiniLM", "/embed_"), servers.bentoml("minilm:MiniLM", "/embed_"))


def is_embedding(answer: object) -> bool:
    """Whether it is one vector of length 1."""
    match answer:
        case [[*vector]] if len(vector) == DIMENSIONS:
            return abs(sum(float(str(one)) ** 2 for one in vector) - 1) < 0.01
        case _:
            return False


def measure(bench: Bench) -> Iterator[Sample]:
    """A sample for each round, server and window, and one of the encoder alone."""
    sent = texts(TEXTS)
    file = bench.work / "texts.json"
    file.write_text(json.dumps(sent), encoding="utf-8")
    bodies = [json.dumps({"texts": [text]}).encode() for text in sent]
    for number in bench.rounds():
        command = [bench.python("ekiben"), str(SERVICES / "alone" / "minilm.py"), str(file), str(ALONE_S)]
        rates = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        yield {"round": number, "server": "alone", "rate_per_s": max(rates.values()), "rates_per_s": rates}
        bench.say(f"alone, by batch size: { {size: round(rate) for size, rate in rates.items()} }")
        for server in bench.chosen(SERVERS):
            question = Question(f"{server.path}disabled", bodies[0], is_embedding)
            with bench.running(server, question) as up:
                for window in WINDOWS:
                    used = processes.cpu_s(up.pid)
                    path = f"{server.path}{window}"
                    answers = closed_loop(up.port, path, bodies, CLIENTS, WARM_UP_S, bench.seconds)
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
                        "cores": (processes.cpu_s(up.pid) - used) / (WARM_UP_S + answers.seconds),
                    }
                    bench.say(f"{server.name}, {window}: {rate:.0f}/s, {answers.refused} refused")
                up.ask(question)


def tables(samples: Sequence[Sample]) -> Mapping[str, str]:
    """A row for each window and server."""
    alone = where(samples, server="alone")
    head = ("window", "server", "answers/s", "of the encoder alone", "p50 ms", "p95 ms", "refused")
    best = f"The encoder alone: {figure(median(alone, 'rate_per_s'))} texts/s in its best batch size."
    return {"minilm": f"{table(head, _rows(samples, alone))}\n\n{best}"}


def _rows(samples: Sequence[Sample], alone: Sequence[Sample]) -> Iterator[list[str]]:
    for window in distinct(samples, "window"):
        for server in distinct(where(samples, window=window), "server"):
            here = where(samples, window=window, server=server)
            share = paired(here, alone, "rate_per_s")
            refused = sum(int(str(one["refused"])) for one in here)
            yield [
                WINDOWS[window],
                server,
                figure(median(here, "rate_per_s")),
                f"{share.median:.0%} ({share.low:.0%}-{share.high:.0%})" if share else "-",
                *(figure(1000 * median(here, name)) for name in ("p50_s", "p95_s")),
                f"{refused:,}",
            ]
