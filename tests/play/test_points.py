"""The sets of the page."""

import numpy as np
import pytest

from minidl.play.points import drawn_sets
from minidl.play.settings import BATCH_SIZES


@pytest.mark.parametrize("name", drawn_sets())
def test_a_set_is_drawn_with_its_validation_set_always_the_same(name):
    points = drawn_sets()[name]()
    assert points.name == name
    assert [len(x) for x, _ in (points.train, points.validation)] == [240, 80]
    assert points.train[0].shape[1] == len(points.features) == 2
    assert np.array_equal(points.train[0], drawn_sets()[name]().train[0])


@pytest.mark.parametrize(("name", "n_classes", "n_outputs"), [("moons", 2, 1), ("blobs", 3, 3)])
def test_two_classes_have_one_output(name, n_classes, n_outputs):
    points = drawn_sets()[name]()
    assert len(points.classes) == n_classes
    assert points.n_outputs == n_outputs


def test_no_mini_batch_is_left_with_one_example(moons):
    sizes = [size for size in BATCH_SIZES if size and size > 1]
    assert all(len(moons.train[0]) % size != 1 for size in sizes)
