import tracemalloc

import numpy as np
import pytest
from helpers import in_dtype
from hypothesis import given
from hypothesis import strategies as st
from onnx_agreement import assert_exported
from out_of_core_array import OutOfCoreArray
from token_layers import Tokens

from minidl import (
    Adam,
    ArgumentError,
    CategoricalCrossEntropy,
    Chain,
    Concat,
    DtypeError,
    Embedding,
    Flatten,
    GradientChecker,
    Linear,
    MeanSquaredError,
    Ones,
    Residual,
    Sequential,
    ShapeError,
    Softmax,
    Tanh,
    Xavier,
)
from minidl.model.inputs import prepare_examples
from minidl.testing import check_layer

TOKENS = np.array([[2, 0, 2], [2, 4, 0]])
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


def model(padding=None, dtype=np.float32):
    layers = [Embedding(6, 4, padding=padding), Flatten(), Linear(12, 2), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=3, dtype=dtype)


def batch(m, seed=0, size=6):
    return np.random.default_rng(seed).integers(0, size, (m, 3))


@given(
    shape=shapes,
    size=st.integers(1, 6),
    features=st.integers(1, 4),
    padded=st.booleans(),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64, np.complex128]),
    kind=st.sampled_from([np.int64, np.int32, np.uint8, np.uint64, np.float64]),
)
def test_the_rows_of_the_weights_by_a_loop(shape, size, features, padded, seed, dtype, kind):
    rng = np.random.default_rng(seed)
    padding = int(rng.integers(0, size)) if padded else None
    layer = in_dtype(Embedding(size, features, padding=padding), dtype)
    layer.weight.value = weight = rng.standard_normal((size, features)).astype(dtype)
    x = rng.integers(0, size, shape)
    dy = rng.standard_normal((*shape, features)).astype(dtype)
    y, grad = np.zeros((*shape, features), dtype), np.zeros((size, features), dtype)
    for place in np.ndindex(shape):
        if x[place] != padding:
            y[place] = weight[x[place]]
            grad[x[place]] += dy[place]
    actual = layer.forward(x.astype(kind))
    assert actual.dtype == dtype
    np.testing.assert_array_equal(actual, y)
    assert layer.backward(dy) is None
    tolerance = 1e-5 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(layer.weight.grad, grad, rtol=tolerance, atol=tolerance)


def test_a_token_that_is_used_often_has_the_sum_of_all_gradients():
    layer = Embedding(3, 1)
    layer.forward(np.zeros((100, 50), int))
    layer.backward(np.ones((100, 50, 1), np.float32))
    assert layer.weight.grad.tolist() == [[5000], [0], [0]]
    layer.backward(np.ones((100, 50, 1), np.float32))  # it is overwritten, not added to
    assert layer.weight.grad.tolist() == [[5000], [0], [0]]


@pytest.mark.parametrize("padding", [None, 0, 4])
@pytest.mark.parametrize("x", [TOKENS, TOKENS[0], TOKENS[:, np.newaxis]])
def test_the_checker_finds_no_mistake(padding, x):
    report = check_layer(Embedding(5, 3, padding=padding), x)
    assert report.ok, str(report)
    report = GradientChecker(model(padding)).check(batch(8), np.arange(8) % 2)
    assert report.ok, str(report)
    assert report.difference < 1e-12


class CountsOnce(Embedding):
    """A token that is used twice gets the gradient of one use."""

    def backward(self, dy):
        self.weight.grad[...] = 0
        self.weight.grad[self._tokens] += dy


class LearnsPadding(Embedding):
    def backward(self, dy):
        padding, self.padding = self.padding, None
        super().backward(dy)
        self.padding = padding


@pytest.mark.parametrize("kind", [CountsOnce, LearnsPadding])
def test_the_checker_finds_known_mistakes(kind):
    report = check_layer(kind(5, 3, padding=0), TOKENS)
    assert "weight" in {check.parameter for check in report.failures}


def test_padding_is_zero_at_first_and_remains():
    net = model(padding=2)
    weight = net.parameters["0.weight"].value
    assert (weight[2] == 0).all()
    assert np.count_nonzero(weight) == 5 * 4
    start = weight.copy()
    net.fit(batch(20), np.arange(20) % 2, optimizer=Adam(0.1), epochs=2, progress=False)
    assert (weight[2] == 0).all()
    assert (weight[[0, 1, 3, 4, 5]] != start[[0, 1, 3, 4, 5]]).all()
    net.parameters["0.weight"].value = np.ones((6, 4))
    assert (net.layers[0].forward(np.array([[2, 1]]))[0] == [[0] * 4, [1] * 4]).all()


