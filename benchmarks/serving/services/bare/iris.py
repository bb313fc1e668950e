"""The iris model on the bare protocol, a call for each request: `iris.py PORT`."""

import os
import sys

import joblib
import numpy as np
from msgspec.json import decode, encode
from protocol import serve

classifier = joblib.load(os.environ["IRIS_MODEL"])


def classify(body: bytes) -> bytes:
    return encode(classifier.predict(np.array(decode(body)["flowers"])).tolist())


if __name__ == "__main__":
    serve(classify, int(sys.argv[1]))
