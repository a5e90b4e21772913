"""Sequences and images: losses, weights and layers of (m, ..., k), against loops over rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    GradientChecker,
    GradientDescent,
    Hinge,
    Huber,
    Linear,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Sequential,
    ShapeError,
    Sigmoid,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    one_hot,
)
from minidl.batching.batch import Batch
from minidl.batching.sample_weights import compute_sample_weight
from minidl.testing import check_layer, check_loss

LOSSES = {
    "categorical": (CategoricalCrossEntropy, Softmax),
    "categorical of logits": (lambda: CategoricalCrossEntropy(label_smoothing=0.1), Softmax),
    "binary": (BinaryCrossEntropy, Sigmoid),
    "squared": (MeanSquaredError, Tanh),
    "huber": (lambda: Huber(0.3), Tanh),
    "absolute": (MeanAbsoluteError, Tanh),
    "counts": (Poisson, Tanh),
    "categorical of named logits": (SoftmaxCrossEntropy, Tanh),
    "categorical scores": (Hinge, Tanh),
    "binary of named logits": (SigmoidCrossEntropy, Tanh),
    "binary scores": (Hinge, Tanh),
}
RTOL = {np.float32: 2e-4, np.float64: 1e-10}

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)  # (m, ...): ranks 2 to 4
each_loss = pytest.mark.parametrize("name", LOSSES)


def row_loss(name, loss, p, t):
    """Return the loss of one row of outputs, by its formula."""
    smoothing = getattr(loss, "label_smoothing", 0.0)
    if name == "categorical of named logits":
        p = np.exp(p) / np.exp(p).sum()
    if name == "binary of named logits":
        p = 1 / (1 + np.exp(-p))
    if name == "categorical scores":
        return max(0, 1 + p[t == 0].max() - p[t == 1][0])
    if name == "binary scores":
        return max(0, 1 - (2 * t[0] - 1) * p[0])
    if name == "absolute":
        return np.mean(np.abs(p - t))
    if name == "counts":
        return np.mean(np.exp(p) - t * p)
    if name.startswith("categorical"):
        t = (1 - smoothing) * t + smoothing / len(t)
        return -np.sum(t * np.log(p))
    if name.startswith("binary"):
        return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    d = p - t
    if name == "squared":
        return np.mean(d * d)
    delta = loss.delta
    quadratic = np.abs(d) <= delta
    return np.mean(np.where(quadratic, d * d / 2, delta * (np.abs(d) - delta / 2)))


def made(name, shape, seed, dtype):
    """Return a model, its inputs, and targets as they are passed and as rows."""
    rng = np.random.default_rng(seed)
    loss, last = LOSSES[name]
    k = int(rng.integers(1, 4)) + (name.startswith("categorical"))
    if name == "binary scores":
        k = 1
    layers = [Linear(3, 5), Tanh(), Linear(5, k), last()]
    model = Sequential(layers, loss=loss(), seed=seed, dtype=dtype)
    X = rng.standard_normal((*shape, 3)).astype(dtype)
    if name.startswith("categorical"):
        Y = rng.integers(0, k, shape)
        return model, X, Y, np.eye(k)[Y]
    if name.startswith("binary"):
        Y = rng.integers(0, 2, (*shape, k)).astype(float)
    elif name == "counts":
        Y = rng.poisson(2.0, (*shape, k)).astype(float)
    else:
        Y = rng.standard_normal((*shape, k))
    return model, X, Y, Y


def reference_loss(name, model, X, rows, weight=None):
    """Return the weighted mean loss by a loop over all positions, and the outputs."""
    total = count = 0.0
    shape = X.shape[:-1]
    weight = np.ones(shape) if weight is None else np.asarray(weight, float)
    weight = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
    weight = np.broadcast_to(weight, shape)
    for index in np.ndindex(shape):
        p = model.predict(X[index][np.newaxis])[0].astype(float)
        total += weight[index] * row_loss(name, model.loss, p, rows[index])
        count += weight[index]
    return total / count


@each_loss
@given(shape=shapes, seed=st.integers(0, 99), dtype=st.sampled_from([np.float32, np.float64]))
def test_losses_are_means_over_all_positions(name, shape, seed, dtype):
    model, X, Y, rows = made(name, shape, seed, dtype)
    expected = reference_loss(name, model, X, rows)
    assert model.evaluate(X, Y)["loss"] == pytest.approx(expected, rel=RTOL[dtype], abs=1e-6)
    assert model.objective(X, Y)["data"] == pytest.approx(expected, rel=RTOL[dtype], abs=1e-6)


@each_loss
@given(
    shape=shapes,
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
    per_position=st.booleans(),
)
def test_weighted_losses_are_weighted_means(name, shape, seed, dtype, per_position):
    model, X, Y, rows = made(name, shape, seed, dtype)
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 3, shape if per_position else shape[:1]).astype(float)
    weight.flat[0] = 1.0
    expected = reference_loss(name, model, X, rows, weight)
    results = model.evaluate(X, Y, sample_weight=weight)
    assert results["loss"] == pytest.approx(expected, rel=RTOL[dtype], abs=1e-6)


@each_loss
@given(shape=shapes, seed=st.integers(0, 99), weights=st.sampled_from(["none", "example", "each"]))
def test_gradients_by_the_complex_step(name, shape, seed, weights):
    model, X, Y, _ = made(name, shape, seed, np.float64)
    rng = np.random.default_rng(seed)
    weight = None
    if weights != "none":
        weight = rng.uniform(0, 2, shape if weights == "each" else shape[:1])
        weight.flat[0] = 1.0
        if weight.size > 1:
            weight.flat[1] = 0.0
    analytic = model.gradient(X, Y, sample_weight=weight)
    outputs = model.predict(X).shape[1:]
    y = model.loss.prepare_targets(Y, outputs[0] if len(outputs) == 1 else outputs, np.dtype(float))
    batch = Batch(X.astype(complex), y, compute_sample_weight(model.loss, y, weight))
    twin = model.objective_function.astype(complex)
    numeric = np.empty_like(analytic)
    for i in range(analytic.size):
        original = twin.parameters.theta[i]
        twin.parameters.theta[i] = original + 1e-30j
        numeric[i] = np.imag(twin.data_loss(batch).value) / 1e-30
        twin.parameters.theta[i] = original
    np.testing.assert_allclose(analytic, numeric, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in LOSSES if name.startswith("categorical")])
@given(shape=shapes, seed=st.integers(0, 99))
def test_sequences_give_what_their_rows_give(name, shape, seed):
    model, X, Y, _ = made(name, shape, seed, np.float64)
    rows, labels = X.reshape(-1, 3), Y.reshape(-1)
    np.testing.assert_allclose(model.predict(X).reshape(len(rows), -1), model.predict(rows))
    assert np.array_equal(model.predict_classes(X).reshape(-1), model.predict_classes(rows))
    assert model.predict_classes(X).shape == shape
    np.testing.assert_allclose(model.gradient(X, Y), model.gradient(rows, labels), atol=1e-14)
    results, expected = model.evaluate(X, Y), model.evaluate(rows, labels)
    assert results["accuracy"] == pytest.approx(expected["accuracy"])
    k = model.layers[2].out_features
    one_hot_rows = one_hot(labels, k).reshape(*shape, k)
    if len(shape) != 2 or shape[1] != 1:  # a column is taken as a vector
        assert np.array_equal(one_hot(Y, k), one_hot_rows)
    assert model.evaluate(X, one_hot_rows)["loss"] == pytest.approx(results["loss"])


@pytest.mark.parametrize("name", [name for name in LOSSES if name.startswith("categorical")])
def test_masked_positions_count_neither_above_nor_below(name):
    model, X, Y, _ = made(name, (6, 4), 0, np.float64)
    mask = np.ones((6, 4))
    mask[:, 3] = mask[2] = 0
    kept, labels = X[mask == 1], Y[mask == 1]
    results = model.evaluate(X, Y, sample_weight=mask)
    expected = model.evaluate(kept, labels)
    assert results["loss"] == pytest.approx(expected["loss"])
    assert results["accuracy"] == pytest.approx(expected["accuracy"])
    np.testing.assert_allclose(
        model.gradient(X, Y, sample_weight=mask), model.gradient(kept, labels), atol=1e-14
    )
    other, other_labels = X.copy(), Y.copy()
    other[mask == 0], other_labels[mask == 0] = 7.0, 0
    assert model.evaluate(other, other_labels, sample_weight=mask) == results
    history = model.fit(
        X,
        Y,
        optimizer=GradientDescent(1e-30),
        epochs=1,
        batch_size=4,
        sample_weight=mask,
        validation=(X, Y, mask),
        progress=False,
    )
    assert history["accuracy"][0] == pytest.approx(expected["accuracy"])
    assert history["val_accuracy"][0] == pytest.approx(expected["accuracy"])
    assert history["loss"][0] == pytest.approx(expected["loss"])
    assert history["val_loss"][0] == pytest.approx(expected["loss"])


@each_loss
@pytest.mark.parametrize("shape", [(4,), (3, 2), (2, 2, 2)])
@pytest.mark.parametrize("weights", ["none", "example", "position"])
def test_the_checker_proves_weighted_gradients_of_any_rank(name, shape, weights):
    model, X, Y, _ = made(name, shape, 1, np.float64)
    weight = None
    if weights != "none":
        weight = np.linspace(0, 2, int(np.prod(shape))).reshape(shape)
        weight = weight.reshape(len(weight), -1)[:, 0] + 1 if weights == "example" else weight
    report = GradientChecker(model).check(X, Y, sample_weight=weight)
    assert report.ok, str(report)
    assert report.mutation_score[0] == report.mutation_score[1]


@each_loss
@pytest.mark.parametrize("shape", [(4,), (3, 2), (2, 2, 2)])
def test_check_loss_takes_any_rank(name, shape):
    model, X, Y, _ = made(name, shape, 2, np.float64)
    assert check_loss(model.loss, model.predict(X), Y).ok


class Forgotten(Linear):
    """Sums the bias gradient over the examples only."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.bias.grad[...] = dy.sum(axis=0).reshape(-1, self.out_features)[0]
        return dx


