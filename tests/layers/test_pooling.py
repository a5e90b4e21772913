"""What `MaxPool2D` and `AvgPool2D` share."""

import copy
import tracemalloc

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    AvgPool2D,
    Conv2D,
    Linear,
    MaxPool2D,
    MeanSquaredError,
    Sequential,
    ShapeError,
    SignatureError,
)
from minidl.layers import pooling
from minidl.layers.pooling import AxisWindows
from minidl.layers.windows import Windows

each = pytest.mark.parametrize("pool", [MaxPool2D, AvgPool2D])


@pytest.mark.parametrize("n", range(1, 8))
@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (2, 3, 1), (4, 1, 2)]
)
def test_taps_meet_the_pixels_of_their_windows(n, size, stride, padding):
    windows = Windows((1, size), (1, stride), (0, padding))
    if n + 2 * padding < size:
        return
    count = windows.output_size((1, n))[1]
    axis = AxisWindows(windows, 2, (1, n))
    met = {
        (tap, output, pixel)
        for tap, pixels, outputs in axis.taps()
        for output, pixel in zip(np.arange(count)[outputs[2]], np.arange(n)[pixels[2]], strict=True)
    }
    assert met == {
        (tap, i, i * stride + tap - padding)
        for i in range(count)
        for tap in range(size)
        if 0 <= i * stride + tap - padding < n
    }
    free = set(range(n)) - {pixel for _, _, pixel in met}
    assert free <= set(np.arange(n)[axis.pixels_to_clear()[2]])
    assert axis.overlap == (size > stride)


@each
def test_blocks_of_pictures_give_what_one_picture_gives(pool, monkeypatch):
    monkeypatch.setattr(pooling, "_BLOCK_BYTES", 3000)
    rng, layer = np.random.default_rng(0), pool(3, stride=2, padding=1)
    x = rng.standard_normal((7, 8, 9, 2))
    y = layer.forward(x).copy()
    dy = rng.standard_normal(y.shape)
    dx = layer.backward(dy).copy()
    assert len(layer.workspace["rows"]) == 2
    for i in range(len(x)):
        one = slice(i, i + 1)
        np.testing.assert_array_equal(layer.forward(x[one]), y[one])
        np.testing.assert_array_equal(layer.backward(dy[one]), dx[one])


@each
def test_batches_of_changing_size(pool):
    rng, layer = np.random.default_rng(0), pool(2, stride=1)
    for m, size in ((5, 6), (2, 6), (7, 4), (0, 4)):
        x = rng.standard_normal((m, size, size, 2))
        fresh = pool(2, stride=1)
        y = layer.forward(x)
        np.testing.assert_array_equal(y, fresh.forward(x))
        np.testing.assert_array_equal(layer.backward(y.copy()), fresh.backward(y.copy()))


@each
def test_the_second_step_allocates_no_array(pool):
    layer = pool((2, 3), stride=1)
    x = np.random.default_rng(0).standard_normal((64, 32, 32, 4)).astype(np.float32)
    dy = np.ones_like(layer.forward(x))
    layer.backward(dy)
    tracemalloc.start()
    layer.forward(x)
    layer.backward(dy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The working memory of one NumPy call is 8192 elements per operand. A boolean per pixel of the
    # pictures that are pooled at a time would be 120 kB.
    assert peak < 100_000


@each
def test_predict_knows_what_each_row_takes(pool):
    def kept(m):
        layer = pool((2, 4))
        y = layer.forward(np.zeros((m, 32, 33, 8), np.float32))
        return sum(array.nbytes for array in layer.workspace.values()), layer, y[0].nbytes

    (few, layer, output), (many, _, _) = kept(64), kept(96)  # more than are pooled at a time
    assert 0.8 * layer.inference_arrays < (many - few) / 32 / output <= layer.inference_arrays


@each
def test_arguments_are_never_modified_and_may_have_any_memory_order(pool):
    rng, layer = np.random.default_rng(0), pool(2)
    x = rng.standard_normal((3, 4, 5, 2))
    y = layer.forward(x).copy()
    dy = rng.standard_normal(y.shape)
    dx = layer.backward(dy).copy()
    x, dy = np.asfortranarray(x), np.asfortranarray(dy)
    x.flags.writeable = dy.flags.writeable = False
    np.testing.assert_array_equal(layer.forward(x), y)
    np.testing.assert_array_equal(layer.backward(dy), dx)


@each
def test_a_saved_model_is_the_same(pool, tmp_path):
    model = Sequential(
        [Conv2D(1, 2, 3), pool(3, stride=(1, 2), padding=1)], loss=MeanSquaredError()
    )
    X = np.random.default_rng(0).standard_normal((4, 6, 7, 1)).astype(np.float32)
    expected = model.predict(X)
    model.save(tmp_path / "model.h5")
    loaded = Sequential.load(tmp_path / "model.h5")
    assert str(loaded.layers[1]) == str(model.layers[1])
    np.testing.assert_array_equal(loaded.predict(X), expected)
    np.testing.assert_array_equal(copy.deepcopy(model).predict(X), expected)


@each
@pytest.mark.parametrize("text", ["2", "(2, 3)", "3, stride=2, padding=1", "2, stride=(1, 2)"])
def test_repr(pool, text):
    call = f"{pool.__name__}({text})"
    assert str(eval(call)) == call


@each
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel_size": 0}, "kernel_size must be an integer >= 1, or two of them"),
        ({"kernel_size": 2, "stride": 0}, "stride must be an integer >= 1, or two of them"),
        ({"kernel_size": 2, "padding": 1.0}, "padding must be an integer >= 0, or two of them"),
        ({"kernel_size": 3, "padding": 2}, r"at most half of kernel_size.*got 2 for 3 in"),
    ],
)
def test_arguments_are_checked(pool, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        pool(**arguments)


@each
def test_a_wrong_keyword_is_answered(pool):
    with pytest.raises(SignatureError, match="pool_size"):
        pool(pool_size=2)


@each
@pytest.mark.parametrize(
    ("shape", "message"),
    [((4, 4), r"expects pictures \(h, w, c\), got \(4, 4\)"), ((2, 4, 1), "at least 3 x 3 pixels")],
)
def test_a_shape_that_does_not_fit(pool, shape, message):
    with pytest.raises(ShapeError, match=message):
        pool(3).output_shape(shape)
    with pytest.raises(ShapeError, match=rf"{pool.__name__}\(3\) expects"):
        pool(3).forward(np.zeros((2, *shape)))


@each
def test_the_output_shape(pool):
    assert pool(2).output_shape((5, 7, 3)) == (2, 3, 3)
    assert pool(2).output_shape(None) is None
    unknown = Linear(2, 3).output_shape(None)
    assert pool(2).output_shape(unknown) is unknown


@each
def test_backward_needs_a_gradient_of_the_shape_of_the_output(pool):
    layer = pool(2)
    with pytest.raises(ShapeError, match=r"backward was called before forward"):
        layer.backward(np.zeros((1, 1, 1, 1)))
    layer.forward(np.zeros((1, 4, 4, 1)))
    with pytest.raises(ShapeError, match=r"the last output, \(1, 2, 2, 1\), got \(1, 1, 2, 1\)"):
        layer.backward(np.zeros((1, 1, 2, 1)))
