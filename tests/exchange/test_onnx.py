"""Whole models as ONNX files."""

import os
import sys
from itertools import pairwise

import numpy as np
import pytest
from helpers import Gain, Residual
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    GELU,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Chain,
    Concat,
    DataError,
    Dropout,
    DtypeError,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    MissingDependencyError,
    NonFiniteError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    layers,
)
from minidl.exchange import export_onnx
from minidl.exchange.onnx import layer_nodes
from minidl.utils.parts import exported_parts

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
runtime = pytest.importorskip("onnxruntime")


def net(last=3, dtype=np.float32, bias=True, **arguments):
    end = Softmax() if last > 1 else Sigmoid()
    loss = CategoricalCrossEntropy() if last > 1 else BinaryCrossEntropy()
    layers = [
        Linear(4, 6, bias=bias),
        ReLU(),
        Dropout(0.5),
        Linear(6, 5),
        LeakyReLU(0.3),
        Linear(5, 4),
        Tanh(),
        Linear(4, last),
        end,
    ]
    return Sequential(layers, loss=loss, dtype=dtype, **arguments)


def run(path, X):
    """Return the output of onnxruntime."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"input": X})
    return answer


def assert_same(path, model, X):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    expected = model.predict(X)
    answers = [
        run(path, X),
        reference.ReferenceEvaluator(os.fspath(path)).run(None, {"input": X})[0],
    ]
    for answer in answers:
        assert answer.dtype == model.dtype
        np.testing.assert_allclose(
            answer, expected, rtol=1e-6, atol=1e-6 if model.dtype == np.float32 else 1e-12
        )


@pytest.mark.parametrize("opset", [13, 17, 21])
@pytest.mark.parametrize("last", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_onnxruntime_agrees_with_predict(dtype, last, opset, tmp_path):
    model = net(last, dtype, bias=last > 1, seed=last)
    path = export_onnx(model, tmp_path / "model.onnx", opset=opset)
    assert onnx.load(path).opset_import[0].version == opset
    for m in (1, 7):  # the batch size is free
        assert_same(path, model, np.random.default_rng(m).standard_normal((m, 4)).astype(dtype) * 3)


def test_images(tmp_path):
    model = Sequential(
        [Flatten(), Linear(5 * 4 * 3, 2), Softmax()], loss=CategoricalCrossEntropy(), seed=1
    )
    path = export_onnx(model, tmp_path / "model.onnx", shape=(5, 4, 3))
    assert_same(path, model, np.random.default_rng(0).random((6, 5, 4, 3), np.float32))


def test_the_input_shape_comes_from_the_first_layer_that_requires_one(tmp_path):
    model = Sequential([Dropout(0.5), Tanh(), Linear(3, 2)], loss=MeanSquaredError())
    assert_same(export_onnx(model, tmp_path / "model.onnx"), model, np.ones((2, 3), np.float32))


@st.composite
def nets(draw):
    """Return a network of any layers in any order."""
    widths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    kinds = st.sampled_from(
        [
            ReLU,
            LeakyReLU,
            lambda: LeakyReLU(0.5),
            lambda: GELU(approximate=True),
            SiLU,
            Softplus,
            Sigmoid,
            Tanh,
            Softmax,
            Flatten,
            lambda: Dropout(0.7),
        ]
    )

    def activations(least=0):
        some = st.lists(kinds, min_size=least, max_size=2)
        return [kind() for kind in draw(some.filter(lambda found: found.count(Softmax) < 2))]

    layers = []
    for before, after in pairwise(widths):
        layers += [*activations(), Linear(before, after, bias=draw(st.booleans()))]
    layers += activations(least=not layers)
    return Sequential(
        layers, loss=MeanSquaredError(), dtype=draw(st.sampled_from([np.float32, np.float64]))
    ), widths[0]


@given(built=nets(), m=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_any_network_of_built_in_layers_is_exported(built, m, seed, tmp_path_factory):
    model, width = built
    X = np.random.default_rng(seed).standard_normal((m, width)).astype(model.dtype) * 4
    path = export_onnx(model, tmp_path_factory.getbasetemp() / "model.onnx", shape=(width,))
    assert_same(path, model, X)


@pytest.mark.parametrize("opset", [13, 17, 21])
def test_the_exact_gelu_needs_erf_which_onnxruntime_has_for_float32(opset, tmp_path):
    X = np.linspace(-20, 20, 400).reshape(-1, 4)
    for dtype in (np.float32, np.float64):
        model = Sequential([Linear(4, 4), GELU()], loss=MeanSquaredError(), dtype=dtype)
        path = export_onnx(model, tmp_path / "model.onnx", opset=opset)
        if dtype == np.float32:
            assert_same(path, model, X.astype(dtype))
        else:  # onnx's own evaluator has an erf of float32 inside
            evaluator = reference.ReferenceEvaluator(os.fspath(path))
            (answer,) = evaluator.run(None, {"input": X})
            np.testing.assert_allclose(answer, model.predict(X), rtol=0, atol=1e-6)


def test_the_structure_of_the_graph(tmp_path):
    model = net()
    proto = onnx.load(export_onnx(model, tmp_path / "model.onnx"))
    graph = proto.graph
    assert [node.op_type for node in graph.node] == [
        "Gemm",
        "Relu",
        "Gemm",
        "LeakyRelu",
        "Gemm",
        "Tanh",
        "Gemm",
        "Softmax",
    ]
    assert list(graph.node[0].input) == ["input", "0.weight", "0.bias"]
    (x,), (y,) = graph.input, graph.output
    shapes = [
        [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (x, y)
    ]
    assert (x.name, y.name, shapes) == ("input", "output", [["batch", 4], ["batch", 3]])
    assert (proto.producer_name, proto.ir_version, proto.opset_import[0].version) == (
        "minidl",
        8,
        17,
    )


def test_the_weights_are_inline_and_as_they_are(tmp_path):
    model = net()
    weights = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(export_onnx(model, tmp_path / "m")).graph.initializer
    }
    assert list(weights) == [name for name, _ in model.parameters]
    for name, parameter in model.parameters:
        np.testing.assert_array_equal(weights[name], parameter.value, strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_the_same_model_gives_the_same_bytes(tmp_path):
    first, second = (export_onnx(net(seed=5), tmp_path / name).read_bytes() for name in "ab")
    assert first == second


def test_a_failed_load_leaves_the_model_unchanged(tmp_path):
    model = net()
    before = (
        model.parameters.theta.copy(),
        [layer.rng.bit_generator.state for layer in model.layers if layer.rng],
    )
    export_onnx(model, tmp_path / "m")
    np.testing.assert_array_equal(model.parameters.theta, before[0])
    assert [layer.rng.bit_generator.state for layer in model.layers if layer.rng] == before[1]


def diverged():
    model = net()
    model.layers[3].bias.value[2] = np.inf
    return model


def flat():
    return Sequential([ReLU(), Flatten(), Linear(4, 2)], loss=MeanSquaredError())


@pytest.mark.parametrize(
    ("model", "arguments", "error", "message"),
    [
        (
            Linear(2, 1),
            {},
            ArgumentError,
            r"model must be a Sequential, got Linear\(2, 1\) in export_onnx",
        ),
        (net(dtype=np.complex128), {}, DtypeError, r"got complex128 in export_onnx"),
        (diverged(), {}, NonFiniteError, r"got inf at 3\.bias\[2\] in export_onnx"),
        (
            flat(),
            {},
            ArgumentError,
            r"must know the shape of one example: pass e\.g\. shape=\(64, 64, 3\)",
        ),
        (
            flat(),
            {"shape": (5,)},
            ShapeError,
            r"layer 2, Linear\(4, 2\), expects 4 features, got 5",
        ),
        (
            flat(),
            {"shape": 4},
            ArgumentError,
            r"shape must be integers >= 1, .*, got 4 in export_onnx",
        ),
        (flat(), {"shape": (4, 0)}, ArgumentError, r"got \(4, 0\)"),
        (flat(), {"shape": (True, 4)}, ArgumentError, r"got \(True, 4\)"),
        (
            net(),
            {"opset": 12},
            ArgumentError,
            r"opset must be an integer in \[13, \d+\] for this version of onnx, "
            r"got 12 in export_onnx",
        ),
        (net(), {"opset": 1000}, ArgumentError, r"got 1000"),
        (net(), {"opset": True}, ArgumentError, r"got True"),
        (net(), {"opset": 17.0}, ArgumentError, r"got 17\.0"),
        (
            net(),
            {"custom": [Linear]},
            ArgumentError,
            r"custom must be a dict of layer classes and functions, got \[",
        ),
    ],
)
def test_a_failed_write_is_an_error_and_leaves_the_old_file(
    model, arguments, error, message, tmp_path
):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with pytest.raises(error, match=message):
        export_onnx(model, path, **arguments)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_more_weights_than_a_file_can_hold_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[export_onnx.__module__], "MAX_PARAMETER_BYTES", 400)
    with pytest.raises(
        ArgumentError, match=r"the parameters must have at most 400 bytes, got 4\d\d in export_onnx"
    ):
        export_onnx(net(), tmp_path / "m")


def test_a_path_that_cannot_be_written_to_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        export_onnx(net(), tmp_path / "nowhere" / "m")


def test_without_the_package_the_error_names_the_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        MissingDependencyError,
        match=r'export_onnx needs onnx, which is not installed: pip install "onnx',
    ):
        export_onnx(net(), tmp_path / "m")
    assert not list(tmp_path.iterdir())


def made(*layers, dtype=np.float32):
    return Sequential(layers, loss=MeanSquaredError(), dtype=dtype, seed=1)


def gain(layer, graph, x, y):
    graph.node("Mul", [x, graph.parameter("gain")], [y])


def residual(layer, graph, x, y):
    first = [graph.parameter(f"steps.0.{name}") for name in ("weight", "bias")]
    graph.node("Gemm", [x, *first], [f"{y}.0"], transB=1)
    graph.node("Relu", [f"{y}.0"], [f"{y}.1"])
    graph.node("Gemm", [f"{y}.1", graph.parameter("last.weight")], [f"{y}.2"], transB=1)
    graph.node("Add", [x, f"{y}.2"], [y])


def same(path, net, X):
    (answer,) = reference.ReferenceEvaluator(str(path)).run(None, {"input": X})
    np.testing.assert_allclose(answer, net.predict(X), rtol=1e-6, atol=1e-6)


def test_every_built_in_layer_can_be_exported():
    for layer in exported_parts(layers, Layer):
        assert layer.is_identity_at_inference or layer.to_onnx is not Layer.to_onnx, (
            f"define {layer.__name__}.to_onnx, which adds the ONNX nodes that compute its output"
        )


def test_custom_layers_by_custom_functions(tmp_path):
    net = made(Gain(3), Residual(3), Residual(3), Gain(3))
    net.parameters.theta = np.random.default_rng(0).standard_normal(net.parameters.size)
    path = export_onnx(net, tmp_path / "m", shape=(3,), custom={Gain: gain, Residual: residual})
    same(path, net, np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32))


def test_custom_functions_take_precedence():
    nodes = layer_nodes(
        made(Linear(2, 1), ReLU()), {ReLU: lambda layer, graph, x, y: graph.node("Abs", [x], [y])}
    )
    assert [node.op_type for node in nodes] == ["Gemm", "Abs"]


class Steeper(ReLU):
    """A subclass that computes something else."""

    def activate(self, x, out):
        np.maximum(2 * x, 0, out=out)


@pytest.mark.parametrize("layer", [Gain(2), Steeper()], ids=repr)
def test_an_unknown_layer_is_named_with_its_cure(layer):
    name = type(layer).__name__
    with pytest.raises(
        ArgumentError,
        match=rf"layer 1: {name}\(\) has no method to_onnx: define it, or pass "
        rf"custom=\{{{name}: function\}} to export_onnx",
    ):
        layer_nodes(made(Linear(2, 2), layer), {})


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            lambda layer, graph, x, y: graph.node("Muul", [x, graph.parameter("gain")], [y]),
            "Muul",
        ),
        (lambda layer, graph, x, y: graph.node("Mul", [x, "gain"], [y]), "gain"),
        (
            lambda layer, graph, x, y: graph.node("Gemm", [x, "0.weight"], [y]),
            "ShapeInferenceError",
        ),
        (lambda layer, graph, x, y: None, "output"),
    ],
    ids=["no such operator", "no such input", "shapes", "nothing"],
)
def test_a_wrong_function_is_an_error_before_anything_is_written(nodes, message, tmp_path):
    with pytest.raises(
        ArgumentError,
        match=rf"(?s)must pass the checker of onnx, got the error .*{message}.*: "
        "correct to_onnx of the layer, or custom",
    ):
        export_onnx(made(Linear(3, 2), Gain(2)), tmp_path / "m", custom={Gain: nodes})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "net",
    [made(Dropout(0.5)), made(Flatten(), Dropout(0.5), Dropout(0.2)), made(Dropout(0.5), ReLU())],
    ids=repr,
)
def test_dropout_is_left_out(net, tmp_path):
    path = export_onnx(net, tmp_path / "m", shape=(3,))
    assert len(onnx.load(path).graph.node) == 1
    same(path, net, np.array([[-1, 0, 2]], np.float32))


def test_the_slope_is_exact_in_float64(tmp_path):
    net = made(LeakyReLU(0.1), dtype=np.float64)
    path = export_onnx(net, tmp_path / "m", shape=(2,))
    (answer,) = reference.ReferenceEvaluator(str(path)).run(
        None, {"input": np.array([[-1e9, 3.0]])}
    )
    np.testing.assert_array_equal(answer, net.predict([[-1e9, 3.0]]), strict=True)


def test_forward_and_backward_are_all_that_a_layer_needs():
    class Double(Layer):
        def forward(self, x, *, training=False):
            return 2 * x

        def backward(self, dy):
            return 2 * dy

    (node,) = layer_nodes(
        made(Double()), {Double: lambda layer, graph, x, y: graph.node("Add", [x, x], [y])}
    )
    assert (list(node.input), list(node.output)) == (["input", "input"], ["output"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_in_layers(tmp_path, dtype):
    blocks = [
        Chain(Dropout(0.5), Linear(4, 6), Chain(ReLU(), Dropout(0.5))),
        layers.Residual(Linear(6, 6), Tanh(), Linear(6, 6)),
        layers.Residual(Dropout(0.5)),
        layers.Residual(Linear(6, 3), shortcut=[Linear(6, 3, bias=False), Dropout(0.9)]),
        Concat(Tanh(), [Linear(3, 2), Sigmoid()], layers.Residual(Linear(3, 3)), axis=1),
        Chain(Dropout(0.5)),
    ]
    model = Sequential(blocks, loss=MeanSquaredError(), dtype=dtype, seed=1)
    path = export_onnx(model, tmp_path / "model.onnx")
    assert_same(path, model, np.random.default_rng(0).standard_normal((7, 4)).astype(dtype))
    names = [name for node in onnx.load(path).graph.node for name in node.output]
    assert len(set(names)) == len(names)


def test_custom_functions_are_used_for_inner_layers(tmp_path):
    model = made(Chain(Gain(3), Concat(ReLU(), [Gain(3)])))
    model.parameters.theta = np.arange(1, 7)
    path = export_onnx(model, tmp_path / "m", shape=(3,), custom={Gain: gain})
    same(path, model, np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32))


def test_an_inner_layer_without_to_onnx_is_named_by_its_path(tmp_path):
    model = made(Linear(3, 3), layers.Residual(Chain(ReLU(), Gain(3))))
    with pytest.raises(
        ArgumentError, match=r"^layer 1\.body\.0\.1: Gain\(\) has no method to_onnx"
    ):
        export_onnx(model, tmp_path / "m", shape=(3,))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("axes", [(), (5,), (2, 3)])
def test_linear_acts_on_the_last_axis(axes, bias, dtype, tmp_path):
    layers = [Linear(4, 3, bias=bias), ReLU(), Chain(Linear(3, 6), Tanh()), Linear(6, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=dtype)
    path = export_onnx(model, tmp_path / "model.onnx", shape=(*axes, 4))
    assert_same(path, model, np.random.default_rng(0).standard_normal((7, *axes, 4)).astype(dtype))
    operators = [node.op_type for node in onnx.load(path).graph.node]
    assert operators.count("Gemm") == (0 if axes else 3)  # which takes matrices only


def test_a_linear_layer_after_flatten_takes_rows(tmp_path):
    layers = [Linear(4, 3), Flatten(), Linear(15, 2)]
    model = Sequential(layers, loss=MeanSquaredError())
    path = export_onnx(model, tmp_path / "model.onnx", shape=(5, 4))
    assert_same(path, model, np.ones((2, 5, 4), np.float32))
    assert [node.op_type for node in onnx.load(path).graph.node][-2:] == ["Flatten", "Gemm"]
