"""A pair as one scalar cost and its gradient."""

import numpy as np
import pytest

from minidl.errors import ArgumentError, DtypeError, NonFiniteError
from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.gradcheck.functions.pairs.pair import FunctionPair, inner_product

X = np.array([1.0, 2.0, 3.0])


def pair_of(forward, backward, *inputs, cache=False, backward_inputs=False):
    state = PairState(forward, backward)
    return FunctionPair(
        forward,
        backward,
        FunctionInputs(forward, inputs),
        state,
        cache=cache,
        backward_inputs=backward_inputs,
    )


def with_cotangents(pair):
    run = pair.first_run(pair.inputs.values)
    pair.cotangents = pair.draw_cotangents(run, np.random.default_rng(0))
    return pair


def test_cost_and_gradient_of_two_outputs():
    def forward(x):
        return x**2, np.array([x.sum()]), np.argmax(x)

    def backward(dy, dsum, dindex):
        assert dindex is None
        return 2 * X * dy + dsum

    pair = with_cotangents(pair_of(forward, backward, X))
    dy, dsum, _ = pair.cotangents
    assert pair.cost(pair.inputs.values) == pytest.approx((dy * X**2).sum() + dsum[0] * X.sum())
    np.testing.assert_allclose(pair.vjp(pair.inputs.values).arrays["x"], 2 * X * dy + dsum)
    assert pair.output(pair.inputs.values).shape == (4,)


def test_backward_takes_the_cache_or_the_inputs():
    pair = with_cotangents(
        pair_of(lambda x: (x**2, {"x": x}), lambda dy, c: 2 * c["x"] * dy, X, cache=True)
    )
    expected = 2 * X * pair.cotangents[0]
    np.testing.assert_allclose(pair.vjp(pair.inputs.values).arrays["x"], expected)
    pair = with_cotangents(
        pair_of(lambda x, k: x**k, lambda dy, x, k: k * x * dy, X, 2, backward_inputs=True)
    )
    np.testing.assert_allclose(pair.vjp(pair.inputs.values).arrays["x"], expected)
    assert pair.output({"x": X}).shape == (3,)


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.asarray])
def test_cotangents_have_the_type_of_the_output(kind):
    pair = with_cotangents(pair_of(lambda x: kind(x.sum()), lambda dy: dy * np.ones(3), X))
    (dy,) = pair.cotangents
    assert type(dy) in (type(kind(1.0)), np.float64)
    assert np.asarray(dy).dtype == np.asarray(kind(1.0)).dtype
    assert np.asarray(pair.cost(pair.inputs.values)).dtype == np.float64


def test_cotangents_are_copies():
    def backward(dy):
        dy *= 2
        return dy

    pair = with_cotangents(pair_of(lambda x: x + 0, backward, X))
    before = pair.cotangents[0].copy()
    pair.vjp(pair.inputs.values)
    np.testing.assert_array_equal(pair.cotangents[0], before)


def test_integer_outputs_get_a_gradient_of_zero():
    pair = with_cotangents(pair_of(lambda x: (x, np.arange(2)), lambda dy, di: dy, X))
    assert pair.cotangents[1].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("forward", "error", "words"),
    [
        (lambda x: (x, (x,)), ArgumentError, "cache=True"),
        (lambda x: (x, {"x": x}), ArgumentError, "cache=True"),
        (lambda x: None, DtypeError, "NoneType"),
        (lambda x: x * 1j, DtypeError, "real numbers"),
        (lambda x: x / 0, NonFiniteError, "output 0"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_outputs_that_cannot_be_checked(forward, error, words):
    pair = pair_of(forward, lambda dy: dy, X)
    with pytest.raises(error, match=words):
        pair.first_run(pair.inputs.values)


@pytest.mark.parametrize("backward", [lambda: None, lambda dy: None, lambda dy, count: None])
def test_a_loss_beside_integers_may_go_without_dy(backward):
    pair = with_cotangents(pair_of(lambda x: (np.sum(x**2), np.arange(3)), backward, X))
    dy, other = pair.cotangents
    takes_dy = backward.__code__.co_argcount > 0
    assert pair.takes_dy is takes_dy
    assert (dy == 1) is not takes_dy
    np.testing.assert_array_equal(other, np.zeros(3, int))


def test_cache_needs_two_outputs():
    pair = pair_of(lambda x: x, lambda dy, c: dy, X, cache=True)
    with pytest.raises(ArgumentError, match="leave out cache=True"):
        pair.first_run(pair.inputs.values)


def test_inner_products_are_in_double_precision():
    y = np.float32([1.0, 1e-9])
    assert inner_product([np.float32([1, 1])], [y]) > 1
    assert inner_product([np.ones(2)], [y * 1j]) == pytest.approx(1j)
