"""An inference graph: two generators asked at once, a classifier on what they say, and an answer of all of it."""

from __future__ import annotations

import asyncio

import bentoml


@bentoml.service
class Shout:
    @bentoml.api
    def generate(self, sentence: str, max_length: int = 50) -> str:
        return sentence.upper()[:max_length]


@bentoml.service(workers=2)
class Whisper:
    @bentoml.api
    async def generate(self, sentence: str, max_length: int = 50) -> str:
        return sentence.lower()[:max_length]


@bentoml.service
class Classifier:
    @bentoml.api(batchable=True)
    def classify_generated_texts(self, sentences: list[str]) -> list[float]:
        return [sum(letter.isupper() for letter in one) / max(1, len(one)) for one in sentences]


@bentoml.service(traffic={"timeout": 30})
class InferenceGraph:
    shout = bentoml.depends(Shout)
    whisper = bentoml.depends(Whisper)
    classifier = bentoml.depends(Classifier)

    @bentoml.api
    async def generate_score(self, original_sentence: str = "I have an Idea") -> list[dict[str, object]]:
        generated = await asyncio.gather(
            self.shout.to_async.generate(original_sentence, max_length=8),
            self.whisper.to_async.generate(sentence=original_sentence),
        )
        scores = await self.classifier.to_async.classify_generated_texts(generated)
        return [{"generated": text, "score": score} for text, score in zip(generated, scores, strict=True)]
