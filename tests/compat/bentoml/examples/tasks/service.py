"""Background work: submitted now, asked about and fetched later."""

from __future__ import annotations

import bentoml


@bentoml.service
class ImageGenerator:
    @bentoml.task
    def long_running_image_generation(self, prompt: str) -> dict[str, str]:
        if prompt == "nothing":
            raise ValueError("there is nothing to draw")
        return {"drawn": prompt}
