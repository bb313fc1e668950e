"""Scipy's sparse matrices and arrays, as the three arrays that compressed rows are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from scipy import sparse

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import Buffers


def write(value: object, _: Buffers) -> Sequence[object] | None:
    """Shape, whether it is a matrix rather than an array, values, column indices, starts of the rows."""
    if not sparse.issparse(value):
        return None
    rows: Any = cast(Any, value).tocsr()
    return (rows.shape, isinstance(value, sparse.spmatrix), rows.data, rows.indices, rows.indptr)


def read(data: Sequence[object], _: Buffers, __: RequestFolder | None) -> object:
    """The matrix in compressed rows, its indices checked."""
    shape, is_matrix, values, indices, starts = data
    make = sparse.csr_matrix if is_matrix else sparse.csr_array
    made = make((values, indices, starts), shape=tuple(cast(Sequence[int], shape)))
    made.check_format(full_check=True)
    if not np.issubdtype(made.dtype, np.number) and made.dtype != np.bool_:
        raise ValueError("a sparse matrix holds numbers")
    return made
