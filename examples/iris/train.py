"""Trains a classifier on the iris data set and saves it to the model store as `iris`."""

from __future__ import annotations

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import ekiben


def train() -> ekiben.Tag:
    """The saved model's tag. The same data and library give the same model, so training again gives the same tag."""
    features, species = load_iris(return_X_y=True)
    classifier = LogisticRegression(max_iter=500).fit(features, species)
    model = ekiben.sklearn.save_model(
        "iris",
        classifier,
        signatures={"predict": {"batchable": True, "batch_dim": 0}},
        labels={"owner": "examples"},
        metadata={"accuracy": round(float(classifier.score(features, species)), 3)},
    )
    return model.tag


if __name__ == "__main__":
    print(train())
