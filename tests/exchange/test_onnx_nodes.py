import numpy as np
import pytest
from helpers import Gain, Residual

from minidl import ArgumentError, Dropout, Flatten, Layer, LeakyReLU, Linear, MeanSquaredError, ReLU, Sequential, layers
from minidl.exchange import export_onnx
from minidl.exchange.onnx_nodes import BUILT_IN, nodes_of

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
from onnx.helper import make_node  # noqa: E402


def model(*layers, dtype=np.float32):
    return Sequential(layers, loss=MeanSquaredError(), dtype=dtype, seed=1)


def gain(layer, x, y, names):
    return [make_node("Mul", [x, names["gain"]], [y])]


def residual(layer, x, y, names):
    return [
        make_node("Gemm", [x, names["steps.0.weight"], names["steps.0.bias"]], [f"{y}.0"], transB=1),
        make_node("Relu", [f"{y}.0"], [f"{y}.1"]),
        make_node("Gemm", [f"{y}.1", names["last.weight"]], [f"{y}.2"], transB=1),
        make_node("Add", [x, f"{y}.2"], [y]),
    ]


def same(path, net, X):
    (answer,) = reference.ReferenceEvaluator(str(path)).run(None, {"input": X})
    np.testing.assert_allclose(answer, net.predict(X), rtol=1e-6, atol=1e-6)


def test_every_built_in_layer_is_known():
    built_in = {held for held in vars(layers).values() if isinstance(held, type) and not getattr(held, "__abstractmethods__", None)}
    assert built_in == {*BUILT_IN, LeakyReLU, Dropout}


def test_layers_of_ones_own_by_functions_of_ones_own(tmp_path):
    net = model(Gain(3), Residual(3), Residual(3), Gain(3))
    net.parameters.theta = np.random.default_rng(0).standard_normal(net.parameters.size)
    path = export_onnx(net, tmp_path / "m", shape=(3,), custom={Gain: gain, Residual: residual})
    same(path, net, np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32))


def test_a_built_in_layer_may_be_written_otherwise():
    nodes = nodes_of(model(Linear(2, 1), ReLU()), {ReLU: lambda layer, x, y, names: [make_node("Abs", [x], [y])]})
    assert [node.op_type for node in nodes] == ["Gemm", "Abs"]


class Steeper(ReLU):
    """A subclass that computes otherwise."""

    def apply(self, x, y):
        np.maximum(2 * x, 0, out=y)


@pytest.mark.parametrize("layer", [Gain(2), Steeper()], ids=repr)
def test_an_unknown_layer_is_named_with_its_cure(layer):
    name = type(layer).__name__
    with pytest.raises(ArgumentError, match=rf"layer 1, {name}\(\), is not known to export_onnx: tell its nodes by custom=\{{{name}: func"):
        nodes_of(model(Linear(2, 2), layer), {})


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (lambda layer, x, y, names: [make_node("Muul", [x, names["gain"]], [y])], "Muul"),
        (lambda layer, x, y, names: [make_node("Mul", [x, "gain"], [y])], "gain"),
        (lambda layer, x, y, names: [make_node("Gemm", [x, "0.weight"], [y])], "ShapeInferenceError"),
        (lambda layer, x, y, names: [], "output"),
    ],
    ids=["no such operator", "no such input", "shapes", "nothing"],
)
def test_a_wrong_function_is_found_before_anything_is_written(nodes, message, tmp_path):
    with pytest.raises(ArgumentError, match=rf"(?s)must pass onnx's checker, which says: .*{message}.*: mend the functions in custom"):
        export_onnx(model(Linear(3, 2), Gain(2)), tmp_path / "m", custom={Gain: nodes})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("net", [model(Dropout(0.5)), model(Flatten(), Dropout(0.5), Dropout(0.2)), model(Dropout(0.5), ReLU())], ids=repr)
def test_dropout_leaves_no_trace(net, tmp_path):
    path = export_onnx(net, tmp_path / "m", shape=(3,))
    assert len(onnx.load(path).graph.node) == 1
    same(path, net, np.array([[-1, 0, 2]], np.float32))


def test_a_slope_is_exact_in_float64(tmp_path):
    net = model(LeakyReLU(0.1), dtype=np.float64)
    path = export_onnx(net, tmp_path / "m", shape=(2,))
    (answer,) = reference.ReferenceEvaluator(str(path)).run(None, {"input": np.array([[-1e9, 3.0]])})
    np.testing.assert_array_equal(answer, net.predict([[-1e9, 3.0]]), strict=True)


def test_the_contract_of_a_layer_is_all_that_is_asked():
    class Double(Layer):
        def forward(self, x, *, training=False):
            return 2 * x

        def backward(self, dy):
            return 2 * dy

    (node,) = nodes_of(model(Double()), {Double: lambda layer, x, y, names: [make_node("Add", [x, x], [y])]})
    assert (list(node.input), list(node.output)) == (["input", "input"], ["output"])
