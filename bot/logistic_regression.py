"""Multinomial logistic regression on sparse counts and dense features together.

scikit-learn needs both in one matrix. A sparse matrix makes the fit eight times slower, and a dense
one needs gigabytes of memory for the counts. This module minimizes the same objective as
scikit-learn, with scipy's L-BFGS-B.

Some features are a hundred times larger than others. Without scaling, the optimizer needs very many
short steps, and if it stops early, the result depends on the order of the examples. Therefore the
optimizer works on scaled weights: the dense features are made uncorrelated, and each weight has a
factor that makes the objective curve about equally in all directions. It then converges in a few
dozen steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize

MOST_STEPS = 150  # a safety limit; the optimizer converges earlier
ENOUGH = 1e-5  # the optimizer stops after a step that lowers the loss by less than this
# For a class of probability p, the curvature of the objective is `mean(p * (1 - p) * feature**2)`.
# A fitted model is sure about most examples, so this mean is only a fraction of what it would be if
# p were the class's share of the examples. This constant is that fraction.
SURE_OF_MOST = 0.05


@dataclass(frozen=True)
class Weights:
    """The fitted weights. The scores of the classes are `counts @ of_counts + dense @ of_dense +
    bias`, with one column for each class."""

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
    balance: float = 0.0,
    steps: int = MOST_STEPS,
) -> Weights:
    """Fit the weights.

    `dense`: may have no columns.
    `meant`: the class of each row.
    `strength`: the inverse of the regularization, scikit-learn's C.
    `balance`: 0 if each row has the same weight, 1 if each class has the same weight; values
    between them give rows of rare classes more weight.
    `steps`: the maximum number of optimizer steps.
    """
    classes, index = np.unique(meant, return_inverse=True)
    rows, size = len(meant), len(classes)
    counts = counts.astype(np.float32).tocsr()
    by_feature = counts.T.tocsr()
    shrink = 1 / (strength * rows)
    shares = np.bincount(index) / rows
    counted = shares**-balance / (shares ** (1 - balance)).sum()  # the number of rows of each class
    row_counts = counted[index].astype(np.float32)
    curves = SURE_OF_MOST * counted * np.maximum(shares * (1 - shares), 1 / rows)
    scales = _Scales.of(counts, dense.astype(np.float32), curves, shrink)
    dense = scales.turned
    is_meant = np.zeros((rows, size), dtype=np.float32)
    is_meant[np.arange(rows), index] = 1

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        of_counts, of_dense, bias = scales.weights(flat)
        scores = counts @ of_counts + dense @ of_dense + bias
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        whole = raised.sum(axis=1, keepdims=True)
        missed = float((row_counts * (np.log(whole[:, 0]) - scores[is_meant > 0])).mean())
        size_of_weights = float((of_counts**2).sum() + (of_dense**2).sum())
        slope = (raised / whole - is_meant) * (row_counts / rows)[:, None]
        slopes = (
            by_feature @ slope + shrink * of_counts,
            dense.T @ slope + shrink * of_dense,
            slope.sum(axis=0),
        )
        return missed + shrink * size_of_weights / 2, scales.slopes(*slopes)

    options = {"maxiter": steps, "ftol": ENOUGH, "gtol": 1e-7}
    start = np.zeros((counts.shape[1] + dense.shape[1] + 1) * size)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    of_counts, of_dense, bias = scales.weights(found.x)
    return Weights(classes.astype(str), of_counts, scales.axes @ of_dense, bias)


@dataclass(frozen=True)
class _Scales:
    """The factor of each weight. `turned` is the dense features in the coordinates of their
    principal `axes`."""

    axes: np.ndarray
    turned: np.ndarray
    of_counts: np.ndarray
    of_dense: np.ndarray
    of_bias: np.ndarray

    @classmethod
    def of(
        cls, counts: sp.csr_matrix, dense: np.ndarray, curves: np.ndarray, shrink: float
    ) -> _Scales:
        """Compute the factors. `curves`: the expected curvature of each class, for a feature of
        size 1."""
        sizes = np.asarray(counts.multiply(counts).mean(axis=0)).reshape(-1, 1)
        spreads, axes = np.linalg.eigh((dense.T @ dense).astype(np.float64) / len(dense))
        spreads = np.maximum(spreads, 0).reshape(-1, 1)
        return cls(
            axes=axes.astype(np.float32),
            turned=dense @ axes.astype(np.float32),
            of_counts=_factors(sizes * curves + shrink),
            of_dense=_factors(spreads * curves + shrink),
            of_bias=_factors(curves),
        )

    def weights(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ends = np.cumsum([self.of_counts.size, self.of_dense.size])
        of_counts, of_dense, bias = np.split(flat.astype(np.float32), ends)
        return (
            of_counts.reshape(self.of_counts.shape) * self.of_counts,
            of_dense.reshape(self.of_dense.shape) * self.of_dense,
            bias * self.of_bias,
        )

    def slopes(self, of_counts: np.ndarray, of_dense: np.ndarray, bias: np.ndarray) -> np.ndarray:
        scaled = (of_counts * self.of_counts, of_dense * self.of_dense, bias * self.of_bias)
        return np.concatenate([one.ravel() for one in scaled]).astype(np.float64)


def _factors(curvature: np.ndarray) -> np.ndarray:
    return np.asarray(1 / np.sqrt(curvature), dtype=np.float32)
