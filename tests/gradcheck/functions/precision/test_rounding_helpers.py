"""Helpers that round: the copy of a function in float64 goes without them."""

import numpy as np
import pytest
from coarse_functions import bfloat16

from minidl import check_function
from minidl.gradcheck.functions.precision.rounding_helpers import without_rounding

X = np.random.default_rng(0).standard_normal((4, 5))


def to_nine_bits(x):
    mantissa, exponent = np.frexp(np.asarray(x))
    return np.ldexp(np.round(mantissa * 2**9) / 2**9, exponent)


def to_half(x):
    return np.asarray(x).astype(np.float16)


def copied(*arguments, **options):
    return "copied"


@pytest.mark.parametrize("helper", [bfloat16, to_nine_bits])
@pytest.mark.parametrize(
    "x", [X, 0.3, bfloat16(X), X + 1j], ids=["array", "number", "held", "complex"]
)
def test_what_is_only_rounded_comes_back_as_it_is(helper, x):
    result = without_rounding(helper, copied)(x)
    np.testing.assert_array_equal(result, x)
    assert result is not x or isinstance(x, float)


@pytest.mark.parametrize(
    "helper",
    [
        lambda x: x,
        lambda x: 1.1 * x,
        lambda x: np.round(x),
        lambda x: np.round(x).sum(),
        lambda x: x.view.missing,
        lambda x: np.round(x).tolist(),
    ],
)
def test_everything_else_is_called(helper):
    assert without_rounding(helper, copied)(X) == "copied"


def test_other_arguments_are_passed_on():
    def rounded(x, bits=8):
        return bfloat16(x)

    helper = without_rounding(rounded, copied)
    assert helper(X, 3) == helper(X, bits=3) == helper("text") == helper(np.arange(3)) == "copied"
    assert without_rounding(lambda x, y: x, copied) is copied
    assert without_rounding(lambda: 1, copied) is copied
    assert without_rounding(to_half, copied) is copied  # the copy has float64 for float16


def test_a_mistake_of_code_that_rounds_to_bfloat16_is_named_with_its_line():
    def sigmoid(x):
        return bfloat16(1 / bfloat16(1 + bfloat16(np.exp(-bfloat16(x)))))

    def backward(dy, x):
        y = sigmoid(x)
        return bfloat16(bfloat16(dy * y) * bfloat16(1 + y))

    report = check_function(
        sigmoid, backward, X, backward_inputs=True, reference=lambda x: 1 / (1 + np.exp(-x))
    )
    assert "right with `1 - y` for `1 + y`" in report.guilty.diagnosis, report


def to_single(x):
    return np.asarray(x, dtype=np.float32)


@pytest.mark.parametrize("helper", [to_single, bfloat16])
def test_a_mistake_that_the_tape_names_is_named_through_a_helper(helper):
    """log(cosh(x)), whose derivative is tanh(x)."""
    target = np.random.default_rng(1).standard_normal(X.shape)

    def cost(x, target):
        r = helper(helper(x) - helper(target))
        return np.asarray(np.log(np.cosh(r)).mean())

    def backward(dy, x, target):
        return helper(dy * helper(helper(x) - helper(target)) / x.size), None

    def exact(x, target):
        return np.asarray(np.log(np.cosh(x - target)).mean())

    reference = exact if helper is bfloat16 else None
    report = check_function(
        cost, backward, X, target, backward_inputs=True, wrt="x", reference=reference
    )
    assert "the input instead of the derivative" in report.guilty.diagnosis, report
