import numpy as np
import pytest

from minidl import Chain, Dropout, Flatten, Layer, Linear, ShapeError, Tanh
from minidl.layers.base import UnknownRank
from minidl.layers.shapes import output_shapes


class MeanOverTime(Layer):
    """(m, t, k) -> (m, k): a layer that takes no rows."""

    def forward(self, x, *, training=False):
        self.shape = x.shape
        return x.mean(axis=1)

    def backward(self, dy):
        return np.repeat(dy[:, np.newaxis] / self.shape[1], self.shape[1], axis=1)

    def output_shape(self, shape):
        if shape is None:
            return None
        _, features = shape
        return (features,)


class MeanOverFirst(MeanOverTime):
    """The same, but it does not look at the rank."""

    def output_shape(self, shape):
        return None if shape is None else shape[1:]


@pytest.mark.parametrize("axes", [(), (5,), (2, 3)])
def test_linear_acts_on_the_last_axis_of_any_shape(axes):
    layers = [Linear(4, 6), Tanh(), Dropout(0.5), Linear(6, 2)]
    shapes = output_shapes(layers, (*axes, 4))
    assert shapes == [(*axes, 6)] * 3 + [(*axes, 2)]
    assert not any(isinstance(shape, UnknownRank) for shape in shapes)


def test_flatten_after_linear_takes_all_positions():
    assert output_shapes([Linear(4, 6), Flatten(), Linear(30, 1)], (5, 4)) == [(5, 6), (30,), (1,)]


def test_before_data_is_known_only_the_last_axis_is():
    shapes = output_shapes([Linear(4, 6), Tanh(), Linear(6, 2)], None)
    assert shapes == [(6,), (6,), (2,)]
    assert all(isinstance(shape, UnknownRank) for shape in shapes)


@pytest.mark.parametrize(
    "layers",
    [
        [Linear(4, 6), Flatten(), Linear(30, 1)],
        [Linear(4, 6), MeanOverTime(), Linear(6, 1)],
        [Linear(4, 6), Tanh(), MeanOverTime(), Linear(6, 1)],
        [Linear(4, 6), MeanOverFirst(), Flatten(), Linear(6, 1)],
        [Chain(Linear(4, 6), MeanOverFirst()), Linear(6, 1)],
    ],
)
def test_layers_that_fit_for_sequences_are_not_refused_before_data_is_known(layers):
    assert output_shapes(layers, None)[-1] == (1,)
    assert output_shapes(layers, (5, 4))[-1] == (1,)
    with pytest.raises((ShapeError, ValueError)):
        output_shapes(layers, (4,))


@pytest.mark.parametrize(
    "layers",
    [
        [Linear(4, 6), Linear(5, 1)],
        [Linear(4, 6), Tanh(), Linear(5, 1)],
        [MeanOverTime(), Linear(4, 6), Linear(5, 1)],
    ],
)
def test_layers_that_fit_for_no_rank_are_refused(layers):
    with pytest.raises(ShapeError, match="expects 5 features, got 6 from layer"):
        output_shapes(layers, None)


def test_errors_name_the_layer_and_the_one_before():
    with pytest.raises(ShapeError, match=r"layer 1, Linear\(3, 1\), .* from layer 0, Linear\(4, 6"):
        output_shapes([Linear(4, 6), Linear(3, 1)], (7, 4))
    with pytest.raises(ShapeError, match=r"expects 4 features, got .* from X"):
        output_shapes([Linear(4, 6)], (4, 5))