@pytest.mark.parametrize("axes", [(3,), (2, 3)])
def test_check_layer_of_any_rank(axes):
    x = np.random.default_rng(0).standard_normal((4, *axes, 3))
    for layer in (Linear(3, 2), Tanh(), Sigmoid(), Softmax()):
        assert check_layer(layer, x).ok
    report = check_layer(Forgotten(3, 2), x)
    assert {check.parameter for check in report.failures if check.term == "layer"} == {"bias"}


@pytest.mark.parametrize("class_weight", [{0: 3.0, 2: 0.5}, "balanced"])
@pytest.mark.parametrize("weights", ["none", "example", "mask"])
def test_classes_are_weighted_per_position(class_weight, weights):
    model, _, Y, _ = made("categorical", (6, 4), 5, np.float64)
    k = model.layers[2].out_features
    targets = model.loss.prepare_targets(Y, (4, k), np.dtype(float))
    sample_weight = {
        "none": None,
        "example": np.arange(6.0),
        "mask": np.arange(4) < np.array([[4], [1], [2], [4], [3], [0]]),
    }[weights]
    weight = compute_sample_weight(model.loss, targets, sample_weight, class_weight)
    expected = np.ones((6, 4))
    if sample_weight is not None:
        expected *= sample_weight[:, np.newaxis] if sample_weight.ndim == 1 else sample_weight
    counted = expected > 0 if weights == "mask" else np.ones((6, 4), bool)
    for index in np.ndindex(6, 4):
        if class_weight == "balanced":
            expected[index] /= max(1, np.count_nonzero(counted & (Y[index] == Y)))
        else:
            expected[index] *= class_weight.get(int(Y[index]), 1.0)
    np.testing.assert_allclose(weight, expected / expected.mean())


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (np.ones((3, 3)), ShapeError, r"shape \(3,\), or \(3, 2\) with one per position"),
        (np.zeros((3, 2)), ArgumentError, "must not be all 0"),
        ([[1, 1], [1, -2], [1, 1]], ArgumentError, r"got -2 at sample_weight\[1, 1\]"),
    ],
)
def test_invalid_weights_of_positions_are_refused(weight, error, message):
    model, X, Y, _ = made("categorical", (3, 2), 0, np.float64)
    with pytest.raises(error, match=message):
        model.evaluate(X, Y, sample_weight=weight)
