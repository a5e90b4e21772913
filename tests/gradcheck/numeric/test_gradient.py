"""Every group of elements gives the exact gradient, and none is used where it would not."""

import numpy as np
import pytest
from helpers import complex_step

from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.numeric.function import Function
from minidl.gradcheck.numeric.gradient import elementwise_gradient, numeric_gradients
from minidl.gradcheck.numeric.grouping import STRATEGIES
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient

RNG = np.random.default_rng(7)
X = RNG.standard_normal((4, 3))
SQUARE = RNG.standard_normal((3, 3))

# What f makes of the array a: (f, the array, the grouping that fits).
FUNCTIONS = {
    "activation": (np.tanh, X, "whole"),
    "bias": (lambda a: np.tanh(X + a), X[0], "units"),
    "weight": (lambda a: np.tanh(X @ a.T), RNG.standard_normal((5, 3)), "units"),
    "square weight": (lambda a: np.tanh(X @ a.T), SQUARE, "units"),
    "gain": (lambda a: X * a**2, X[1], "units"),
    "input of a linear layer": (lambda a: a @ RNG_W.T, X, "rows"),
    "softmax": (lambda a: np.exp(a) / np.exp(a).sum(axis=1, keepdims=True), X, "rows"),
    "flatten": (lambda a: (a * a).reshape(len(a), -1), RNG.standard_normal((3, 2, 2)), "rows"),
    "loss": (lambda a: (a**2).mean(), X, "single"),
    "a scalar parameter": (lambda a: np.sin(X * a), np.array(0.7), "single"),
    "weight of shape (in, out)": (lambda a: np.tanh(X @ a), SQUARE, "channels"),
    "rows are mixed": (lambda a: a - a.mean(axis=0), X, "channels"),
    # Shapes that fit by accident: the elements do not reach different outputs.
    "rows and columns are mixed": (lambda a: a - a.mean(), X, "single"),
    "weight used twice": (lambda a: np.tanh(X @ a.T) @ a, SQUARE, "single"),
    "columns reversed": (lambda a: a[:, ::-1] ** 2, X, "rows"),
    "rows reversed": (lambda a: a[::-1] ** 2, X, "channels"),
    "bias on the wrong axis": (lambda a: SQUARE * a[:, None], X[0], "single"),
    "prefix sums of a bias": (lambda a: X + np.cumsum(a), X[0], "single"),
    "neighbours": (lambda a: a + 0.1 * np.roll(a, 1, axis=1), X, "rows"),
}
RNG_W = RNG.standard_normal((2, 3))


class Counted:
    """f on a real and on a complex array, whose calls are counted."""

    def __init__(self, f, a):
        self.arrays = {"real": np.array(a, np.float64), "complex": np.array(a, np.complex128)}
        self.of, self.calls = f, 0

    def call(self, kind):
        self.calls += 1
        return np.asarray(self.of(self.arrays[kind]))

    def numeric(self, cotangents, step=None, limit=10_000):
        return numeric_gradients(
            Function(self.call, self.arrays),
            cotangents,
            np.random.default_rng(0),
            step or ComplexStep(),
            limit,
        )


def exact(f, a, c):
    """Return the gradient of sum(c f(a)), one element at a time."""
    return complex_step(lambda moved: (c * f(moved)).sum(), a)


