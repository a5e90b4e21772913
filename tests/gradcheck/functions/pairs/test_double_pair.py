import numpy as np

from minidl import check_function
from minidl.gradcheck.functions.pairs.double_pair import in_double, with_all_digits
from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.gradcheck.functions.pairs.pair import FunctionPair

X = np.array([0.1, 0.2])


def forward(x):
    x = np.asarray(x, np.float32)
    return x / 3, x.sum(), 7


def backward(dy, dsum, _):
    return dy / 3 + dsum


def test_functions_and_incoming_gradients_are_in_float64():
    pair = FunctionPair(
        forward,
        backward,
        FunctionInputs(forward, [X]),
        PairState(forward, backward),
        cache=False,
        backward_inputs=False,
    )
    pair.cotangents = [np.array([1, 2], np.float32), np.float32(0.5), None]
    double = in_double(pair)
    assert pair.output({"x": X}).dtype == np.float32
    np.testing.assert_array_equal(double.output({"x": X}), [*(X / 3), X.sum()])
    dy, dsum, none = double.cotangents
    assert (dy.dtype, type(dsum), none) == (np.float64, np.float64, None)
    np.testing.assert_array_equal(dy, [1, 2])
    np.testing.assert_array_equal(double.vjp({"x": X}).arrays["x"], np.array([1, 2]) / 3 + 0.5)
    dy = with_all_digits(double).cotangents[0]
    np.testing.assert_allclose(dy, [1, 2], rtol=1e-9, atol=0)
    assert not (dy == dy.astype(np.float32)).any()


def test_a_multiple_of_the_incoming_gradient_is_named():
    """Its numbers are those of float32 also in a function of float64."""

    def square(x):
        x = np.asarray(x, np.float32)
        return x * x

    x = np.random.default_rng(0).uniform(0.5, 2, 20)
    report = check_function(square, lambda dy: 2 * dy, x)
    assert "a factor of x is missing" in report.guilty.diagnosis
