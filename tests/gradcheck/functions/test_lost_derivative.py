import numpy as np

from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.lost_derivative import lost_derivative
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.result import Check


def row(analytic, numeric):
    worst = {"index": [1], "analytic": analytic, "numeric": numeric, "bar": 1e-12}
    return Check(None, "total", "p", worst=worst)


def test_where_a_difference_agrees_with_the_gradient_the_complex_step_lost_it():
    cost = CostFunction(lambda p: (p["p"] ** 2).sum(), ParameterTree({"p": np.array([1.0, 3.0])}))
    assert lost_derivative(cost, [row(6.0, 0.0)]) == "its derivative for p got lost"
    assert lost_derivative(cost, [row(5.0, 6.0)]) == ""
    assert lost_derivative(cost, [Check(None, "total", "p")]) == ""
