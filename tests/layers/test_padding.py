"""Padding, and the layers of which each position is one of an example, with skip_padding=True."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx_agreement import assert_exported
from recurrent_loops import drawn, length, padded

from minidl import (
    Adam,
    ArgumentError,
    CategoricalCrossEntropy,
    Embedding,
    GradientChecker,
    LayerNorm,
    Linear,
    PositionalEncoding,
    ReLU,
    Residual,
    SelfAttention,
    Sequential,
    ShapeError,
    Softmax,
)
from minidl.data import length_mask, pad_sequences
from minidl.layers.padding import find_padding, find_padding_of, without_padding
from minidl.testing import check_layer

LAYERS = [
    SelfAttention(3, skip_padding=True),
    SelfAttention(3, heads=3, causal=True, skip_padding=True),
    PositionalEncoding(3, skip_padding=True),
    LayerNorm(3, skip_padding=True),
]
RNG = np.random.default_rng(0)
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=str)

BY_TIME = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 0]], [[0, -1], [0, 0]], [[0, -0.0], [0, 0]]])


def test_padding_reaches_up_to_the_end():
    padding = find_padding(BY_TIME, {})
    assert padding.shape == (4, 2, 1)
    assert padding[:, 0, 0].tolist() == [False, False, False, True]
    assert padding[:, 1, 0].all()


def test_the_imaginary_part_does_not_count():
    np.testing.assert_array_equal(find_padding(BY_TIME + 1j, {}), find_padding(BY_TIME, {}))


def test_what_is_not_a_number_is_no_padding():
    assert not find_padding(np.full((1, 1, 1), np.nan), {}).any()


@given(
    sizes=st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=3
    ),
    seed=st.integers(0, 99),
)
def test_of_any_shape_with_one_workspace(sizes, seed):
    rng, workspace = np.random.default_rng(seed), {}
    for shape in sizes:
        x = rng.integers(0, 2, shape) * rng.integers(0, 2, shape)
        padding = find_padding(x, workspace)
        for k, i in np.ndindex(shape[:2]):
            assert padding[k, i, 0] == (not x[k:, i].any())


def test_examples_first():
    x = padded()
    by_time = find_padding(x.transpose(1, 0, 2).copy(), {})
    np.testing.assert_array_equal(find_padding_of(x, {}), by_time.transpose(1, 0, 2))
    is_padding = np.arange(6)[:, np.newaxis] >= [[[length(each)]] for each in x]
    np.testing.assert_array_equal(find_padding_of(x, {}), is_padding)


def test_a_gradient_without_padding_is_another_array():
    dy, padding = RNG.standard_normal((2, 2, 3)), np.array([[[False], [True]], [[False], [False]]])
    before = dy.copy()
    np.testing.assert_array_equal(without_padding(dy, padding, {}), dy * ~padding)
    np.testing.assert_array_equal(dy, before)
    assert without_padding(dy, None, {}) is dy


@each_layer
def test_sequences_are_as_without_their_padding(layer):
    """A sequence of padding alone, which comes first, is 0; nothing warns."""
    layer = drawn(layer)
    x, dy = padded(), RNG.standard_normal((5, 6, 3))
    assert not x[1, 5:].any()
    x[0] = 0
    with np.errstate(all="raise"):
        y, dx = layer.forward(x).copy(), layer.backward(dy).copy()
    together = {name: parameter.grad.copy() for name, parameter in layer.parameters().items()}
    total = dict.fromkeys(together, 0)
    for i, n in enumerate(map(length, x)):
        assert not y[i, n:].any()
        assert not dx[i, n:].any()
        alone = layer.forward(x[i : i + 1, :n])
        np.testing.assert_allclose(y[i, :n], alone[0], rtol=1e-12, atol=1e-14)
        dx_alone = layer.backward(dy[i : i + 1, :n])
        np.testing.assert_allclose(dx[i, :n], dx_alone[0], rtol=1e-12, atol=1e-14)
        for name, parameter in layer.parameters().items():
            total[name] = total[name] + parameter.grad
    for name, grad in together.items():
        np.testing.assert_allclose(grad, total[name], rtol=1e-11, atol=1e-13, err_msg=name)


def test_padding_asks_nothing_and_is_not_asked():
    layer = SelfAttention(3, heads=3, skip_padding=True)
    x = padded()
    layer.forward(x)
    n_steps = [length(each) for each in x]
    for a, n in zip(layer.attention, n_steps, strict=True):
        np.testing.assert_allclose(a[:, :n, :n].sum(axis=-1), 1, rtol=1e-6)
        assert np.count_nonzero(a) == 3 * n * n


@each_layer
def test_gradients(layer):
    report = check_layer(layer, padded(3, 4))
    assert report.ok, str(report)
    assert report.difference < 1e-12


@each_layer
def test_what_describes_a_layer(layer):
    assert str(layer).endswith("skip_padding=True)")
    assert type(layer)(**layer.settings()).settings() == layer.settings()
    assert all("at padding" in part for part in layer.formula())
    assert not any("padding" in part for part in type(layer)(3).formula())
    assert layer.output_shape((4, 3)) == (4, 3)
    with pytest.raises(ShapeError, match=r"expects sequences \(t, 3\), got \(3,\)"):
        layer.output_shape((3,))
    with pytest.raises(ShapeError, match=r"expects x of shape \(m, t, 3\), got \(2, 3\)"):
        layer.forward(np.zeros((2, 3)))
    with pytest.raises(ArgumentError, match="skip_padding must be True or False, got 'yes' in "):
        type(layer)(3, skip_padding="yes")


def transformer(dtype=np.float32):
    """Return a model of tokens, of which 0 is padding, that keeps the padding up to its end."""
    layers = [
        Embedding(5, 4, padding=0),
        PositionalEncoding(4, skip_padding=True),
        Residual(LayerNorm(4, skip_padding=True), SelfAttention(4, heads=2, skip_padding=True)),
        Residual(
            LayerNorm(4, skip_padding=True),
            Linear(4, 8, bias=False),
            ReLU(),
            Linear(8, 4, bias=False),
        ),
        SelfAttention(4, causal=True, skip_padding=True),
        Linear(4, 3),
        Softmax(),
    ]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), dtype=dtype)
    model.parameters.theta = np.random.default_rng(2).standard_normal(model.parameters.size)
    return model


TOKENS, LENGTHS = pad_sequences([[1, 2, 3], [4], [2, 1]])
Y = np.array([[0, 1, 2], [1, 0, 0], [2, 2, 0]])


def test_a_stack_does_not_see_padding(tmp_path):
    model, mask = transformer(np.float64), length_mask(LENGTHS, 3)
    longer = np.pad(TOKENS, ((0, 0), (0, 2)))
    expected = model.predict(TOKENS)
    np.testing.assert_allclose(model.predict(longer)[:, :3], expected, rtol=1e-12)
    report = GradientChecker(model).check(TOKENS, Y, sample_weight=mask, exhaustive=True)
    assert report.ok, str(report)
    model.fit(TOKENS, Y, sample_weight=mask, optimizer=Adam(0.01), epochs=2, progress=False)
    again = Sequential.load(model.save(tmp_path / "model.h5"))
    np.testing.assert_array_equal(again.predict(longer), model.predict(longer))
    assert not np.array_equal(model.predict(TOKENS), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_onnx_agrees(dtype, tmp_path):
    found = assert_exported(transformer(dtype), TOKENS, tmp_path, programs=["runtime"])
    assert found.count("ArgMax") == 5
