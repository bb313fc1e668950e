"""JSON in, the same out, not batched; once sync, once async."""

import ekiben


@ekiben.service
class Echo:
    @ekiben.api
    def echo(self, text: str) -> dict[str, str]:
        return {"text": text}

    @ekiben.api
    async def echo_async(self, text: str) -> dict[str, str]:
        return {"text": text}
