"""CourseNetwork: the functions of a course as one cost and its gradients."""

import course_nets as nets
import numpy as np
import pytest

from minidl import ArgumentError
from minidl.adapters.course_network import CourseNetwork

X, Y, PARAMETERS = nets.data()


def network(forward, backward, parameters=PARAMETERS, cost=None, **options):
    return CourseNetwork(forward, backward, cost, X, Y, parameters, options, 0)


def test_cost_and_gradients_are_those_of_the_functions():
    net = network(nets.forward_propagation_n, nets.backward_propagation_n)
    cost, cache = nets.forward_propagation_n(X, Y, PARAMETERS)
    gradients = nets.backward_propagation_n(X, Y, cache)
    assert net.cost(PARAMETERS) == cost
    for name, gradient in net.gradients(PARAMETERS).items():
        assert np.array_equal(gradient, gradients[f"d{name}"])
    assert net.set_aside == ["dA1", "dA2", "dZ1", "dZ2", "dZ3"]
    assert net.title == "backward_propagation_n of forward_propagation_n"


def test_a_missing_key_is_left_out_and_a_plain_name_is_taken():
    net = network(lambda X, parameters: 0.0, lambda X: {"dW1": 1.0, "b1": 2.0, "dZ": 3.0})
    assert net.gradients({"W1": 0.0, "b1": 0.0, "W2": 0.0}) == {"W1": 1.0, "b1": 2.0}
    assert net.set_aside == ["dZ"]


def test_numbers_become_floats():
    net = network(lambda X, theta: theta, lambda X: 1, parameters=4)
    assert net.parameters == {"theta": 4.0}
    assert net.parameters["theta"].dtype == np.float64


def test_an_option_that_nobody_takes_is_refused():
    with pytest.raises(ArgumentError, match=r"none of forward_propagation_n, .* argument lambd"):
        network(nets.forward_propagation_n, nets.backward_propagation_n, lambd=0.7)


def test_the_cost_is_passed_for_no_output():
    def backward(a, b, c):
        return nets.backward_propagation_n(a, b, c)

    net = network(nets.forward_propagation_n, backward)
    expected = network(nets.forward_propagation_n, nets.backward_propagation_n)
    for name, gradient in expected.gradients(PARAMETERS).items():
        assert np.array_equal(gradient, net.gradients(PARAMETERS)[name])
    with pytest.raises(ArgumentError, match="what AL of <lambda> stands for"):
        network(nets.forward_propagation_n, lambda AL, Y, caches: {})


@pytest.mark.parametrize(("costs", "name"), [([], "forward"), (["the cost"], "compute_cost")])
def test_a_cost_that_is_no_number_names_the_function_that_returns_it(costs, name):
    def forward(X, parameters):
        return "an output", X

    def compute_cost(AL, Y):
        return costs[0]

    net = network(forward, lambda X: {}, cost=compute_cost if costs else None)
    with pytest.raises(ArgumentError, match=f"^{name} must return a number as the cost, got str"):
        net.cost(PARAMETERS)


@pytest.mark.parametrize("result", [({}, 1.0, 2.0), (1.0, 2.0), 1.0])
def test_propagate_returns_gradients_and_cost(result):
    net = network(lambda X, parameters: result, None)
    message = rf"<lambda> must return \(gradients, cost\).*got {type(result).__name__}$"
    with pytest.raises(ArgumentError, match=message):
        net.cost(PARAMETERS)
