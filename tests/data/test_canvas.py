import numpy as np
import pytest

from minidl.data.canvas import SIDE, Canvas, box, ellipse, polygon, stroke


@pytest.mark.parametrize(
    ("coverage", "area"),
    [
        (ellipse((0.5, 0.5), (0.3, 0.3)), np.pi * 0.09),
        (polygon((0.5, 0.1), (0.9, 0.9), (0.1, 0.9)), 0.32),
        (box((0.4, 0.6), (0.2, 0.1)), 0.08),
        (stroke((0.2, 0.5), (0.8, 0.5), 0.1), 0.06 + np.pi * 0.0025),
    ],
    ids=["ellipse", "polygon", "box", "stroke"],
)
def test_a_shape_covers_its_area(coverage, area):
    assert coverage.shape == (SIDE, SIDE)
    assert coverage.min() >= 0
    assert coverage.max() == 1
    assert coverage.mean() == pytest.approx(area, rel=0.02)


def test_the_first_coordinate_points_right_and_the_second_down():
    coverage = box((0.75, 0.25), (0.2, 0.2))
    assert coverage[16, 48] == 1
    assert coverage[48, 16] == 0


def test_paint_replaces_what_is_covered_and_nothing_else():
    canvas = Canvas(np.random.RandomState(0))
    canvas.fill(np.array([0.2, 0.2, 0.2]), slope=0.0)
    canvas.paint(box((0.25, 0.5), (0.25, 0.6)), np.array([1.0, 0.0, 0.0]))
    image = canvas.to_image(noise=0.0)
    assert image.dtype == np.uint8
    assert image[30, 5].tolist() == [255, 0, 0]
    assert image[30, 60].tolist() == [51, 51, 51]


def test_random_draws_stay_within_their_bounds():
    canvas = Canvas(np.random.RandomState(0))
    draws = [canvas.uniform(-2.0, 3.0) for _ in range(500)]
    assert -2 <= min(draws) < -1.9
    assert 2.9 < max(draws) < 3
    colours = np.array([canvas.colour(0.5, tint=0.1) for _ in range(200)])
    assert 0.4 <= colours.min() < 0.41
    assert 0.59 < colours.max() <= 0.6


def test_colours_outside_of_the_range_are_clipped():
    canvas = Canvas(np.random.RandomState(0))
    canvas.fill(np.array([-1.0, 0.5, 2.0]), slope=0.0)
    image = canvas.to_image(noise=0.1)
    assert image[..., 0].max() == 0
    assert image[..., 2].min() == 255
    assert 100 < image[..., 1].min() < 128 < image[..., 1].max() < 155
