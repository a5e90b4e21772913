"""Pictures of networks over the plane."""

import numpy as np
import pytest

from minidl.play.pictures import COLOURS, FAINT, SIDE, STRONG, UNITS_PER_LAYER, Plane, draw
from minidl.play.points import PointSet, drawn_sets
from minidl.play.settings import Settings


def pixels(picture):
    """Return red, green, blue and opacity of each pixel, each from 0 to 255."""
    return np.ascontiguousarray(picture).view(np.uint8).reshape(*picture.shape, 4)


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def step(points):
    """Return a network that decides by the sign of the first feature alone."""
    model = Settings(widths=()).model(points)
    model.layers[0].weight.value = [[50.0, *([0.0] * (points.train[0].shape[1] - 1))]]
    return model


def test_classes_have_their_colours_and_are_fuller_where_they_are_sure(moons):
    plane = Plane((-1, -1), (1, 1), Plane.around(moons, (0, 1)).grid.copy())
    x = np.linspace(-1, 1, SIDE)
    plane.grid[:] = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    picture = pixels(draw(step(moons), plane).classes)
    assert picture[0, 0, :3].tolist() == rgb(COLOURS[0])
    assert picture[0, -1, :3].tolist() == rgb(COLOURS[1])
    assert picture[0, 0, 3] == picture[0, -1, 3] == STRONG
    assert FAINT <= picture[0, SIDE // 2, 3] < STRONG


def test_the_picture_of_three_classes_has_three_colours():
    points = drawn_sets()["blobs"]()
    model = Settings(widths=()).model(points)
    model.layers[0].weight.value = [[5.0, 0.0], [-5.0, 0.0], [0.0, 9.0]]
    picture = pixels(draw(model, Plane.around(points, (0, 1))).classes)
    colours = np.unique(picture[..., :3].reshape(-1, 3), axis=0).tolist()
    assert sorted(colours) == sorted(rgb(colour) for colour in COLOURS[:3])


def test_units_are_drawn_by_the_sign_of_what_they_sum(moons):
    model = Settings(widths=(2, 3), activation="relu", dropout=0.5).model(moons)
    model.layers[0].weight.value = [[1.0, 0.0], [0.0, 0.0]]
    model.layers[0].bias.value = [0.0, 1.0]
    units = draw(model, Plane.around(moons, (0, 1))).units
    assert [(unit.title, unit.n_units) for unit in units] == [
        ("layer 0, Linear(2, 2)", 2),
        ("layer 3, Linear(2, 3)", 3),
    ]
    left_to_right, constant = map(pixels, units[0].pictures)
    assert left_to_right[0, 0, :3].tolist() == rgb(COLOURS[0])
    assert left_to_right[0, -1, :3].tolist() == rgb(COLOURS[1])
    assert np.unique(constant.reshape(-1, 4), axis=0).tolist() == [[*rgb(COLOURS[1]), STRONG]]


def test_of_many_units_the_first_are_drawn(moons):
    (layer,) = draw(Settings(widths=(40,)).model(moons), Plane.around(moons, (0, 1))).units
    assert (layer.n_units, len(layer.pictures)) == (40, UNITS_PER_LAYER)


def test_a_network_that_is_not_finite_is_drawn_without_a_warning(moons):
    model = Settings(widths=(3,)).model(moons)
    model.parameters.theta[...] = np.nan
    assert draw(model, Plane.around(moons, (0, 1))).classes.shape == (SIDE, SIDE)


@pytest.mark.parametrize("features", [(0, 1), (2, 0)])
def test_the_plane_is_that_of_two_features_and_the_others_are_at_their_mean(features):
    X = np.array([[0.0, 5.0, -1.0], [10.0, 5.0, 1.0]])
    points = PointSet("x", ("a", "b"), ("p", "q", "r"), (X, X[:, :1]), (X, X[:, :1]))
    plane = Plane.around(points, features)
    across, up = features
    assert plane.grid[0, across] == np.float32(plane.low[0]) < X[:, across].min()
    assert plane.grid[-1, up] == np.float32(plane.high[1]) > X[:, up].max()
    (other,) = {0, 1, 2} - {*features}
    assert not plane.grid[:, other].any()
