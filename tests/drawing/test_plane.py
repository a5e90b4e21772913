"""Regions of classes in the plane, and the lines between them."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from minidl.drawing.plane import (
    CERTAIN,
    GRID_POINTS,
    Plane,
    draw_classes,
    plane_around,
    smooth_scores,
)

UNIT = Plane(np.linspace(-1, 1, GRID_POINTS), np.linspace(-1, 1, GRID_POINTS))
THIRDS = np.pi * np.array([0.5, 7 / 6, 11 / 6])


def towards(angles):
    return UNIT.points() @ np.stack([np.cos(angles), np.sin(angles)])


def segments(scores, colours="rgb", **options):
    axes = Figure().subplots()
    draw_classes(axes, UNIT, scores, colours, **{"shade": False} | options)
    return [
        corners
        for artist in axes.collections
        if isinstance(artist, LineCollection)
        for corners in artist.get_segments()
    ]


def test_the_plane_has_a_margin_and_room_for_a_legend():
    plane = plane_around(np.array([[0.0, 0.0], [10.0, 1.0]]))
    assert (plane.x[0], plane.x[-1]) == pytest.approx((-1, 11))
    assert (plane.y[0], plane.y[-1]) == pytest.approx((-0.1, 1.25))
    assert plane.points()[:2].tolist() == [[plane.x[0], plane.y[0]], [plane.x[1], plane.y[0]]]


def test_each_boundary_is_one_line_and_three_meet_in_a_point():
    scores = smooth_scores(towards(THIRDS), 3, are_probabilities=False)
    drawn = segments(scores)
    lengths = [np.hypot(*np.diff(line, axis=0).T).sum() for line in drawn]
    assert sum(lengths) == pytest.approx(1 + 2 / np.cos(np.pi / 6), abs=0.03), "none is there twice"
    corners = np.concatenate(drawn)
    at_edge = corners[np.abs(corners).max(axis=1) > 1 - 1e-9]
    angles = np.sort(np.arctan2(*at_edge.T[::-1]) % (2 * np.pi))
    np.testing.assert_allclose(angles, np.pi * np.array([1 / 6, 5 / 6, 1.5]), atol=0.01)


def test_probabilities_as_sharp_as_float32_have_their_boundary_between_the_points():
    slope, place = 400.0, 0.2345 * (UNIT.x[1] - UNIT.x[0])
    p = 1 / (1 + np.exp(-slope * (UNIT.points()[:, 0] - place)))
    values = np.stack([1 - p, p], axis=1).astype(np.float32).astype(float)
    (line,) = segments(smooth_scores(values, 2, are_probabilities=True))
    np.testing.assert_allclose(line[:, 0], place, atol=1e-3)  # a step of the grid is 8e-3


def test_scores_in_steps_are_smoothed_and_others_are_not():
    x = UNIT.points()[:, 0]
    numbers = smooth_scores((x > 0).astype(int), 2, are_probabilities=False)
    assert len(np.unique(numbers[0][0].round(6))) > 4
    shares = np.stack([x < 0, x >= 0], axis=1).astype(float)
    steps = smooth_scores(shares, 2, are_probabilities=True)
    assert steps.min() == -CERTAIN
    assert len(np.unique(steps[0][0].round(6))) > 4
    scores = towards(THIRDS)
    smooth = smooth_scores(scores, 3, are_probabilities=False)
    np.testing.assert_array_equal(smooth.reshape(3, -1), scores.T)


def test_a_class_that_is_nowhere_predicted_has_no_region_and_one_class_has_no_line():
    never = np.stack([np.ones((GRID_POINTS, GRID_POINTS)), np.zeros((GRID_POINTS, GRID_POINTS))])
    assert segments(never, "rg") == []
    assert segments(np.zeros_like(never), "rg") == []
