"""The quickstart: one service, one text in and one out. The pipeline is a small one of our own."""

from __future__ import annotations

import bentoml

with bentoml.importing():
    from pipeline import Summarizer

EXAMPLE_INPUT = "Breaking news: a cat won the election. It promised naps for all. Dogs are said to be amused."

my_image = bentoml.images.Image(python_version="3.11").python_packages("numpy")


@bentoml.service(image=my_image, resources={"cpu": "2"}, traffic={"timeout": 30})
class Summarization:
    def __init__(self) -> None:
        self.pipeline = Summarizer()

    @bentoml.api
    def summarize(self, text: str = EXAMPLE_INPUT) -> str:
        result = self.pipeline(text)
        return f"Here is your summary: {result[0]['summary_text']}"

    @bentoml.api(route="/v2/summaries")
    def summarize_all(self, texts: list[str], max_words: int = 3) -> dict[str, list[str]]:
        return {"summaries": [" ".join(text.split()[:max_words]) for text in texts]}
