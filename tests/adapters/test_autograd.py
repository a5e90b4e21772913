"""autograd.check: primitives with right and wrong VJPs."""

import sys

import numpy as np
import pytest

from minidl import ArgumentError, MissingDependencyError
from minidl.adapters import autograd

extend = pytest.importorskip("autograd.extend")
X = np.array([[0.5, -1.0, 2.0], [0.1, 0.7, -0.3]])
W = np.array([[0.3, -0.2], [0.8, 1.1], [-0.6, 0.4]])


def make_product(x_factor=1.0, w_factor=1.0, *, with_w=True):
    @extend.primitive
    def product(x, w, scale=1):
        return scale * np.tanh(x @ w)

    def x_vjp(y, x, w, scale=1):
        return lambda dy: x_factor * scale * (dy * (1 - np.tanh(x @ w) ** 2)) @ w.T

    def w_vjp(y, x, w, scale=1):
        return lambda dy: w_factor * scale * x.T @ (dy * (1 - np.tanh(x @ w) ** 2))

    extend.defvjp(product, *([x_vjp, w_vjp] if with_w else [x_vjp]), argnums=[0, 1][: 1 + with_w])
    return product


def test_right_and_wrong_primitives():
    report = autograd.check(make_product(), X, W)
    assert report.ok, report
    assert report.title.startswith("product: ")
    assert {check.parameter for check in report.checks if check.term != "protocol"} == {"x", "w"}
    report = autograd.check(make_product(w_factor=1.01), X, W)
    assert {check.parameter for check in report.failures} == {"w"}
    assert autograd.check(make_product(w_factor=1.01), X, W, wrt="x").ok


def test_other_arguments_are_passed_as_they_are():
    assert autograd.check(make_product(), X, W, 3).ok


def test_an_argument_without_a_vjp_is_told():
    report = autograd.check(make_product(with_w=False), X, W)
    assert not report.failures
    assert {c.parameter for c in report.checks if c.verdict == "unresolved"} == {"w"}


def test_a_function_of_primitives():
    product = make_product(x_factor=2)
    report = autograd.check(lambda x: product(x, W) * 3.0, X)
    assert {check.parameter for check in report.failures} == {"x"}


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_a_reference_judges_float32_to_its_rounding(factor):
    @extend.primitive
    def tanh(x):
        return np.tanh(x.astype(np.float32))

    extend.defvjp(tanh, lambda y, x: lambda dy: np.float32(factor) * dy * (1 - y**2))
    report = autograd.check(tanh, X, reference=np.tanh)
    assert report.status == ("ok" if factor == 1 else "failed"), report


def test_without_autograd_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "autograd", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "autograd'):
        autograd.check(np.tanh, X)


def make_pair(factor):
    @extend.primitive
    def pair(x):
        return np.sin(x), x**2

    def vjp(outputs, x):
        return lambda dy: factor * dy[0] * np.cos(x) + dy[1] * 2 * x

    extend.defvjp(pair, vjp)
    return pair


@pytest.mark.parametrize("factor", [1, 2])
def test_several_outputs(factor):
    pair = make_pair(factor)
    outputs = {
        "of a primitive": pair,
        "in a dictionary": lambda x: {"a": pair(x)[0], "b": [pair(x)[1], x.shape]},
    }
    for words, function in outputs.items():
        report = autograd.check(function, X)
        assert report.status == ("ok" if factor == 1 else "failed"), words


def test_arrays_in_a_dictionary_and_in_a_list():
    product = make_product(w_factor=2)
    report = autograd.check(lambda p: product(p["x"], p["w"]), {"x": X, "w": W})
    assert {check.parameter for check in report.failures} == {"p.w"}
    report = autograd.check(lambda p: product(p[0], p[1]), [X, W])
    assert {check.parameter for check in report.failures} == {"p[1]"}


def test_a_vjp_that_fills_one_buffer_is_right_and_one_that_piles_up_is_not():
    buffer = np.zeros_like(X)

    def sine(adds):
        sin = extend.primitive(lambda x: np.sin(x))
        vjp = lambda dy, x: np.add(adds * buffer, dy * np.cos(x), out=buffer)  # noqa: E731
        extend.defvjp(sin, lambda y, x: lambda dy: vjp(dy, x))
        return sin

    assert autograd.check(sine(0), X).ok
    assert autograd.check(sine(1), X).guilty.parameter == "the same twice"


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ArgumentError, match=r"must be a primitive or a function of arrays, got 3"):
        autograd.check(3, X)
