"""Predictions in batches, and the same in one piece for scikit-learn."""

import numpy as np

from minidl import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Hinge,
    MeanSquaredError,
    SigmoidCrossEntropy,
)
from minidl.metrics.measurement import Measurement
from minidl.metrics.table import as_metrics

LOSSES = {
    "binary": (BinaryCrossEntropy(), 1),
    "logits": (SigmoidCrossEntropy(), 1),
    "scores": (Hinge(), 1),
    "classes": (CategoricalCrossEntropy(), 4),
    "decisions": (BinaryCrossEntropy(), 3),
    "numbers": (MeanSquaredError(), 1),
    "pairs": (MeanSquaredError(), 2),
}


class Case:
    """Random outputs and targets, with the weights of a kind, in batches of some lengths."""

    def __init__(self, kind, seed, weights="none", positions=0, lengths=(5, 1, 7), few=False):
        self.loss, self.k = LOSSES[kind]
        rng = np.random.default_rng(seed)
        m = sum(lengths)
        shape = (m, positions) if positions else (m,)
        self.output = rng.integers(0, 3 if few else 9, (*shape, self.k)) / 8  # with ties
        if kind in ("logits", "scores"):
            self.output -= 0.5
        if kind == "classes":
            numbers = rng.integers(0, 2 if few else 4, shape)
            self.target = np.eye(4)[numbers]
            self.expected = numbers.ravel()
            self.predicted = self.output.reshape(-1, 4).argmax(axis=1)
        elif kind in ("numbers", "pairs"):
            self.target = 1e3 + rng.standard_normal((*shape, self.k))
            self.output = self.target + rng.standard_normal(self.target.shape)
            self.expected = self.target.reshape(-1, self.k)
            self.predicted = self.output.reshape(-1, self.k)
        else:
            self.target = (rng.random((*shape, self.k)) < (0.1 if few else 0.5)).astype(float)
            threshold = 0.5 if kind in ("binary", "decisions") else 0.0
            self.expected = _as_row(self.target.reshape(-1, self.k).astype(int))
            self.predicted = _as_row((self.output.reshape(-1, self.k) > threshold).astype(int))
        self.given_weight, weight = None, np.ones(shape)
        if weights == "example":
            self.given_weight = rng.random(m) * (rng.random(m) < 0.8)
            self.given_weight[0] = 1.0
            weight = np.broadcast_to(
                self.given_weight.reshape((m,) + (1,) * (positions > 0)), shape
            )
        elif weights == "position":
            weight = self.given_weight = rng.random(shape) * (rng.random(shape) < 0.8)
            weight.flat[0] = 1.0
        weight = weight.ravel()
        self.expected, self.predicted = self.expected[weight > 0], self.predicted[weight > 0]
        self.scores = self.output.reshape(-1, self.k)[weight > 0]
        self.weight = weight[weight > 0]
        self.ends = np.cumsum(lengths)

    def measure(self, *metrics):
        """Return the values of metrics, measured batch by batch."""
        measurement = Measurement(as_metrics(metrics), self.loss, self.k)
        for start, end in zip([0, *self.ends], self.ends, strict=False):
            rows = slice(start, end)
            weight = None if self.given_weight is None else self.given_weight[rows]
            measurement.add(self.output[rows], self.target[rows], weight)
        return measurement.values()


def _as_row(array):
    return array[:, 0] if array.shape[1] == 1 else array