def test_initial_weights():
    assert abs(Embedding(100, 100).weight.value.std() - 1) < 0.03
    assert abs(Embedding(100, 100, init=Xavier()).weight.value.std() - 1) < 0.03
    assert Embedding(3, 2, init=Ones()).weight.value.tolist() == [[1, 1]] * 3
    assert "init=Random(1.0)" in repr(Embedding(3, 2, padding=1).weight)


@pytest.mark.parametrize(
    ("x", "found"),
    [
        ([[1, 5]], r"got 5 at x\[0, 1\]"),
        ([[0], [-1]], r"got -1 at x\[1, 0\]"),
        ([2**40], r"got 1099511627776 at x\[0\]"),
        ([[7.0]], r"got 7\.0 at x\[0, 0\]"),
    ],
)
def test_tokens_out_of_range(x, found):
    with pytest.raises(
        ArgumentError,
        match=rf"Embedding\(5, 3\) takes tokens in \[0, 5\), {found}: number .* from 0, or raise",
    ):
        Embedding(5, 3).forward(np.array(x))


@pytest.mark.parametrize("number", [1.5, -0.5, np.nan, np.inf, -np.inf, 1e-9])
def test_numbers_that_are_not_whole(number):
    with pytest.raises(
        DtypeError, match=rf"Embedding\(5, 3\) takes tokens.*got {number} at x\[1, 0\].*use Linear"
    ):
        Embedding(5, 3).forward([[1.0], [number]])


@pytest.mark.parametrize("x", [[True], ["a"], [1j]])
def test_no_numbers_of_tokens(x):
    with pytest.raises(DtypeError, match=r"whole numbers, got an array of dtype .*: pass x.astype"):
        Embedding(5, 3).forward(x)


@pytest.mark.parametrize("wrong", [batch(4).astype(float), batch(4) / 2])
def test_a_model_refuses_floats_and_tokens_out_of_range(wrong):
    with pytest.raises(DtypeError, match=r"X must hold integers for layer 0, Embedding\(6, 4\)"):
        model().predict(wrong)
    with pytest.raises(ArgumentError, match=r"takes tokens in \[0, 6\), got 9 at x\[0, 0\]"):
        model().predict([[9, 1, 1]])


INSIDE = {
    "0": lambda layer: layer,
    "0.0": Chain,
    "0.1": lambda layer: Concat(Embedding(9, 4), layer, axis=1),
    "0.1.0": lambda layer: Concat(Embedding(9, 4), [layer, Tanh()], axis=1),
    "0.body.0": lambda layer: Residual(layer, Tanh(), shortcut=Embedding(9, 4)),
    "0.0.shortcut": lambda layer: Chain(Residual(Embedding(9, 4), shortcut=layer), Tanh()),
}


@pytest.mark.parametrize("wrap", [np.asarray, OutOfCoreArray], ids=["in memory", "in a file"])
@pytest.mark.parametrize("path", INSIDE)
def test_fit_refuses_a_wrong_token_anywhere_before_it_begins(path, wrap):
    outer = INSIDE[path](Embedding(6, 4))
    width = 24 if isinstance(outer, Concat) else 12
    network = Sequential([outer, Flatten(), Linear(width, 1)], loss=MeanSquaredError())
    before = network.parameters.theta.copy()
    X, Y = np.zeros((200, 3), int), np.zeros(200)
    X[199, 1] = 6
    options = {"optimizer": Adam(), "epochs": 1, "shuffle": False, "progress": False}
    message = (
        rf"layer {path}: Embedding\(6, 4\) takes tokens in \[0, 6\), got 6 at X\[199, 1\]: num"
    )
    with pytest.raises(ArgumentError, match=message):
        network.fit(wrap(X), Y, memory_limit=200_000, **options)
    with pytest.raises(ArgumentError, match=message):
        network.fit(X[:100], Y[:100], validation=(wrap(X), Y), **options)
    assert (network.parameters.theta == before).all()


def test_what_is_in_a_file_is_read_once_in_blocks_if_a_layer_asks():
    X = OutOfCoreArray(np.arange(6000).reshape(2000, 3) % 5)
    options = {"validate": True, "memory_limit": 40_000}
    prepare_examples(model().objective_function, X, **options)
    starts, stops = zip(*X.row_ranges, strict=True)
    assert starts == (0, *stops[:-1])
    assert stops[-1] == 2000
    assert 3 < len(stops) < 10
    X.array[1999, 2] = 7
    with pytest.raises(ArgumentError, match=r"layer 0: Emb.*got 7 at X\[1999, 2\]"):
        prepare_examples(model().objective_function, X, **options)
    X.row_ranges.clear()
    prepare_examples(model().objective_function, X, validate=False)
    tokens = Sequential([Tokens(5, 1)], loss=MeanSquaredError())
    prepare_examples(tokens.objective_function, X, **options)
    assert not X.row_ranges


