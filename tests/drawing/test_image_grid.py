"""Small images in rows."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from minidl import ArgumentError
from minidl.drawing.image_grid import choose, grey_about_zero, image_grid, is_image_shape


def test_zero_is_mid_grey_and_the_largest_number_black_or_white():
    values = np.array([[0.0, -4.0], [1.0, 2.0]])
    pixels, largest = grey_about_zero(values)
    assert pixels.tolist() == [[0.5, 0.0], [0.625, 0.75]]
    assert largest == 4.0
    pixels, largest = grey_about_zero(np.zeros((2, 2)))
    assert (pixels == 0.5).all()
    assert largest == 0.0


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3), True), ((2, 3, 1), True), ((2, 3, 3), True), ((2, 3, 2), False), ((3,), False)],
)
def test_shapes_of_images(shape, expected):
    assert is_image_shape(shape) is expected


def test_images_of_different_sizes_stand_side_by_side():
    images = [np.zeros((2, 3, 3)), np.ones((4, 4, 1)), np.full((1, 2), 0.5)]
    axes = image_grid(
        images, ["a", "b", "c"], white=1, columns=2, axes=None, function="f", title="Three of $x$"
    )
    assert [each.get_images()[0].get_array().shape for each in axes] == [(2, 3, 3), (4, 4), (1, 2)]
    assert [each.get_title() for each in axes] == ["a", "b", "c"]
    assert axes[0].get_gridspec().get_geometry() == (2, 2)
    assert axes[0].figure.get_suptitle() == "Three of $x$"
    assert not axes[0].figure._suptitle.get_parse_math()


def test_weights_are_chosen_by_norm_or_by_number():
    weights = np.array([[[3.0]], [[-4.0]], [[3.0]]])
    numbers, note = choose(weights, "norm", 2, "f")
    assert (numbers.tolist(), note) == ([1, 0], ", 2 of 3 with the largest norm")
    numbers, note = choose(weights, "index", 2, "f")
    assert (numbers.tolist(), note) == ([0, 1], ", the first 2 of 3")
    numbers, note = choose(weights, "norm", 9, "f")
    assert (numbers.tolist(), note) == ([1, 0, 2], "")
    with pytest.raises(ArgumentError, match='order must be "norm" or "index", got \'size\' in f'):
        choose(weights, "size", 2, "f")
