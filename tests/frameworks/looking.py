"""What tests of all frameworks look at in a saved model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ekiben.packager.audit.pickles.files import search_file
from ekiben.store.models import Model

FEATURES: NDArray[np.float64] = np.random.default_rng(7).random((40, 4))
LABELS: NDArray[np.int64] = (FEATURES[:, 0] > FEATURES[:, 1]).astype(np.int64)


def pickles_in(model: Model) -> set[str]:
    """The model's files in which the audit sees a pickle, or anything that it could not look into."""
    files = (path for path in model.path.rglob("*") if path.is_file())
    return {path.relative_to(model.path).as_posix() for path in files if search_file(path)}