def test_an_embedding_with_a_forward_of_its_own_takes_what_it_says():
    class Hashing(Embedding):
        def forward(self, x, *, training=False):
            return super().forward(x % self.vocabulary_size, training=training)

    network = Sequential([Hashing(6, 4), Flatten(), Linear(12, 1)], loss=MeanSquaredError())
    X = np.arange(12).reshape(4, 3)
    network.fit(X, np.zeros(4), optimizer=Adam(), epochs=1, progress=False)


@pytest.mark.parametrize(("number", "text"), [(0.5, "0.5"), (np.nan, "nan")])
def test_a_model_refuses_numbers_that_are_not_whole_by_their_place(number, text):
    X = batch(4).astype(float)
    X[3, 1] = number
    with pytest.raises(DtypeError, match=rf"got {text} at X\[3, 1\]: pass the numbers of the tok"):
        model().predict(X)


@pytest.mark.parametrize("value", [0, -1, 2.0, "3", None, True])
@pytest.mark.parametrize("name", ["vocabulary_size", "features"])
def test_sizes_must_be_positive_integers(name, value):
    sizes = {"vocabulary_size": 2, "features": 2, name: value}
    with pytest.raises(ArgumentError, match=rf"{name} must be an integer >= 1, got {value!r} in"):
        Embedding(**sizes)


def test_padding_must_be_a_token():
    with pytest.raises(ArgumentError, match=r"a token in \[0, 5\), got 5 in Embedding: raise"):
        Embedding(5, 3, padding=5)
    for padding in (-1, 1.0, True):
        with pytest.raises(ArgumentError, match="padding must be an integer >= 0, got"):
            Embedding(5, 3, padding=padding)


def test_a_gradient_of_another_shape_raises():
    layer = Embedding(5, 3)
    with pytest.raises(ShapeError, match="backward was called before forward"):
        layer.backward(np.ones((1, 3)))
    layer.forward(TOKENS)
    for shape in ((2, 3), (2, 3, 1), (6, 3)):
        with pytest.raises(ShapeError, match=r"of the last output, \(2, 3, 3\), got"):
            layer.backward(np.ones(shape))


def test_memory_is_reused_for_all_batch_sizes():
    """The sums of backward are the one array that each call makes anew."""
    layer = Embedding(300, 30, padding=0)
    x = batch(4000, size=300)
    dy = np.ones((4000, 3, 30), np.float32)
    limits = {"forward": 10_000, "backward": 300 * 30 * 4 + 4000 * 3 * 16}
    for m in (4000, 3000):
        layer.forward(x[:m])
        layer.backward(dy[:m])
    tracemalloc.start()
    for m in (4000, 3000):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        layer.forward(x[:m])
        forward = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.reset_peak()
        layer.backward(dy[:m])
        backward = tracemalloc.get_traced_memory()[1] - before
        assert forward < limits["forward"]
        assert backward < limits["backward"]
    tracemalloc.stop()


def test_shapes_formula_settings_and_repr():
    layer = Embedding(5, 3, padding=4)
    assert layer.output_shape((7,)) == (7, 3)
    assert layer.output_shape(()) == layer.output_shape(None) == (3,)
    assert str(layer) == "Embedding(5, 3, padding=4)"
    assert str(Embedding(5, 3)) == "Embedding(5, 3)"
    assert layer.settings() == {"vocabulary_size": 5, "features": 3, "padding": 4}
    assert layer.formula()[0] == "y = weight[x], 0 where x = 4"
    assert Embedding(5, 3).formula() == ("y = weight[x]", "d weight = one_hot(x).T @ dy, no dx")


@pytest.mark.parametrize("padding", [None, 5])
def test_a_saved_model_predicts_the_same(padding, tmp_path):
    net = model(padding)
    loaded = Sequential.load(net.save(tmp_path / "model.h5"))
    assert str(loaded.layers[0]) == str(net.layers[0])
    np.testing.assert_array_equal(loaded.predict(batch(5)), net.predict(batch(5)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("padding", [None, 2])
def test_onnx(padding, dtype, tmp_path):
    net = model(padding, dtype)
    net.parameters.theta = np.random.default_rng(1).standard_normal(net.parameters.size)
    assert_exported(net, batch(7), tmp_path)