@pytest.mark.parametrize(
    "step", [ComplexStep(), RichardsonDifference()], ids=["complex", "central"]
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_numeric_gradient_is_that_of_the_explicit_jacobian(name, step):
    f, a, _ = FUNCTIONS[name]
    cotangents = [np.random.default_rng(k).standard_normal(np.shape(f(a))) for k in range(2)]
    gradients = Counted(f, a).numeric(cotangents, step)
    for numeric, c in zip(gradients, cotangents, strict=True):
        expected = exact(f, a, c)
        assert numeric.value.shape == np.shape(a)
        assert (np.abs(numeric.value - expected) <= numeric.error + 1e-13).all()
        np.testing.assert_allclose(numeric.value, expected, rtol=1e-7, atol=1e-8)
        assert numeric.lower is None
        assert numeric.kinks == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_coarsest_grouping_that_is_right_is_taken(name):
    f, a, expected = FUNCTIONS[name]
    grouping = next(g for g in STRATEGIES if g.name == expected)
    c = np.ones(np.shape(f(a)))
    groups = grouping.forward_calls(np.shape(a))
    assert Counted(f, a).numeric([c], limit=groups) is not None
    # With one call fewer nothing is computed: finer groups need more calls.
    assert Counted(f, a).numeric([c], limit=groups - 1) is None


def test_a_whole_activation_takes_a_few_forward_calls():
    function = Counted(np.tanh, np.ones((40, 50)))
    function.numeric([np.ones((40, 50))])
    assert function.calls < 10


@pytest.mark.parametrize("seed", range(5))
def test_a_lie_that_separation_cannot_see_is_caught_by_the_certificate(seed, monkeypatch):
    """If every group passed the first test, the random direction would reject the wrong ones."""
    monkeypatch.setattr("minidl.gradcheck.numeric.gradient.are_independent", lambda *_: True)
    rng = np.random.default_rng(seed)
    a, c = rng.standard_normal((3, 3)), rng.standard_normal((4, 3))

    def f(w):
        return np.tanh(X @ w)

    np.testing.assert_allclose(
        Counted(f, a).numeric([c])[0].value, exact(f, a, c), rtol=1e-12, atol=1e-14
    )


def test_the_affine_path_equals_the_complex_one():
    weight, c = RNG.standard_normal((6, 12)), RNG.standard_normal((5, 6))
    x = RNG.standard_normal((5, 12))

    def f(w):
        return x @ w.T

    numeric = Counted(f, weight).numeric([c])[0]
    assert numeric.scheme == "affine difference"
    assert (np.abs(numeric.value - c.T @ x) <= numeric.error).all()
    np.testing.assert_allclose(numeric.value, c.T @ x, rtol=1e-12)


def test_a_nearly_affine_function_is_not_taken_for_affine():
    x, weight = RNG.standard_normal((5, 12)), RNG.standard_normal((6, 12))
    numeric = Counted(lambda w: x @ w.T + 1e-9 * (x @ w.T) ** 2, weight).numeric([np.ones((5, 6))])[
        0
    ]
    assert numeric.scheme == "complex step"


def test_a_long_step_that_leaves_the_domain_means_not_affine():
    x = np.abs(RNG.standard_normal((1, 12)))

    def f(w):
        if (w.real > 100).any():
            raise ValueError("weights over 100")
        return x @ w.T

    numeric = Counted(f, np.ones((3, 12))).numeric([np.ones((1, 3))])[0]
    assert numeric.scheme == "complex step"
    np.testing.assert_allclose(numeric.value, np.ones((3, 1)) * x)


def test_at_a_kink_both_one_sided_slopes_are_given():
    a = np.array([[1.0, 0.0], [-1.0, 0.0]])
    c = np.array([[2.0, 3.0], [5.0, -7.0]])
    numeric = Counted(lambda x: np.maximum(x, 0), a).numeric([c])[0]
    np.testing.assert_array_equal(numeric.lower, [[2, 0], [0, -7]])
    np.testing.assert_array_equal(numeric.upper, [[2, 3], [0, 0]])
    assert numeric.kinks == 2
    assert not numeric.kinks_overlap


def test_kinks_that_meet_in_one_output_are_said_to_mingle():
    numeric = Counted(lambda w: np.maximum(X @ w.T, 0), np.zeros((2, 3))).numeric(
        [np.ones((4, 2))]
    )[0]
    assert numeric.kinks_overlap
    assert numeric.kinks >= 1
    assert (numeric.lower <= numeric.upper).all()


@pytest.mark.parametrize("limit", [0, 2])
def test_beyond_the_limit_nothing_is_computed(limit):
    assert (
        Counted(lambda a: X @ a.T, np.ones((2, 3))).numeric([np.ones((4, 2))], limit=limit) is None
    )


def test_the_doubt_of_a_cotangent_is_carried_along():
    c = RNG.standard_normal(X.shape)
    sure, unsure = Counted(lambda a: 2 * a, X).numeric(
        [c, NumericGradient(c, np.full(X.shape, 1e-3), "complex step")]
    )
    np.testing.assert_array_equal(sure.value, unsure.value)
    np.testing.assert_allclose(unsure.error - sure.error, 2e-3)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_slopes_of_single_elements_to_either_side(sign):
    function = Counted(lambda a: np.maximum(a, 0).sum(), np.array([[2.0, 0.0], [-1.0, 0.0]]))
    slopes = elementwise_gradient(Function(function.call, function.arrays), ComplexStep(), sign)
    np.testing.assert_array_equal(slopes.value, [[1, sign > 0], [0, sign > 0]])


def test_what_is_affine_along_one_line_alone_is_not_taken_for_affine():
    """Attention that saturates may give the same rows far to both sides of a line, by accident."""
    rng = np.random.default_rng(30)
    a, matrix = 100 * rng.standard_normal((2, 5)), rng.standard_normal((5, 5))

    def attention(x):
        scores = x @ matrix @ x.T
        e = np.exp(scores - scores.real.max(axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True)) @ x

    arrays, dy = {"real": a.copy(), "complex": a.astype(complex)}, rng.standard_normal((2, 5))
    function = Function(lambda kind: attention(arrays[kind]), arrays)
    (found,) = numeric_gradients(function, [dy], rng, ComplexStep(), 1000)
    expected = complex_step(lambda x: (dy * attention(x)).sum(), a)
    np.testing.assert_allclose(found.value, expected, rtol=1e-9, atol=1e-9)
