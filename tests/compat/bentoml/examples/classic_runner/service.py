"""A runner of one's own: what it can run on, which method is batched, what it is made with."""

import asyncio
import statistics

import bentoml
from bentoml.io import JSON, Text

POSITIVE = {"great": 1.0, "good": 0.5}


class SentimentRunnable(bentoml.Runnable):
    SUPPORTED_RESOURCES = ("cpu",)
    SUPPORTS_CPU_MULTI_THREADING = False

    def __init__(self, bonus: float = 0.0) -> None:
        self.bonus = bonus

    @bentoml.Runnable.method(batchable=False)
    def is_positive(self, input_text: str) -> bool:
        scores = [POSITIVE.get(word, -0.5) for word in input_text.split()]
        return statistics.mean(scores) + self.bonus > 0

    @bentoml.Runnable.method(batchable=True, batch_dim=0)
    def lengths(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]


sentiment = bentoml.Runner(
    SentimentRunnable, name="sentiment", runnable_init_params={"bonus": 0.1}, max_batch_size=16, max_latency_ms=1000
)

svc = bentoml.Service("sentiment_analyzer", runners=[sentiment])


@svc.api(input=Text(), output=JSON())
def analysis(input_text: str) -> dict[str, bool]:
    return {"is_positive": sentiment.is_positive.run(input_text)}


@svc.api(input=JSON(), output=JSON())
async def measure(texts: list[str]) -> dict[str, object]:
    lengths, is_positive = await asyncio.gather(
        sentiment.lengths.async_run(texts), sentiment.is_positive.async_run(texts[0])
    )
    return {"lengths": lengths, "is_positive": is_positive}


@svc.api(input=Text(), output=Text())
def echo(text: str) -> str:
    return text
