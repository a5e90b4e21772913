"""LBFGS: its arguments. Its path is tested in tests/training/test_full_batch.py."""

import numpy as np
import pytest

from minidl import LBFGS, ArgumentError


def test_the_options_are_those_of_scipy():
    optimizer = LBFGS(memory=4, gradient_tolerance=0.1, loss_tolerance=0.2)
    assert optimizer.scipy_options() == {
        "maxcor": 4,
        "gtol": 0.1,
        "ftol": 0.2,
        "maxfun": 2**31 - 1,
    }
    assert repr(optimizer) == "LBFGS(memory=4, gradient_tolerance=0.1, loss_tolerance=0.2)"


@pytest.mark.parametrize("value", [0, -1, 2.5, None, True])
def test_the_memory_must_be_an_integer_of_at_least_1(value):
    with pytest.raises(ArgumentError, match=f"memory must be an integer >= 1, got {value}"):
        LBFGS(memory=value)


@pytest.mark.parametrize("value", [-1e-9, np.inf, "small"])
def test_the_loss_tolerance_must_be_a_number_of_at_least_0(value):
    with pytest.raises(ArgumentError, match="loss_tolerance must be finite and >= 0, got"):
        LBFGS(loss_tolerance=value)


def test_the_number_of_evaluations_may_be_limited():
    calls = []

    def bend(point):  # Rosenbrock's valley takes many iterations
        calls.append(1)
        x, y = point
        slope = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2, slope

    optimizer = LBFGS(max_evaluations=7)
    reason = optimizer.minimize(bend, np.array([-1.0, 1.0]), lambda point: True)
    assert reason.startswith(f"LBFGS has evaluated the objective {len(calls)} times")
    assert 7 < len(calls) < 12  # the iteration is completed
    assert optimizer.has_converged is False
    assert LBFGS().max_evaluations is None
    with pytest.raises(ArgumentError, match="max_evaluations must be an integer >= 1, got 0"):
        LBFGS(max_evaluations=0)
