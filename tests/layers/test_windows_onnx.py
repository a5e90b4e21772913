import os

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    AvgPool2D,
    Conv1D,
    Conv2D,
    GlobalAvgPool2D,
    MaxPool2D,
    MeanSquaredError,
    Reshape,
    Sequential,
    Upsample2D,
)
from minidl.exchange import export_onnx

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
runtime = pytest.importorskip("onnxruntime")

LAYERS = {
    "padding": (lambda: Conv2D(2, 3, 3, padding=1), (5, 6, 2)),
    "stride, no bias": (lambda: Conv2D(2, 3, (2, 3), stride=(2, 1), bias=False), (5, 6, 2)),
    "dilation": (lambda: Conv2D(2, 1, 2, padding=(0, 2), dilation=(2, 3)), (5, 6, 2)),
    "same": (lambda: Conv2D(1, 2, (4, 3), padding="same", dilation=(1, 2)), (5, 6, 1)),
    "sequences": (lambda: Conv1D(2, 3, 3, stride=2, padding=1, dilation=2), (7, 2)),
    "sequences, same": (lambda: Conv1D(2, 3, 4, padding="same"), (7, 2)),
    "maximum": (lambda: MaxPool2D((2, 3), stride=2, padding=(1, 0)), (5, 6, 2)),
    "mean": (lambda: AvgPool2D((3, 2), stride=2, padding=1), (5, 6, 2)),
    "global mean": (GlobalAvgPool2D, (5, 6, 2)),
    "repeated pixels": (lambda: Upsample2D((2, 3)), (5, 6, 2)),
    "reshaped": (lambda: Reshape((3, -1, 2)), (5, 6, 2)),
}


def answers(path, X):
    """Return what onnxruntime and the reference implementation of onnx compute."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    evaluator = reference.ReferenceEvaluator(os.fspath(path))
    return [session.run(None, {"input": X})[0], evaluator.run(None, {"input": X})[0]]


def model_of(layer, dtype):
    model = Sequential([layer], loss=MeanSquaredError(), dtype=dtype)
    if getattr(layer, "bias", None) is not None:
        layer.bias.value = np.arange(layer.out_channels)
    return model


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
def test_onnxruntime_agrees(make, shape, dtype, tmp_path):
    model = model_of(make(), dtype)
    path = export_onnx(model, tmp_path / "model.onnx", shape=shape)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    for m in (1, 3):
        X = np.random.default_rng(m).standard_normal((m, *shape)).astype(dtype)
        for answer in answers(path, X):
            assert answer.dtype == dtype
            np.testing.assert_allclose(answer, model.predict(X), rtol=0, atol=tolerance)


@pytest.mark.parametrize("size", [(5, 6), (6, 9)])
def test_same_padding_with_a_stride(size, tmp_path):
    model = model_of(Conv2D(2, 3, 3, stride=(2, 3), padding="same"), np.float32)
    path = export_onnx(model, tmp_path / "model.onnx", shape=(*size, 2))
    X = np.random.default_rng(0).standard_normal((2, *size, 2)).astype(np.float32)
    for answer in answers(path, X):
        np.testing.assert_allclose(answer, model.predict(X), rtol=0, atol=1e-5)


def test_same_padding_with_a_stride_in_float64_has_no_form(tmp_path):
    model = model_of(Conv2D(2, 3, 3, stride=2, padding="same"), np.float64)
    with pytest.raises(ArgumentError, match=r"layer 0: .*export\s*model\.astype\(np\.float32\)"):
        export_onnx(model, tmp_path / "model.onnx", shape=(5, 6, 2))


@pytest.mark.parametrize("opset", [13, 21])
def test_other_versions_of_the_operators(opset, tmp_path):
    for dtype in (np.float32, np.float64):
        layers = [Conv2D(2, 3, 3, padding=1), MaxPool2D(2), Upsample2D(3), AvgPool2D(2)]
        layers += [Reshape((3, -1, 3)), GlobalAvgPool2D()]
        model = Sequential(layers, loss=MeanSquaredError(), dtype=dtype)
        path = export_onnx(model, tmp_path / "model.onnx", shape=(5, 6, 2), opset=opset)
        X = np.random.default_rng(0).standard_normal((2, 5, 6, 2)).astype(dtype)
        for answer in answers(path, X):
            np.testing.assert_allclose(answer, model.predict(X), rtol=0, atol=1e-5)
