"""The map of a wrong gradient as pixels."""

import base64
import io
import re

import numpy as np
import pytest
from example_checks import bad

from minidl.gradcheck.block import Block
from minidl.gradcheck.report.error_picture import error_picture


def wrong(shape, place, **more):
    numeric = np.ones(shape)
    analytic = numeric.copy()
    analytic[place] = 2.0
    return bad(analytic=analytic, numeric=numeric, bar=np.full(shape, 1e-12), **more)


def pixels_of(made):
    image = pytest.importorskip("PIL.Image")
    content = base64.b64decode(re.search(r"base64,([^\"]+)", made)[1])
    with image.open(io.BytesIO(content)) as file:
        return np.asarray(file)


def test_the_wrong_column_alone_is_orange():
    made = error_picture(wrong((4, 6), np.s_[:, 3]))
    pixels = pixels_of(made)
    assert pixels.shape == (4, 6, 3)
    is_orange = pixels[..., 0] > pixels[..., 2]
    np.testing.assert_array_equal(is_orange, [[False, False, False, True, False, False]] * 4)
    assert 'alt="Map of layer 0 Linear(2, 1) weight: 4 of 24 elements wrong"' in made
    assert "4 x 6 elements, the first axis downward" in made
    assert 'width="144" height="96"' in made


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [((5,), (1, 5)), ((), (1, 1)), ((2, 3, 3, 4), (2, 36)), ((300, 2), (100, 2))],
)
def test_arrays_of_any_shape_have_a_map(shape, pixels):
    assert pixels_of(error_picture(wrong(shape, ...))).shape[:2] == pixels


def test_a_slightly_wrong_element_has_another_colour_than_a_right_one():
    check = wrong((1, 2), np.s_[0, 1])
    check.analytic = check.numeric + np.array([[0.9e-12, 1.1e-12]])
    right, slightly = pixels_of(error_picture(check))[0].astype(int)
    assert right[2] > right[0]
    assert slightly[0] > slightly[2]


def test_a_part_of_an_array_says_so():
    block = Block((np.arange(2), np.arange(3)), (100, 200), (None, None))
    assert "2 x 3 elements of 100 x 200" in error_picture(wrong((2, 3), np.s_[0, 0], block=block))


def test_probes_have_no_map():
    assert error_picture(bad()) == ""
    assert error_picture(wrong((0, 3), np.s_[:])) == ""
