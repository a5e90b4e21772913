"""The outputs of a layer for one image."""

import numpy as np
import pytest
from plot_examples import IMAGES, convolutions, titles

from minidl import (
    ArgumentError,
    Conv2D,
    DtypeError,
    Flatten,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Reshape,
    Sequential,
    ShapeError,
    plots,
)

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

IMAGE = IMAGES[0] / 255


def drawn(axes):
    return np.asarray(axes.get_images()[0].get_array())


def scaling_model(*factors, relu=False):
    """Return a model of pictures of one channel, whose layer 0 multiplies it by each factor."""
    layers = [Conv2D(1, len(factors), 1), *[ReLU()] * relu, Flatten(), Linear(4 * len(factors), 1)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    layers[0].weight.value = np.reshape(factors, (-1, 1, 1, 1))
    layers[0].bias.value[...] = 0
    return model


PICTURE = np.array([[[0.0], [0.25]], [[0.5], [1.0]]])


def test_outputs_with_signs_are_grey_about_zero_beside_the_input():
    axes = plots.feature_maps(scaling_model(2.0, -8.0), PICTURE, 0)
    assert titles(axes) == ["input", "channel 0: ±2", "channel 1: ±8"]
    np.testing.assert_array_equal(drawn(axes[0]), PICTURE[..., 0])
    np.testing.assert_allclose(drawn(axes[1]), [[0.5, 0.625], [0.75, 1.0]])
    np.testing.assert_allclose(drawn(axes[2]), [[0.5, 0.375], [0.25, 0.0]])
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == (
        "Outputs of layer 0, Conv2D(1, 2, 1) (mid-grey: 0, brighter: positive, darker: negative)"
    )


def test_a_small_negative_number_has_a_sign_too():
    axes = plots.feature_maps(scaling_model(-0.5), PICTURE, 0)
    assert titles(axes)[1] == "channel 0: ±0.5"
    np.testing.assert_allclose(drawn(axes[1]), [[0.5, 0.375], [0.25, 0.0]])


def test_all_channels_have_one_meaning_of_black():
    axes = plots.feature_maps(scaling_model(2.0, -8.0), PICTURE, 0, max_images=1)
    assert titles(axes) == ["input", "channel 0: ±2"]  # although this one has no negative number


def test_outputs_without_signs_are_black_at_zero():
    axes = plots.feature_maps(scaling_model(2.0, -8.0, relu=True), PICTURE, "1")
    assert titles(axes) == ["input", "channel 0: 0 to 2", "channel 1: 0"]
    np.testing.assert_allclose(drawn(axes[1]), PICTURE[..., 0])
    assert not drawn(axes[2]).any()
    assert {each.get_images()[0].get_clim() for each in axes} == {(0, 1)}
    assert axes[0].figure.get_suptitle() == "Outputs of layer 1, ReLU() (black: 0)"


@pytest.mark.parametrize(
    ("image", "pixels", "title"),
    [
        (IMAGES[0], IMAGE, "input"),
        (IMAGE, IMAGE, "input"),
        (4 * IMAGE - 2, IMAGE, "input: -2 to 2"),
        (np.full((8, 8, 3), 7.0), np.zeros((8, 8, 3)), "input: 7 to 7"),
    ],
)
def test_the_input_is_drawn_from_black_to_white(image, pixels, title):
    image = image.copy()
    if "-2" in title:
        image[0, 0, :2] = -2, 2
        pixels = (image + 2) / 4
    axes = plots.feature_maps(convolutions(), image, 0)
    np.testing.assert_allclose(drawn(axes[0]), pixels)
    assert axes[0].get_title() == title


def test_an_input_that_is_reshaped_first_is_drawn_in_that_shape():
    layers = [Reshape((2, -1, 1)), Conv2D(1, 2, 1), Flatten(), Linear(8, 1)]
    model = Sequential(layers, loss=MeanSquaredError())
    axes = plots.feature_maps(model, [0.0, 0.25, 0.5, 1.0], 1)
    assert [title.split(":")[0] for title in titles(axes)] == ["input", "channel 0", "channel 1"]
    np.testing.assert_array_equal(np.squeeze(axes[0].images[0].get_array()), [[0, 0.25], [0.5, 1]])


def test_an_input_that_is_no_image_is_left_out():
    layers = [Reshape((2, 1, 2)), Conv2D(2, 2, 1), Flatten(), Linear(4, 1)]
    model = Sequential(layers, loss=MeanSquaredError())
    axes = plots.feature_maps(model, [0.0, 1.0, 2.0, 3.0], 1)
    assert [title.split(":")[0] for title in titles(axes)] == ["channel 0", "channel 1"]


def test_a_layer_by_its_path():
    axes = plots.feature_maps(convolutions(), IMAGE, "2.body.0")
    assert "layer 2.body.0, " in axes[0].figure.get_suptitle()


def test_the_first_channels_are_drawn_on_the_axes():
    axes = plots.feature_maps(convolutions(), IMAGE, 0, max_images=1, columns=4)
    assert len(axes) == 2
    assert axes[0].get_gridspec().get_geometry() == (1, 4)
    assert "Conv2D(3, 2, 3), 1 of 2 (" in axes[0].figure.get_suptitle().replace("\n", " ")
    axes = Figure().subplots(1, 2)
    assert plots.feature_maps(convolutions(), IMAGE, 0, axes=axes).tolist() == axes.tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": Conv2D(3, 2, 3)}, ArgumentError, "model must be a Sequential, got Conv2D"),
        ({"layer": 5}, ArgumentError, r"index from -5 to 4, or the path .*got 5 .*summary\(\)"),
        (
            {"layer": 3},
            ShapeError,
            r"layer must give outputs \(height, width, channels\), but layer 3, Flatten\(\), "
            r"gives \(72,\) in feature_maps: pass a Conv2D",
        ),
        ({"layer": -1}, ShapeError, r"layer 4, Linear\(72, 1\), gives \(1,\)"),
        (
            {"image": IMAGES[:1] / 255},
            ShapeError,
            r"image must be one example .*got shape \(1, 8, 8, 3\) in feature_maps: layer 0",
        ),
        ({"image": 1.0}, ShapeError, "image must"),
        ({"image": "cat"}, DtypeError, "image must"),
        ({"image": np.full((8, 8, 3), np.inf)}, NonFiniteError, "image must be finite"),
        ({"max_images": 0}, ArgumentError, "max_images must be an integer >= 1, got 0"),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        plots.feature_maps(**{"model": convolutions(), "image": IMAGE, "layer": 0} | arguments)


def test_refuses_outputs_that_are_not_finite():
    model = convolutions()
    model.layers[0].bias.value[...] = np.inf
    with pytest.raises(NonFiniteError, match=r"but layer 1, ReLU\(\), gives NaN or infinity in"):
        plots.feature_maps(model, IMAGE, 1)
