"""The gradients of a pair, and what they raise."""

import numpy as np
import pytest

from minidl.gradcheck.functions.analytic_gradient import AnalyticGradient
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.gradcheck.functions.pairs.pair import FunctionPair
from minidl.gradcheck.functions.pairs.pair_cost import PairCost
from minidl.gradcheck.functions.pairs.pair_gradients import PairGradients
from minidl.gradcheck.functions.pytree import ParameterTree


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


def test_forward_is_called_once_for_each_gradient():
    calls = {"forward": 0, "backward": 0}

    def forward(x):
        calls["forward"] += 1
        return x**2

    def backward(dy, x):
        calls["backward"] += 1
        return 2 * x * dy

    x = np.ones(3)
    pair = FunctionPair(
        forward,
        backward,
        FunctionInputs(forward, (x,)),
        PairState(forward, backward),
        cache=False,
        backward_inputs=True,
    )
    pair.cotangents = [np.ones(3)]
    cost = CostFunction(PairCost(pair), ParameterTree(pair.values))
    before = dict(calls)
    gradient = AnalyticGradient(PairGradients(pair), cost, np.random.default_rng(0))
    gradient.at(cost.theta)
    of_each = {name: calls[name] - before[name] for name in calls}
    assert of_each["forward"] == of_each["backward"] > 1
