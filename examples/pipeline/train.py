"""Saves the models of the two stages: what makes vectors of texts, and what judges the vectors."""

from __future__ import annotations

from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import ekiben

# Small on purpose: the example is about the stages.
REVIEWS: dict[str, list[str]] = {
    "praise": [
        "works perfectly and arrived early",
        "excellent quality, I love it",
        "great value, would buy again",
        "beautiful and sturdy, a wonderful gift",
        "the best kettle I have ever had",
        "easy to use and very quiet, excellent",
    ],
    "complaint": [
        "broke after two days, a waste of money",
        "terrible quality, it leaks",
        "arrived late and damaged",
        "does not work, I want my money back",
        "the lid is loose and the handle broke",
        "very loud and slow, I am disappointed",
    ],
}


def train() -> list[ekiben.Tag]:
    """The tags of both models."""
    texts = [text for group in REVIEWS.values() for text in group]
    labels = [label for label, group in REVIEWS.items() for _ in group]
    embedder = make_pipeline(TfidfVectorizer(stop_words="english"), TruncatedSVD(8, random_state=0)).fit(texts)
    judge = LogisticRegression(C=100.0).fit(embedder.transform(texts), labels)
    batchable = {"batchable": True, "batch_dim": 0}
    saved = [
        ekiben.sklearn.save_model("review_embedder", embedder, signatures={"transform": batchable}),
        ekiben.sklearn.save_model("review_judge", judge, signatures={"predict_proba": batchable}),
    ]
    return [model.tag for model in saved]


if __name__ == "__main__":
    print(*train(), sep="\n")
