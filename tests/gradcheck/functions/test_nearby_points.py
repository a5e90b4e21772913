"""Points near the parameters."""

import numpy as np
import pytest

from minidl.gradcheck.functions.nearby_points import (
    OTHER_MOVES,
    each_alone,
    moved,
    random_steps,
    scaled,
    sizes,
    symmetric,
    with_its_norms,
    with_its_sums,
)
from minidl.gradcheck.functions.pytree import ParameterTree

TREE = ParameterTree({"W": np.array([[3.0, 4.0], [4.0, -1.0]]), "b": np.zeros(2), "s": 2.0})
RNG = np.random.default_rng(0)
STEPS = 0.2 * random_steps(TREE.theta, TREE.leaves, RNG)


def test_elements_of_zero_have_the_size_of_their_array_or_of_all():
    tree = ParameterTree([np.array([0.0, 3.0, -4.0]), np.zeros(1)])
    size = sizes(tree.theta, tree.leaves)
    assert size[:3] == pytest.approx([5 / np.sqrt(3), 3, 4])
    assert size[3] == pytest.approx(2.5)
    assert sizes(np.zeros(1), tree.leaves[:1]).tolist() == [1.0]


def test_steps_are_about_as_large_as_the_elements_in_both_directions():
    steps = random_steps(np.ones(1000), ParameterTree(np.ones(1000)).leaves, RNG)
    assert 0.5 <= np.abs(steps).min() <= np.abs(steps).max() <= 1.5
    assert 300 < (steps > 0).sum() < 700


def test_positive_numbers_stay_positive():
    assert (moved(TREE.theta, TREE.leaves, STEPS, each_alone)[[0, 1, 2, 6]] > 0).all()


@pytest.mark.parametrize("move", [each_alone, *OTHER_MOVES])
def test_every_move_goes_somewhere_else(move):
    point = moved(TREE.theta, TREE.leaves, STEPS, move)
    assert (point[:4] != TREE.theta[:4]).any()
    assert np.isfinite(point).all()


def test_what_a_formula_may_rely_on_is_kept():
    W, steps = TREE.theta[:4].reshape(2, 2), STEPS[:4].reshape(2, 2)
    assert np.linalg.norm(with_its_norms(W, steps), axis=1) == pytest.approx([5, np.sqrt(17)])
    assert with_its_sums(W, steps).sum(axis=1) == pytest.approx([7, 3])
    assert np.array_equal(symmetric(W, steps), symmetric(W, steps).T)
    assert np.ptp(scaled(W, steps) / W) == pytest.approx(0)
    assert np.array_equal(scaled(np.zeros(2), np.ones(2)), np.zeros(2))
