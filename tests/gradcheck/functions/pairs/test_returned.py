"""Gradients are found in what backward returns, whatever its form."""

import numpy as np
import pytest

from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.returned import GradientMatcher, as_gradient

X, W, B = np.ones((2, 3)), np.ones((3, 4)), np.ones(4)
DX, DW, DB = 2 * X, 3 * W, 4 * B


def match(returned, *inputs, function=lambda x, w, b: x, wrt=None):
    return GradientMatcher(FunctionInputs(function, inputs, wrt)).match(returned)


@pytest.mark.parametrize(
    "returned",
    [
        (DX, DW, DB),
        [DX, DW, DB],
        (DX, DW, DB, None, None),
        {"x": DX, "w": DW, "b": DB},
        {"dx": DX, "dw": DW, "db": DB, "dz": 1},
        {"grad_x": DX, "w": DW, "d_b": DB},
    ],
)
def test_forms_of_three_gradients(returned):
    result = match(returned, X, W, B)
    assert not result.problems
    assert not result.extra
    assert {name: array.ravel()[0] for name, array in result.arrays.items()} == {
        "x": 2,
        "w": 3,
        "b": 4,
    }


@pytest.mark.parametrize("returned", [DX, (DX,), {"dx": DX}, {"input": DX}, DX.tolist()])
def test_forms_of_one_gradient(returned):
    result = match(returned, X, function=lambda value: value)
    if isinstance(returned, dict) and "dx" in returned:
        assert list(result.arrays) == ["value"]
    assert result.arrays["value"].tolist() == DX.tolist()


def test_integers_may_be_left_out_or_not():
    idx = np.arange(2)
    for returned in ((DX, DB), (DX, None, DB), (DX, np.zeros(2), DB)):
        result = match(returned, X, idx, B)
        assert list(result.arrays) == ["x", "b"]
        assert result.arrays["b"][0] == 4


def test_numbers_may_be_left_out():
    result = match(DX, X, 0.5, function=lambda x, eps: x)
    assert list(result.arrays) == ["x"]
    assert result.not_returned == {"eps"}
    result = match((DX, 3.0), X, 0.5, function=lambda x, eps: x)
    assert result.arrays["eps"] == 3


def test_only_what_wrt_asks_for_may_be_returned():
    result = match(DW, X, W, B, wrt="w")
    assert list(result.arrays) == ["w"]
    result = match((DX, DW, DB), X, W, B, wrt="w")
    assert result.arrays["w"][0, 0] == 3


def test_none_is_zero():
    result = match((DX, None, DB), X, W, B)
    assert result.none == {"w"}
    assert not result.arrays["w"].any()


@pytest.mark.parametrize(
    "grads",
    [{"W": DW, "b": DB}, {"dW": DW, "db": DB}, {"dW": DW, "db": DB, "dZ": DX}],
)
def test_dictionaries_of_parameters(grads):
    params = {"W": W, "b": B}
    result = match((DX, grads), X, params, function=lambda x, p: x)
    assert {name: array.ravel()[0] for name, array in result.arrays.items()} == {
        "x": 2,
        "p.W": 3,
        "p.b": 4,
    }
    alone = match(grads, params, function=lambda p: p)
    assert list(alone.arrays) == ["p.W", "p.b"]
    flat = match({"dx": DX, **grads}, X, params, function=lambda x, p: x)
    assert list(flat.arrays) == ["x", "p.W", "p.b"]


def test_lists_of_parameters():
    for returned in ([DW, DB], ([DW, DB],)):
        result = match(returned, [W, B], function=lambda p: p)
        assert {name: array.ravel()[0] for name, array in result.arrays.items()} == {
            "p[0]": 3,
            "p[1]": 4,
        }


def test_missing_gradients_are_problems_of_their_arrays():
    result = match({"dx": DX, "dw": DW}, X, W, B)
    assert list(result.arrays) == ["x", "w"]
    assert result.problems == {"b": "backward returns no gradient of it"}
    result = match((DX, DW), X, W, B)
    assert list(result.problems) == ["b"]
    result = match((DX, {"dW": DW}), X, {"W": W, "b": B}, function=lambda x, p: x)
    assert list(result.problems) == ["p.b"]
    result = match((DX, DW), X, {"W": W, "b": B}, function=lambda x, p: x)
    assert list(result.problems) == ["p.W", "p.b"]


def test_too_many_gradients_are_told():
    assert match((DX, DX), X, function=lambda x: x).extra == (
        "backward returns 2 gradients for 1 inputs"
    )


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (np.ones((1, 2)), r"its gradient has shape (1, 2), but the array has shape (2,)"),
        (1.0, "its gradient has shape ()"),
        (np.ones(2) * 1j, "complex"),
        ("ab", "no numbers"),
        ({"W": 1}, "is a dict"),
        ([[1.0], [1.0, 2.0]], "unequal length"),
    ],
)
def test_what_cannot_be_compared(gradient, words):
    problem, _ = as_gradient(gradient, (2,))
    assert words in problem


def test_a_gradient_of_a_number_may_be_an_array_of_one():
    problem, array = as_gradient(np.ones((1, 1)), (), is_scalar=True)
    assert not problem
    assert array.shape == ()
