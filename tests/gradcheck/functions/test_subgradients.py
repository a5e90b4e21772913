"""Gradients at ties: the convex hull of the gradients around them is what is right."""

import numpy as np
import pytest

from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.kinks import gradient_with_kinks
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.functions.subgradients import Subgradients
from minidl.gradcheck.numeric.differences import ComplexStep


def relu(z):
    return np.where(z.real > 0, z, 0)


def violations(f, point, gradient, *, exact=True):
    cost = CostFunction(f, ParameterTree(np.array(point, float)))
    rng = np.random.default_rng(0)
    numeric = gradient_with_kinks(cost, ComplexStep() if exact else cost.central, rng)
    before = {name: array.copy() for name, array in cost.arrays.items()}
    found = Subgradients(cost, exact=exact).violations(numeric, np.array(gradient, float), rng)
    for name, array in cost.arrays.items():
        assert np.array_equal(array, before[name])
    return found


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("gradient", "is_wrong"),
    [
        ([1, 0, 0], False),
        ([0, 1, 0], False),
        ([0.3, 0.7, 0], False),
        ([1, 1, 0], True),
        ([0, 0, 0], True),
        ([0.5, 0.4, 0], True),
    ],
)
def test_a_maximum_of_two(gradient, is_wrong, exact):
    f = (lambda p: p.max()) if exact else (lambda p: p.real.max())
    found = violations(f, [3, 3, 1], gradient, exact=exact)
    assert bool(found) == is_wrong
    for violation in found:
        assert set(violation.elements) == {0, 1}
        assert violation.closest.sum() == pytest.approx(1, abs=1e-3)


def test_a_maximum_of_four_shared_evenly():
    assert not violations(lambda p: p.max(), [2] * 4, [0.25] * 4)
    assert violations(lambda p: p.max(), [2] * 4, [1] * 4)


def test_a_tie_is_found_among_many_kinks():
    point = np.concatenate([np.zeros(30), [5, 5]])
    f = lambda p: relu(p[:30]).sum() + p[30:].max()  # noqa: E731
    gradient = np.zeros(32)
    gradient[30] = 1
    assert not violations(f, point, gradient)


@pytest.mark.parametrize("slope", [0.0, 1.0, 0.5])
def test_units_at_zero_with_any_convention_are_right(slope):
    rng = np.random.default_rng(3)
    W, v = rng.standard_normal((4, 3)), rng.standard_normal(4)

    def cost(p):
        return v @ relu(W @ p[:3] + p[3:])

    gradient = np.concatenate([slope * (v @ W), slope * v])
    found = violations(cost, np.zeros(7), gradient)
    # A unit alone shares its kink with its bias; that of all together is none for slopes of 0 or 1.
    assert all(min(violation.elements) < 3 for violation in found)


def test_sums_of_kinks_that_are_not_shared_are_right():
    f = lambda p: relu(p[0]) - relu(-p[1]) + np.abs(p[2].real)  # noqa: E731
    f_complex = lambda p: relu(p[0]) - relu(-p[1]) + p[2] * np.sign(p[2].real)  # noqa: E731
    assert not violations(f_complex, [0, 0, 0], [0, 0, 0])
    assert not violations(lambda p: f(p).real, [0, 0, 0], [1, 1, -1], exact=False)


def test_a_smooth_point_has_no_ties():
    assert violations(lambda p: (p**2).sum(), [1, 2], [5, 5]) == []
