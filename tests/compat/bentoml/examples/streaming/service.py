"""A language model's service: tokens as they come, from an async generator and from a sync one."""

from __future__ import annotations

import typing as t

import bentoml


@bentoml.service(traffic={"timeout": 300})
class Llm:
    @bentoml.api
    async def generate(
        self, prompt: str = "Explain superconductors", max_tokens: int = 3
    ) -> t.AsyncGenerator[str, None]:
        for word in prompt.split()[:max_tokens]:
            yield f"{word} "

    @bentoml.api
    def count(self, until: int) -> t.Generator[str, None, None]:
        for number in range(until):
            yield f"{number}\n"
