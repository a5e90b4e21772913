"""check_course: each convention of the course in one call, right and wrong."""

import functools

import course_nets as nets
import numpy as np
import pytest

from minidl import ArgumentError
from minidl.adapters import check_course

X, Y, PARAMETERS = nets.data()


def wrong(report):
    return {check.parameter for check in report.failures}


def with_wrong(backward, key, factor=1.5):
    """Return `backward` with one gradient that is scaled."""

    def changed(*args, **kwargs):
        result = backward(*args, **kwargs)
        gradients = result[0] if isinstance(result, tuple) else result
        gradients[key] = gradients[key] * factor
        return result

    return functools.wraps(backward)(changed)


def test_the_mistakes_of_the_notebook_are_found():
    right = check_course(nets.forward_propagation_n, nets.backward_propagation_n, X, Y, PARAMETERS)
    assert right.ok, right
    assert right.notes[-1] == (
        "set aside, as they are not gradients of parameters: dA1, dA2, dZ1, dZ2, dZ3"
    )
    assert right.title.startswith("backward_propagation_n of forward_propagation_n: ")
    report = check_course(nets.forward_propagation_n, nets.backward_with_mistakes, X, Y, PARAMETERS)
    assert wrong(report) == {"W2", "b1"}


CONVENTIONS = {
    "cost of the output": (
        nets.forward_propagation,
        nets.backward_propagation_n,
        PARAMETERS,
        {"compute_cost": nets.compute_cost},
        "W1",
    ),
    "caches and AL": (
        nets.L_model_forward,
        nets.L_model_backward,
        PARAMETERS,
        {"compute_cost": nets.compute_cost},
        "b2",
    ),
    "regularization": (
        nets.forward_propagation,
        nets.backward_propagation_with_regularization,
        PARAMETERS,
        {"compute_cost": nets.compute_cost_with_regularization, "lambd": 0.7},
        "W3",
    ),
    "dropout": (
        nets.forward_propagation_with_dropout,
        nets.backward_propagation_with_dropout,
        PARAMETERS,  # 1 - A3 is 3e-5 here: its rounding is no mistake
        {"compute_cost": nets.compute_cost, "keep_prob": 0.8},
        "W2",
    ),
    "planar": (
        nets.planar_forward,
        nets.planar_backward,
        nets.planar_parameters(),
        {"compute_cost": nets.planar_cost},
        "b1",
    ),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_convention_in_one_call(name):
    forward, backward, parameters, options, key = CONVENTIONS[name]
    right = check_course(forward, backward, X, Y, parameters, **options)
    assert right.ok, right
    assert {check.parameter for check in right.checks} >= set(parameters)
    report = check_course(forward, with_wrong(backward, f"d{key}"), X, Y, parameters, **options)
    assert wrong(report) == {key}


def test_gradients_and_cost_from_one_function():
    parameters = {"w": np.array([[0.1], [0.2], [-0.3], [0.4]]), "b": 0}
    assert check_course(nets.propagate, None, X, Y, parameters).ok
    report = check_course(with_wrong(nets.propagate, "db"), None, X, Y, parameters)
    assert wrong(report) == {"b"}
    with pytest.raises(ArgumentError, match=r"must return .gradients, cost."):
        check_course(nets.forward_propagation_n, None, X, Y, PARAMETERS)


def test_one_number():
    def forward_propagation(x, theta):
        return x * theta

    assert check_course(forward_propagation, lambda x, theta: x, 2, None, 4).ok
    assert check_course(forward_propagation, lambda x: x, 2, None, 4).ok
    report = check_course(forward_propagation, lambda x, theta: theta, 2, None, {"theta": 4})
    assert wrong(report) == {"theta"}


def test_gradients_in_order_and_from_a_tuple():
    def backward(X, Y, cache):
        gradients = nets.backward_propagation_n(X, Y, cache)
        return [gradients[f"d{name}"] for name in PARAMETERS]

    def with_more(X, Y, cache):
        return nets.backward_with_mistakes(X, Y, cache), X

    assert check_course(nets.forward_propagation_n, backward, X, Y, PARAMETERS).ok
    report = check_course(nets.forward_propagation_n, with_more, X, Y, PARAMETERS)
    assert wrong(report) == {"W2", "b1"}


def test_other_names_are_passed_in_the_order_of_the_course():
    forward = lambda a, b, c: nets.forward_propagation_n(a, b, c)  # noqa: E731
    backward = lambda data, what, kept: nets.backward_propagation_n(data, what, kept)  # noqa: E731
    assert check_course(forward, backward, X, Y, PARAMETERS).ok
    misspelt = lambda X, Y, paramerts: nets.forward_propagation_n(X, Y, paramerts)  # noqa: E731
    assert check_course(misspelt, nets.backward_propagation_n, X, Y, PARAMETERS).ok


def test_functions_receive_copies_and_leave_no_trace():
    def forward(X, Y, parameters):
        X *= 0.5
        np.random.seed(3)  # noqa: NPY002
        return nets.forward_propagation_n(X, Y, parameters)

    def backward(X, Y, cache):
        return nets.backward_propagation_n(X * 0.5, Y, cache)

    before = X.copy()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert check_course(forward, backward, X, Y, PARAMETERS).ok
    assert np.array_equal(X, before)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_the_central_difference_of_the_course():
    report = check_course(
        nets.forward_propagation_n,
        nets.backward_with_mistakes,
        X,
        Y,
        PARAMETERS,
        method="central",
        epsilon=1e-7,
    )
    assert "central" in report.method
    assert wrong(report) == {"W2", "b1"}


def test_a_long_step_of_the_central_difference_is_less_exact():
    forward, backward = nets.forward_propagation_n, nets.backward_propagation_n
    fine, coarse = (
        check_course(forward, backward, X, Y, PARAMETERS, method="central", epsilon=epsilon)
        for epsilon in (1e-5, 0.1)
    )
    assert coarse.difference > 100 * fine.difference
    with pytest.raises(ArgumentError, match="epsilon must be finite and > 0, got 0"):
        check_course(forward, backward, X, Y, PARAMETERS, epsilon=0)


def test_what_is_unclear_is_refused():
    with pytest.raises(ArgumentError, match="pass compute_cost=compute_cost"):
        check_course(nets.forward_propagation, nets.backward_propagation_n, X, Y, PARAMETERS)
    with pytest.raises(ArgumentError, match=r"array of shape .1, 3.: pass compute_cost"):
        check_course(lambda X, Y, parameters: X[:1], lambda X, Y: X, X, Y, PARAMETERS)
    with pytest.raises(ArgumentError, match=r"none of .* has an argument lambda_"):
        check_course(
            nets.forward_propagation_n, nets.backward_propagation_n, X, Y, PARAMETERS, lambda_=1
        )
    with pytest.raises(ArgumentError, match="the course does not know: hparameters"):
        check_course(
            lambda X, Y, parameters, hparameters: 0.0,
            nets.backward_propagation_n,
            X,
            Y,
            PARAMETERS,
        )


def test_without_a_seed_the_random_numbers_of_a_course_are_those_of_seed_0():
    def first_number(**seed):
        drawn = []

        def forward(theta):
            drawn.append(np.random.random())  # noqa: NPY002
            return theta**2

        assert check_course(forward, lambda theta: 2 * theta, None, None, 3.0, **seed).ok
        assert len(set(drawn)) == 1  # the same at each call
        return drawn[0]

    assert first_number() == first_number(seed=0) != first_number(seed=1)
