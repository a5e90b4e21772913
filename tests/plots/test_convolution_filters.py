"""The weights of convolutions as images."""

import numpy as np
import pytest
from plot_examples import titles

from minidl import ArgumentError, Conv1D, Conv2D, Linear, NonFiniteError, plots

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


def drawn(axes):
    return axes.get_images()[0].get_array()


def lines(axes):
    return [
        segment.tolist() for collection in axes.collections for segment in collection.get_segments()
    ]


def test_one_channel_is_grey_about_zero_and_fills_its_scale():
    layer = Conv2D(1, 3, 2)
    weight = np.zeros((3, 2, 2, 1))
    weight[0, 0, 1], weight[1, 1, 0] = 4.0, -0.5
    layer.weight.value = weight
    axes = plots.filters(layer)
    assert [drawn(each).tolist() for each in axes] == [
        [[0.5, 1.0], [0.5, 0.5]],
        [[0.5, 0.5], [0.0, 0.5]],
        [[0.5, 0.5], [0.5, 0.5]],
    ]
    assert titles(axes) == ["filter 0: ±4", "filter 1: ±0.5", "filter 2: ±0"]
    assert axes[0].get_images()[0].get_clim() == (0, 1)
    assert not lines(axes[0])
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == "Filters of Conv2D(1, 3, 2) (mid-grey: 0, brighter: positive, darker: negative)"


def test_three_channels_are_red_green_and_blue():
    layer = Conv2D(3, 1, (1, 2))
    layer.weight.value = [[[[1.0, 0.0, -2.0], [0.0, 2.0, 0.0]]]]
    (axes,) = plots.filters(layer)
    assert drawn(axes).tolist() == [[[0.75, 0.5, 0.0], [0.5, 1.0, 0.5]]]


def test_other_channels_are_squares_row_by_row_with_lines_between():
    layer = Conv2D(7, 1, (1, 2))
    layer.weight.value = np.arange(14.0).reshape(2, 7).T.reshape(7, 1, 2).transpose(1, 2, 0)[None]
    (axes,) = plots.filters(layer)
    values = 26 * np.ma.filled(drawn(axes), np.nan) - 13
    nan = np.nan
    np.testing.assert_allclose(
        values,
        [[0, 7, 1, 8, 2, 9], [3, 10, 4, 11, 5, 12], [6, 13, nan, nan, nan, nan]],
        atol=1e-6,
    )
    assert lines(axes) == [
        [[-0.5, 0.5], [5.5, 0.5]],
        [[-0.5, 1.5], [5.5, 1.5]],
        [[1.5, -0.5], [1.5, 2.5]],
        [[3.5, -0.5], [3.5, 2.5]],
    ]
    title = axes.figure.get_suptitle().replace("\n", " ")
    assert title.endswith("darker: negative; one square for each of 7 input channels)")


@pytest.mark.parametrize(
    ("channels", "rows", "columns"),
    [(2, 1, 2), (5, 1, 5), (6, 2, 3), (8, 2, 4), (13, 4, 4), (16, 4, 4), (32, 4, 8), (64, 8, 8)],
)
def test_squares_fill_their_rows_where_they_can(channels, rows, columns):
    (axes,) = plots.filters(Conv2D(channels, 1, 3))
    image = drawn(axes)
    assert image.shape == (3 * rows, 3 * columns)
    assert np.ma.count(image) == 9 * channels
    widths = {width for each in axes.collections for width in each.get_linewidths()}
    assert widths == {1 if channels <= 16 else 0.5}
    assert axes.get_xlim() == (-0.5, 3 * columns - 0.5)  # no line makes it wider


def test_the_first_filters_are_drawn_in_the_requested_columns():
    axes = plots.filters(Conv2D(1, 7, 3), order="index", max_images=6, columns=4)
    assert len(axes) == 6
    assert axes[0].get_gridspec().get_geometry() == (2, 4)
    assert ", the first 6 of 7 (" in axes[0].figure.get_suptitle().replace("\n", " ")
    axes = Figure().subplots(1, 2)
    assert plots.filters(Conv2D(2, 7, 3), axes=axes).tolist() == axes.tolist()


def test_the_filters_of_the_largest_norm_come_first():
    layer = Conv2D(1, 3, 1)
    layer.weight.value = [[[[1.0]]], [[[-4.0]]], [[[2.0]]]]
    axes = plots.filters(layer, max_images=2)
    assert titles(axes) == ["filter 1: ±4", "filter 2: ±2"]
    assert [drawn(each).tolist() for each in axes] == [[[0.0]], [[1.0]]]
    assert ", 2 of 3 with the largest norm (" in axes[0].figure.get_suptitle().replace("\n", " ")
    with pytest.raises(ArgumentError, match='order must be "norm" or "index", got 3 in filters'):
        plots.filters(layer, order=3)


def test_the_layer_does_not_change():
    layer = Conv2D(1, 2, 3)
    plots.filters(layer)
    assert layer.weight.memory is None  # a model may still draw its weights
    before = layer.weight.value.copy()
    plots.filters(layer)
    np.testing.assert_array_equal(layer.weight.value, before)


@pytest.mark.parametrize("layer", [Linear(2, 3), Conv1D(1, 2, 3), np.ones((2, 3, 3, 1)), Conv2D])
def test_refuses_what_is_no_conv2d(layer):
    with pytest.raises(ArgumentError, match=r"layer must be a Conv2D, got .*model.layers\[0\]"):
        plots.filters(layer)


def test_refuses_counts_and_weights_that_cannot_be_drawn():
    layer = Conv2D(1, 2, 1)
    with pytest.raises(ArgumentError, match="max_images must be an integer >= 1, got 0 in filters"):
        plots.filters(layer, max_images=0)
    with pytest.raises(ArgumentError, match="columns must be an integer >= 1, got 0 in filters"):
        plots.filters(layer, columns=0)
    layer.weight.value[1] = np.nan
    with pytest.raises(NonFiniteError, match=r"the weight of Conv2D\(1, 2, 1\) must be finite"):
        plots.filters(layer)
