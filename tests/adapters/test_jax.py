"""jax.check: custom_vjp functions, right and wrong, in float64 and float32."""

import sys

import numpy as np
import pytest
from docstring_examples import run_examples

from minidl import ArgumentError, MissingDependencyError
from minidl.adapters import jax as adapter

X = np.array([[0.5, -1.0, 2.0], [0.1, 0.7, -0.3]])
W = np.array([[0.3, -0.2], [0.8, 1.1], [-0.6, 0.4]])


def test_without_jax_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "jax'):
        adapter.check(np.tanh, X)


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax")


def failed(report):
    return {check.parameter for check in report.failures}


def names(report):
    return {check.parameter for check in report.checks if check.term != "protocol"}


def make_product(jax, factor=1.0):
    jnp = jax.numpy

    @jax.custom_vjp
    def product(x, w):
        return jnp.tanh(x @ w)

    def forward(x, w):
        y = jnp.tanh(x @ w)
        return y, (x, w, y)

    def backward(kept, dy):
        x, w, y = kept
        dz = dy * (1 - y**2)
        return dz @ w.T, factor * x.T @ dz

    product.defvjp(forward, backward)
    return product


@pytest.mark.parametrize("x64", [True, False])
def test_a_right_function(jax, x64):
    before = jax.config.jax_enable_x64
    report = adapter.check(make_product(jax), X, W, x64=x64)
    assert not report.failures, report
    assert names(report) == {"x", "w"}
    assert report.title.startswith("product: ")
    if x64:
        assert report.ok, report
        assert "complex step" in report.method
    assert jax.config.jax_enable_x64 == before


def test_wrong_functions(jax):
    product = make_product(jax, factor=1.001)
    assert failed(adapter.check(product, X, W)) == {"w"}
    assert adapter.check(product, X, W, wrt="x").ok


def test_a_wrong_function_in_float32(jax):
    assert failed(adapter.check(make_product(jax, factor=1.05), X, W, x64=False)) == {"w"}


def test_a_reference_in_float64_judges_float32_to_its_rounding(jax):
    right, wrong = make_product(jax), make_product(jax, factor=1 + 1e-3)
    assert adapter.check(right, X, W, x64=False, reference=right).ok
    report = adapter.check(wrong, X, W, x64=False, reference=right)
    assert failed(report) == {"w"}


def test_the_example_of_the_docstring(jax):
    run_examples(adapter.check)


def test_settings_integers_and_nested_inputs(jax):
    jnp = jax.numpy

    def loss(activation, parameters, rows):
        return {"y": activation(parameters["table"][rows]), "n": rows.sum()}

    function = jax.custom_vjp(loss, nondiff_argnums=(0,))

    def forward(activation, parameters, rows):
        return loss(activation, parameters, rows), (parameters["table"], rows)

    def backward(activation, kept, dy):
        table, rows = kept
        dz = dy["y"] * (1 - jnp.tanh(table[rows]) ** 2)
        return {"table": jnp.zeros_like(table).at[rows].add(dz)}, None

    function.defvjp(forward, backward)
    report = adapter.check(function, jnp.tanh, {"table": jnp.asarray(W)}, np.array([0, 2, 2]))
    assert not report.failures, report
    assert names(report) == {"parameters.table"}
    assert any("rows contains integers" in note for note in report.notes)


def test_a_list_of_numbers_is_an_array(jax):
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, dy: (2 * x**2 * dy,))
    assert failed(adapter.check(cube, [0.5, -1.0])) == {"x"}


def test_a_key_among_the_inputs_is_passed_as_it_is(jax):
    def dropout(x, keys):
        key, *others = keys
        return x * jax.random.bernoulli(key, 0.5, x.shape), jax.random.split(others[0])

    report = adapter.check(dropout, X, [jax.random.key(0), jax.random.key(1)])
    assert report.ok, report
    assert names(report) == {"x"}
    report = adapter.check(lambda x, key: x * jax.random.normal(key), X, jax.random.key(0))
    assert report.ok, report


def make_sine(jax, factor=1.0, offset=0.0, dtype=None):
    jnp = jax.numpy
    sine = jax.custom_vjp(lambda x: jnp.sin(x).astype(dtype or x.dtype))
    sine.defvjp(
        lambda x: ((factor * jnp.sin(x) + offset).astype(dtype or x.dtype), x),
        lambda x, dy: ((dy * jnp.cos(x)).astype(x.dtype),),
    )
    return sine


def test_a_forward_rule_with_another_value_fails(jax):
    assert adapter.check(make_sine(jax, 1 + 1e-15), X).ok
    report = adapter.check(make_sine(jax, factor=2), X)
    assert report.guilty.parameter == "value under differentiation"
    assert "another value, by 1e+00 of it: let fwd return" in report.guilty.diagnosis
    report = adapter.check(make_sine(jax, offset=1e-3), X)
    (row,) = report.unresolved
    assert row.parameter == "value under differentiation"
    assert row.diagnosis.endswith("returns, unless both compute in half precision inside")


def test_values_in_half_precision_differ_by_their_rounding(jax):
    sine = make_sine(jax, 1 + 2**-7, dtype=jax.numpy.float16)
    report = adapter.check(sine, X, reference=jax.numpy.sin)
    assert "value under differentiation" not in {check.parameter for check in report.checks}


def test_what_cannot_be_called_is_refused(jax):
    with pytest.raises(ArgumentError, match=r"a custom_vjp function or a function of arrays, got"):
        adapter.check(3, X)


def test_outputs_of_another_shape_or_that_are_not_finite_differ():
    y = np.array([1.0, 2.0])
    assert adapter._difference(y, y * (1 + 1e-15)) == 0.0
    assert adapter._difference(y, np.array([1.0, 4.0])) == 1.0
    assert adapter._difference(y, np.ones(3)) == np.inf
    assert adapter._difference(y, y * np.nan) == np.inf
    assert adapter._difference(np.array([1, 2]), np.array([1, 4])) == 0.0  # of integers
