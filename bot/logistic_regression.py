"""Multinomial logistic regression over sparse counts and dense numbers together.

scikit-learn requires one matrix. A sparse one makes the fit eight times slower, and a dense one
needs gigabytes for the counts. The objective here is the same, and scipy's L-BFGS-B minimizes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize

MOST_STEPS = 60  # more steps fit the examples better and unseen texts worse
ENOUGH = 1e-5  # the fit ends after a step that lowers the loss by less than this share


@dataclass(frozen=True)
class Weights:
    """The scores are `counts @ of_counts + dense @ of_dense + bias`, with a column per class."""

    classes: np.ndarray
    of_counts: np.ndarray
    of_dense: np.ndarray
    bias: np.ndarray


def fit(
    counts: sp.csr_matrix,
    dense: np.ndarray,
    meant: np.ndarray,
    *,
    strength: float,
    steps: int = MOST_STEPS,
) -> Weights:
    """Fit the weights.

    `meant`: the class of each row. `strength`: the inverse of the regularization, scikit-learn's C.
    `steps`: the most steps of the search.
    `dense` can have no columns.
    """
    classes, index = np.unique(meant, return_inverse=True)
    rows, size = len(meant), len(classes)
    counts = counts.astype(np.float32).tocsr()
    dense = dense.astype(np.float32)
    by_feature = counts.T.tocsr()
    ends = np.cumsum([counts.shape[1] * size, dense.shape[1] * size])
    shrink = 1 / (strength * rows)
    is_meant = np.zeros((rows, size), dtype=np.float32)
    is_meant[np.arange(rows), index] = 1

    def unpacked(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        of_counts, of_dense, bias = np.split(flat.astype(np.float32), ends)
        return of_counts.reshape(-1, size), of_dense.reshape(-1, size), bias

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        of_counts, of_dense, bias = unpacked(flat)
        scores = counts @ of_counts + dense @ of_dense + bias
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        whole = raised.sum(axis=1, keepdims=True)
        missed = float((np.log(whole[:, 0]) - scores[is_meant > 0]).mean())
        size_of_weights = float((of_counts**2).sum() + (of_dense**2).sum())
        slope = (raised / whole - is_meant) / rows
        slopes = (
            (by_feature @ slope + shrink * of_counts).ravel(),
            (dense.T @ slope + shrink * of_dense).ravel(),
            slope.sum(axis=0),
        )
        return missed + shrink * size_of_weights / 2, np.concatenate(slopes).astype(np.float64)

    options = {"maxiter": steps, "ftol": ENOUGH, "gtol": 1e-7}
    start = np.zeros(ends[-1] + size)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return Weights(classes.astype(str), *unpacked(found.x))
