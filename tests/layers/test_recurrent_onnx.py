"""Recurrent layers in ONNX: onnxruntime has no float64 for them, ONNX's reference no lengths."""

import numpy as np
import pytest
from onnx_agreement import assert_exported
from recurrent_loops import KINDS, padded

from minidl import CategoricalCrossEntropy, Embedding, Linear, MeanSquaredError, Sequential, Softmax

OPTIONS = [
    {},
    {"return_sequences": False, "learn_initial_state": True},
    {"skip_padding": True, "learn_initial_state": True},
    {"skip_padding": True, "return_sequences": False},
    {"skip_padding": True, "return_sequences": False, "learn_initial_state": True},
]
TOLERANCE = 1e-5  # onnxruntime approximates tanh and sigmoid


def drawn(layers, loss, dtype):
    model = Sequential(layers, loss=loss, dtype=dtype)
    model.parameters.theta = np.random.default_rng(1).standard_normal(model.parameters.size)
    return model


@pytest.mark.parametrize("opset", [13, 21])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_onnxruntime_agrees_with_predict(kind, options, opset, tmp_path):
    model = drawn([KINDS[kind](3, 4, **options), Linear(4, 2)], MeanSquaredError(), np.float32)
    programs = ["runtime"] if options.get("skip_padding") else ["runtime", "reference"]
    X = padded(7, dtype=np.float32)
    found = assert_exported(model, X, tmp_path, opset=opset, programs=programs, tolerance=TOLERANCE)
    assert kind in found


@pytest.mark.parametrize("options", OPTIONS[:2], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_onnx_in_float64(kind, options, tmp_path):
    model = drawn([KINDS[kind](3, 4, **options), Linear(4, 2)], MeanSquaredError(), np.float64)
    assert_exported(model, padded(), tmp_path, programs=["reference"])


@pytest.mark.parametrize("kind", KINDS)
def test_padded_tokens_through_two_layers(kind, tmp_path):
    layers = [
        Embedding(6, 3, padding=0),
        KINDS[kind](3, 4, skip_padding=True),
        KINDS[kind](4, 5, skip_padding=True, return_sequences=False),
        Linear(5, 2),
        Softmax(),
    ]
    model = drawn(layers, CategoricalCrossEntropy(), np.float32)
    X = np.array([[1, 2, 3, 4], [5, 0, 0, 0], [0, 3, 0, 0], [2, 2, 2, 0]])
    found = assert_exported(model, X, tmp_path, programs=["runtime"], tolerance=TOLERANCE)
    assert found.count(kind) == 2
    assert "Gather" in found
