"""A few calls, then the metrics that count them."""

import re

import httpx

from tests.compat.bentoml.answers import kept

WORKER = re.compile(r'\{pid="\d+"\}')  # the process that a gauge is of
NAMES = ("prompt_length_bucket", "prompt_length_sum", "prompt_length_count", "prompt_failures_total", "calls_made")


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:
        answers = [kept(client.post("/predict", json={"prompt": prompt})) for prompt in ("one", "two words", "")]
        lines = [WORKER.sub("", line) for line in client.get("/metrics").text.splitlines()]
        return {"answers": answers, "metrics": sorted(line for line in lines if line.startswith(NAMES))}
