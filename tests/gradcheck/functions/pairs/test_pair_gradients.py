"""The gradients of a pair, and what they raise."""

import numpy as np
import pytest

from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.gradcheck.functions.pairs.pair import FunctionPair
from minidl.gradcheck.functions.pairs.pair_gradients import PairGradients


def test_missing_gradients_are_nan_and_errors_are_kept():
    returned = [(2 * np.ones(3), np.ones(3))]

    def forward(x, y):
        return x + y

    def backward(dy):
        return returned.pop()

    pair = FunctionPair(
        forward,
        backward,
        FunctionInputs(forward, (np.ones(3), np.ones(3))),
        PairState(forward, backward),
        cache=False,
        backward_inputs=False,
    )
    pair.cotangents = [np.ones(3)]
    gradients = PairGradients(pair)
    assert gradients(pair.values)["x"][0] == 2
    returned.append((np.ones(3),))
    assert np.isnan(gradients(pair.values)["y"]).all()
    with pytest.raises(IndexError):
        gradients(pair.values)
    assert len(gradients.errors) == 1
