import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import zoom

from minidl.utils.resampling import interpolate, resize

SIZES = st.integers(1, 12)


def picture(height, width, dtype=np.float64):
    return np.random.default_rng(0).uniform(size=(height, width, 3)).astype(dtype)


def bilinear(pixels, row, column):
    """The value at a place between four pixels, by its definition."""
    last = np.array(pixels.shape[:2]) - 1
    row, column = np.clip((row, column), 0, last)
    top, left = int(row), int(column)
    bottom, right = np.minimum((top + 1, left + 1), last)
    upper = pixels[top, left] * (left + 1 - column) + pixels[top, right] * (column - left)
    lower = pixels[bottom, left] * (left + 1 - column) + pixels[bottom, right] * (column - left)
    return upper * (top + 1 - row) + lower * (row - top)


def test_values_are_interpolated_between_four_pixels():
    pixels, out = picture(5, 4), np.empty((3, 6, 3))
    matrix, offset = np.array([[0.6, -0.4], [0.3, 0.7]]), np.array([0.7, -0.2])
    interpolate(pixels, matrix, offset, out)
    for i in range(3):
        for j in range(6):
            place = matrix @ (i, j) + offset
            np.testing.assert_allclose(out[i, j], bilinear(pixels, *place), atol=1e-14)


@given(SIZES, SIZES, SIZES, SIZES)
def test_an_enlarged_picture_is_that_of_scipy(height, width, more_rows, more_columns):
    pixels = picture(height, width)
    size = height + more_rows, width + more_columns
    factors = (*np.divide(size, pixels.shape[:2]), 1)
    expected = zoom(pixels, factors, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(resize(pixels, size), expected, atol=1e-12)


@given(SIZES, SIZES)
def test_the_same_size_gives_the_same_pixels(height, width):
    pixels = picture(height, width, np.float32)
    resized = resize(pixels, (height, width))
    assert resized.dtype == np.float32
    assert np.array_equal(resized, pixels)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_no_pixel_is_left_out_where_a_picture_shrinks(factor):
    """Each of the pixels that a pixel of the result covers has a part in it."""
    for row in range(factor):
        pixels = np.zeros((3 * factor, 1, 1))
        pixels[factor + row] = 1
        assert resize(pixels, (3, 1))[1, 0, 0] > 0.2 / factor


def test_stripes_of_one_pixel_become_grey():
    pixels = np.zeros((60, 60, 1))
    pixels[::2] = 1
    resized = resize(pixels, (20, 20))
    assert np.abs(resized - 0.5).max() < 0.1


def test_a_part_of_the_last_pixel_may_be_shown():
    ramp = np.arange(8.0).reshape(8, 1, 1)
    places = (np.arange(5) + 0.5) * 1.5 - 0.5
    resized = resize(ramp, (5, 1), extent=(7.5, 1))
    np.testing.assert_allclose(resized[:, 0, 0], places, atol=0.1)
