"""pytensor.check: Ops with a gradient by hand, right and wrong, by any of its three names."""

import sys

import numpy as np
import pytest
from docstring_examples import run_examples

from minidl import ArgumentError, MissingDependencyError
from minidl.adapters import pytensor as adapter

X = np.array([[0.5, -1.0, 2.0], [0.1, 0.7, -0.3]])
W = np.array([[0.3, -0.2], [0.8, 1.1], [-0.6, 0.4]])


def test_without_pytensor_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytensor", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "pytensor'):
        adapter.check(np.tanh, X)


@pytest.fixture(scope="module")
def pytensor():
    return pytest.importorskip("pytensor")


def failed(report):
    return {check.parameter for check in report.failures}


def names(report):
    return {check.parameter for check in report.checks if check.term != "protocol"}


def make_product(pytensor, method="", factor=1.0, *, connected=True):
    from pytensor.graph.basic import Apply
    from pytensor.graph.op import Op

    pt = pytest.importorskip("pytensor.tensor")

    class Product(Op):
        def make_node(self, x, w):
            x, w = pt.as_tensor_variable(x), pt.as_tensor_variable(w)
            return Apply(self, [x, w], [pt.matrix(dtype=x.dtype)])

        def perform(self, node, inputs, outputs):
            x, w = inputs
            outputs[0][0] = np.tanh(x @ w)

        def connection_pattern(self, node):
            return [[True], [connected]]

    def gradients(x, w, y, dy):
        dz = dy * (1 - y**2)
        dw = factor * x.T @ dz if connected else pytensor.gradient.DisconnectedType()()
        return [dz @ w.T, dw]

    def with_outputs(self, inputs, outputs, cotangents):
        return gradients(*inputs, outputs[0], cotangents[0])

    def without_outputs(self, inputs, cotangents):
        return gradients(*inputs, self(*inputs), cotangents[0])

    if not method:
        method = "pullback" if hasattr(Op, "pullback") else "L_op"
    setattr(Product, method, without_outputs if method == "grad" else with_outputs)
    return Product()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_op(pytensor, dtype):
    report = adapter.check(make_product(pytensor), X, W, dtype=dtype)
    assert not report.failures, report
    assert names(report) == {"x", "w"}
    assert report.title.startswith("Product: ")
    if dtype == "float64":
        assert report.ok, report


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("method", ["pullback", "L_op", "grad"])
def test_a_wrong_op_whatever_its_gradient_is_called(pytensor, method):
    from pytensor.graph.op import Op

    if not hasattr(Op, method):
        pytest.skip(f"this version has no {method}")
    assert failed(adapter.check(make_product(pytensor, method, 1.001), X, W)) == {"w"}


def test_a_disconnected_input_is_told(pytensor):
    report = adapter.check(make_product(pytensor, connected=False), X, W)
    assert not report.failures
    assert {check.parameter for check in report.unresolved} == {"w"}


def test_a_function_of_variables_integers_and_several_outputs(pytensor):
    product = make_product(pytensor, factor=2.0)

    def function(table, rows, scale):
        return [product(table[rows], W) * scale, rows.sum()]

    rows = np.array([0, 1, 1])
    report = adapter.check(function, X, rows, 3.0)
    assert not report.failures, report
    assert any("rows contains integers" in note for note in report.notes)


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_a_reference_judges_float32_to_its_rounding(pytensor, factor):
    product = make_product(pytensor, factor=factor)
    report = adapter.check(product, X, W, dtype="float32", reference=product)
    assert report.status == ("ok" if factor == 1 else "failed"), report
    assert failed(report) == (set() if factor == 1 else {"w"})


def test_a_reference_needs_no_gradient(pytensor):
    from pytensor.graph.basic import Apply
    from pytensor.graph.op import Op

    class Product(Op):
        def make_node(self, x, w):
            return Apply(self, [x, w], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = np.tanh(inputs[0] @ inputs[1])

    product = make_product(pytensor)
    assert adapter.check(product, X, W, dtype="float32", reference=Product()).ok
    report = adapter.check(Product(), X, W)
    assert report.failures  # it raises: that is a row of the report


def test_the_example_of_the_docstring(pytensor):
    run_examples(adapter.check)


def test_what_cannot_be_called_is_refused(pytensor):
    with pytest.raises(ArgumentError, match=r"an Op or a function of symbolic variables, got 3"):
        adapter.check(3, X)
