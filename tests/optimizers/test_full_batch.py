"""What LBFGS and ConjugateGradient share: no learning rate, no step of a single gradient."""

import copy
import pickle

import numpy as np
import pytest

from minidl import LBFGS, ArgumentError, ConjugateGradient, Cosine
from minidl.testing import check_optimizer

BOTH = pytest.mark.parametrize("kind", [LBFGS, ConjugateGradient])
CURVATURE = np.array([1.0, 10.0, 100.0])


def parabola(point):
    return float(CURVATURE @ point**2) / 2, CURVATURE * point


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_finds_the_minimum_of_a_parabola(kind, dtype):
    theta, points = np.array([3, -2, 1], dtype), []
    optimizer = kind()
    reason = optimizer.minimize(parabola, theta, lambda point: points.append(point) or True)
    assert "has converged: no element of the gradient is larger than 1e-05" in reason
    np.testing.assert_allclose(points[-1], 0, atol=1e-4)
    assert theta.tolist() == [3, -2, 1]
    assert optimizer.step_count == len(points) < 20
    assert optimizer.has_converged


@BOTH
def test_it_ends_when_it_is_told_to(kind):
    optimizer, theta = kind(), np.array([3.0, -2.0, 1.0])
    assert optimizer.minimize(parabola, theta, lambda point: optimizer.step_count < 3) == ""
    assert optimizer.has_converged is None
    assert optimizer.step_count == 3
    assert optimizer.minimize(parabola, theta, lambda point: False) == ""
    assert optimizer.step_count == 4
    assert optimizer.minimize(parabola, theta.copy(), lambda point: False) == ""
    assert optimizer.step_count == 1  # another vector


@BOTH
def test_a_tolerance_decides_when_it_has_converged(kind):
    reached = []
    for tolerance in (1.0, 1e-9):
        points = []
        kind(gradient_tolerance=tolerance).minimize(
            parabola, np.array([3.0, -2.0, 1.0]), lambda point, p=points: p.append(point) or True
        )
        reached.append(np.abs(CURVATURE * points[-1]).max())
    assert 1e-9 < reached[0] <= 1
    assert reached[1] <= 1e-9 or kind is LBFGS  # whose loss_tolerance may be reached before


@BOTH
def test_there_is_no_learning_rate(kind):
    optimizer = kind()
    for value in (0.1, Cosine(0.1, decay_steps=9)):
        words = f"{kind.__name__} takes no learning rate, got .*: a line search finds the size of"
        with pytest.raises(ArgumentError, match=words):
            optimizer.learning_rate = value
        with pytest.raises(ArgumentError, match="no argument 'learning_rate': a line search finds"):
            kind(learning_rate=value)
        with pytest.raises(ArgumentError, match="takes nothing by position"):
            kind(value)
    assert (optimizer.learning_rate, optimizer.schedule) == (1.0, None)


@BOTH
def test_a_step_of_one_gradient_is_refused(kind):
    with pytest.raises(ArgumentError, match=f"{kind.__name__} needs the objective at several poi"):
        kind().step(np.zeros(2), np.ones(2))
    with pytest.raises(ArgumentError, match="that makes a step of each gradient"):
        check_optimizer(kind)


@BOTH
@pytest.mark.parametrize("value", [-1, np.nan, None, "small"])
def test_the_tolerance_must_be_a_number_of_at_least_0(kind, value):
    with pytest.raises(ArgumentError, match="gradient_tolerance must be finite and >= 0, got"):
        kind(gradient_tolerance=value)


@BOTH
def test_copies_have_the_same_arguments_and_step_count(kind):
    optimizer = kind(gradient_tolerance=1e-3)
    optimizer.minimize(parabola, np.ones(3), lambda point: False)
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert repr(twin) == repr(optimizer)
        assert twin.hyperparameters() == optimizer.hyperparameters()
        assert (twin.gradient_tolerance, twin.step_count) == (1e-3, 1)
    optimizer.reset()
    assert optimizer.step_count == 0
