"""The gradient of a cost by its recorded operations."""

import numpy as np

from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.functions.recorded_gradient import recorded_gradient

P = {"w": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([1.5, -0.25])}


def recorded(cost, name):
    return recorded_gradient(CostFunction(cost, ParameterTree(P)), name)


def test_it_knows_what_a_complex_step_loses():
    def cost(p):
        return 1e9 * (p["b"] ** 2).sum() + 1e-9 * np.abs(p["w"]).sum()

    np.testing.assert_allclose(recorded(cost, "w"), 1e-9 * np.sign(P["w"]).ravel(), rtol=1e-12)
    np.testing.assert_allclose(recorded(cost, "b"), 2e9 * P["b"], rtol=1e-12)


def test_there_is_none_of_what_cannot_be_recorded():
    assert recorded(lambda p: float(np.asarray(p["w"]).sum() ** 2), "w") is None
