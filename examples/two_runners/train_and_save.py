from __future__ import annotations

import ekiben as bentoml
import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

texts = [
    "my payment failed",
    "refund the duplicate charge",
    "cannot access my account",
    "password reset link expired",
    "shipping address is wrong",
    "where is my package",
    "invoice has the wrong tax",
    "billing contact changed",
]

labels = np.array([
    "billing",
    "billing",
    "account",
    "account",
    "shipping",
    "shipping",
    "billing",
    "account",
])

embedder = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")
vectors = embedder.encode(texts, normalize_embeddings=True)

classifier = LogisticRegression(max_iter=300)
classifier.fit(vectors, labels)

bentoml.picklable_model.save_model(
    "demo_embedder",
    embedder,
    signatures={"encode": {"batchable": True, "batch_dim": 0}},
)

bentoml.sklearn.save_model(
    "demo_classifier",
    classifier,
    signatures={
        "predict": {"batchable": True, "batch_dim": 0},
        "predict_proba": {"batchable": True, "batch_dim": 0},
    },
)
