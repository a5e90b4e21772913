"""The backward function of a pair, to be edited."""

import numpy as np

from minidl.gradcheck.functions.pairs.editable import editable_backward
from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.gradcheck.functions.pairs.pair import FunctionPair


def forward(x):
    return x**2


def backward(dy, x):
    return dy * x


def test_an_edited_function_takes_the_place_of_backward():
    x = np.array([1.0, 2.0])
    state = PairState(forward, backward)
    inputs = FunctionInputs(forward, (x,), None)
    pair = FunctionPair(forward, backward, inputs, state, cache=False, backward_inputs=True)
    pair.cotangents = [np.array([1.0, 10.0])]
    editable = editable_backward(pair, pair.values)
    assert editable.function is backward
    assert np.array_equal(editable.run(lambda dy, x: 2 * dy * x)["x"], [2, 40])
    assert np.array_equal(pair.vjp(pair.values).arrays["x"], [1, 20])
    assert np.array_equal(editable.known["forward_output"], [1, 4])
