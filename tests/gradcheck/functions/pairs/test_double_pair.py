import numpy as np

from minidl.gradcheck.functions.pairs.double_pair import in_double
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
    np.testing.assert_array_equal(double.vjp({"x": X}).arrays["x"], np.array([1, 2]) / 3 + 0.5)
