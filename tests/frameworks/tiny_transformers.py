"""The smallest models of transformers, with random weights, and a pipeline of one's own."""

from __future__ import annotations

from typing import Any

from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    Pipeline,
    TextClassificationPipeline,
    pipeline,
)

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "movie")


class Exclaiming(TextClassificationPipeline):  # type: ignore[misc]  # its types are passed over
    """Labels with an exclamation mark: a task of its own."""

    def postprocess(self, *args: Any, **kwargs: Any) -> Any:
        """The label of one text."""
        found = super().postprocess(*args, **kwargs)
        return {**found, "label": f"{found['label']}!"}


def tokenizer() -> BertTokenizerFast:
    """A tokenizer of nine words."""
    return BertTokenizerFast(vocab={word: index for index, word in enumerate(WORDS)})


def classifier() -> BertForSequenceClassification:
    """A model of one layer and eight numbers."""
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=16,
    )
    return BertForSequenceClassification(config).eval()


def reviewer() -> Pipeline:
    """A pipeline of both."""
    return pipeline("text-classification", model=classifier(), tokenizer=tokenizer(), device="cpu")
