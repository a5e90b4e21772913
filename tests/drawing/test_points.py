"""Examples as points in the plane."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from minidl.drawing.points import MANY_POINTS, draw_points

X = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_each_class_has_its_points_its_colour_and_its_marker():
    drawn = list(draw_points(Figure().subplots(), X, np.array([1, 0, 1]), "ab", ["red", "blue"]))
    assert [name for _, name in drawn] == ["a", "b"]
    assert [artist.get_offsets().tolist() for artist, _ in drawn] == [[[2, 3]], [[0, 1], [4, 5]]]
    assert [artist.get_facecolor()[0].tolist() for artist, _ in drawn] == [
        [1, 0, 0, 1],
        [0, 0, 1, 1],
    ]
    first, second = (artist.get_paths()[0].vertices for artist, _ in drawn)
    assert len(first) != len(second)


def test_thousands_of_points_are_a_picture():
    for count in (MANY_POINTS, MANY_POINTS + 1):
        points = np.zeros((count, 2))
        ((artist, _),) = draw_points(Figure().subplots(), points, np.zeros(count), "a", ["red"])
        assert artist.get_rasterized() is (count > MANY_POINTS)
