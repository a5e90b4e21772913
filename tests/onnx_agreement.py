"""Whether an exported model gives in onnxruntime, and in ONNX's reference, what predict gives."""

import os

import numpy as np
import pytest

from minidl.exchange import export_onnx


def assert_exported(
    model, X, folder, *, opset=17, programs=("reference", "runtime"), tolerance=2e-6
):
    """Export the model, and compare what other programs compute for X and for its first row.

    The tolerance is that in float32. Return the operators of the graph.

    Skips the rest of the test where onnx or onnxruntime is not installed.
    """
    onnx = pytest.importorskip("onnx")
    reference = pytest.importorskip("onnx.reference")
    runtime = pytest.importorskip("onnxruntime")
    path = export_onnx(model, folder / "model.onnx", shape=X.shape[1:], opset=opset)
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    tolerance = tolerance if model.dtype == np.float32 else 1e-12
    sessions = []
    if "reference" in programs:
        sessions.append(reference.ReferenceEvaluator(os.fspath(path)))
    if "runtime" in programs:
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        sessions.append(runtime.InferenceSession(path, options, providers=providers))
    for session in sessions:
        for x in (X, X[:1]):  # the batch size is free
            (answer,) = session.run(None, {"input": x})
            assert answer.dtype == model.dtype
            np.testing.assert_allclose(answer, model.predict(x), rtol=tolerance, atol=tolerance)
    return [node.op_type for node in proto.graph.node]
