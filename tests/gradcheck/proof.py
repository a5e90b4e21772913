"""The proof of every layer: the largest error of its gradients, each element computed, in float64.

`python -m tests.gradcheck.proof` prints the table. The error of an array is
||g - n|| / (||g|| + ||n||), of the layer alone under a random incoming gradient, at inference and
in training, at the user's point and at one nearby.
"""

import numpy as np

import minidl
from minidl import Layer, MeanSquaredError, Sequential
from minidl.gradcheck import GradientChecker
from minidl.utils.parts import exported_parts

EXACT = 1e-12
PICTURES, SEQUENCES, ROWS = (3, 6, 6, 4), (3, 5, 4), (5, 4)
PADDED = np.random.default_rng(2).standard_normal(SEQUENCES) * [
    [[1]] * 5,
    [[1]] * 2 + [[0]] * 3,
    [[0]] * 5,
]
TOKENS = np.random.default_rng(1).integers(0, 6, (3, 5))
RNN, LSTM, GRU = minidl.RNN, minidl.LSTM, minidl.GRU
LAYERS = [
    (minidl.Linear(4, 3), ROWS),
    (minidl.SparseLinear(4, 3), ROWS),
    (minidl.Conv2D(4, 3, 3, padding="same"), PICTURES),
    (minidl.Conv2D(4, 3, (2, 3), stride=2, padding=1, dilation=(1, 2)), PICTURES),
    (minidl.Conv1D(4, 3, 3, stride=2, padding=1), SEQUENCES),
    (minidl.MaxPool2D(2), PICTURES),
    (minidl.AvgPool2D(3, stride=2), PICTURES),
    (minidl.GlobalAvgPool2D(), PICTURES),
    (minidl.Upsample2D(2), PICTURES),
    (minidl.Reshape((12, 12)), PICTURES),
    (minidl.Flatten(), PICTURES),
    (minidl.BatchNorm(4), PICTURES),
    (minidl.LayerNorm(4), SEQUENCES),
    (minidl.Dropout(0.8), ROWS),
    (minidl.Embedding(6, 4), TOKENS),
    (RNN(4, 3, return_sequences=True, learn_initial_state=True), SEQUENCES),
    (LSTM(4, 3, return_sequences=True, learn_initial_state=True), SEQUENCES),
    (GRU(4, 3, return_sequences=True, learn_initial_state=True), SEQUENCES),
    (minidl.SelfAttention(4, 2), SEQUENCES),
    (minidl.SelfAttention(4, 2, causal=True), SEQUENCES),
    (minidl.SelfAttention(4, 2, causal=True, skip_padding=True), PADDED),
    (minidl.PositionalEncoding(4, skip_padding=True), PADDED),
    (minidl.LayerNorm(4, skip_padding=True), PADDED),
    (minidl.PositionalEncoding(4), SEQUENCES),
    (minidl.Chain(minidl.Linear(4, 3), minidl.Tanh()), ROWS),
    (minidl.Residual(minidl.Linear(4, 4), minidl.Tanh()), ROWS),
    (minidl.Concat(minidl.Linear(4, 3), minidl.Tanh()), ROWS),
    *((getattr(minidl, name)(), ROWS) for name in ("ReLU", "LeakyReLU", "ELU", "GELU", "SiLU")),
    (minidl.GELU(approximate=True), ROWS),
    *((getattr(minidl, name)(), ROWS) for name in ("Sigmoid", "Tanh", "Softplus", "Softmax")),
]


def missing():
    """Return the names of the public layers that are not in the table."""
    named = {kind.__name__ for kind in exported_parts(minidl.layers, Layer)}
    return named - {type(layer).__name__ for layer, _ in LAYERS}


def error_of(layer, data):
    """Return the largest error of the layer's gradients, and how many elements were computed."""
    rng = np.random.default_rng(0)
    X = data if isinstance(data, np.ndarray) else rng.standard_normal(data)
    model = Sequential([layer], loss=MeanSquaredError(), seed=0, dtype=np.float64)
    Y = rng.standard_normal(model.predict(X).shape)
    report = GradientChecker(model).check(X, Y, exhaustive=True)
    report.raise_if_failed()
    rows = [check for check in report.checks if check.term == "layer"]
    return max(check.difference for check in rows), sum(check.elements for check in rows)


def main():
    """Print the table."""
    print(f"{'layer':70} {'elements':>8} {'largest error':>13}")
    for layer, data in LAYERS:
        error, elements = error_of(layer, data)
        print(f"{layer!s:70} {elements:8} {error:13.1e}", flush=True)


if __name__ == "__main__":
    main()
