"""JSON in, the same out, not batched; once sync, once async."""

import bentoml


@bentoml.service
class Echo:
    @bentoml.api
    def echo(self, text: str) -> dict[str, str]:
        return {"text": text}

    @bentoml.api
    async def echo_async(self, text: str) -> dict[str, str]:
        return {"text": text}
