import numpy as np
import pytest
from helpers import assert_gradients
from hypothesis import given
from hypothesis import strategies as st

from minidl import ArgumentError, Dropout, ShapeError


@given(
    m=st.integers(1, 5),
    width=st.integers(1, 5),
    keep=st.sampled_from([0.3, 0.8, 1]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_gradients_go_through_the_same_mask(m, width, keep, dtype):
    assert_gradients(
        Dropout(keep),
        np.random.default_rng(m).standard_normal((m, width)).astype(dtype),
        training=True,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_unit_is_dropped_or_scaled(dtype):
    x = np.full((40, 50), 3, dtype)
    y = Dropout(0.75).forward(x, training=True)
    assert y.dtype == dtype
    assert set(np.unique(y)) == {dtype(0), dtype(4)}


def test_the_fraction_kept_is_keep_prob():
    y = Dropout(0.8).forward(np.ones((1000, 100)), training=True)
    assert (y > 0).mean() == pytest.approx(0.8, abs=5 * np.sqrt(0.16 / 1e5))
    assert y.mean() == pytest.approx(1, abs=5 * np.sqrt(0.25 / 1e5))


def test_each_step_drops_other_units():
    layer = Dropout(0.5)
    first = layer.forward(np.ones((5, 20)), training=True).copy()
    assert not np.array_equal(first, layer.forward(np.ones((5, 20)), training=True))


def test_the_stream_decides_and_not_the_dtype():
    first, second = Dropout(0.5), Dropout(0.5)
    first.rng, second.rng = np.random.default_rng(3), np.random.default_rng(3)
    one = first.forward(np.ones((5, 20)), training=True)
    np.testing.assert_array_equal(one, second.forward(np.ones((5, 20), np.float32), training=True))


@pytest.mark.parametrize(("keep", "training"), [(0.5, False), (1, True)])
def test_off_it_lets_everything_pass(keep, training):
    layer = Dropout(keep)
    x, dy = np.ones((2, 3)), np.ones((2, 3))
    assert layer.forward(x, training=training) is x
    assert layer.backward(dy) is dy
    assert layer.rng is None


def test_off_after_training_lets_gradients_pass():
    layer = Dropout(0.5)
    layer.forward(np.ones((2, 30)), training=True)
    layer.forward(np.ones((2, 30)))
    np.testing.assert_array_equal(layer.backward(np.ones((2, 30))), 1)


def test_a_gradient_of_another_shape_raises_and_is_not_broadcast():
    layer = Dropout(0.5)
    layer.forward(np.ones((2, 3)), training=True)
    with pytest.raises(ShapeError, match=r"Dropout\(0\.5\)\.backward.*\(2, 3\), got \(1, 3\)"):
        layer.backward(np.ones((1, 3)))


@pytest.mark.parametrize("keep", [0, -0.1, 1.01, np.nan, np.inf, "0.5", None])
def test_keep_prob_must_be_above_0_and_at_most_1(keep):
    with pytest.raises(ArgumentError, match=r"keep_prob must be in \(0, 1\], got .* in Dropout"):
        Dropout(keep)


def test_shape_and_repr():
    assert Dropout(0.5).output_shape((3,)) == (3,)
    assert str(Dropout(0.5)) == "Dropout(0.5)"
