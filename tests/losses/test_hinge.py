import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    Adam,
    ArgumentError,
    GradientChecker,
    Hinge,
    Linear,
    Sequential,
    ShapeError,
    one_hot,
    overfit_one_batch,
)
from minidl.testing import check_loss

F8 = np.dtype(np.float64)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3))


def loop(scores, number):
    """Return the loss of one example of class `number`, and its gradient."""
    gradient = np.zeros(len(scores))
    if len(scores) == 1:
        scores, gradient = [0.0, scores[0]], np.zeros(2)
    others = [j for j in range(len(scores)) if j != number]
    rival = max(others, key=lambda j: scores[j])
    slack = 1 + scores[rival] - scores[number]
    if slack > 0:
        gradient[rival], gradient[number] = 1, -1
    return max(0.0, slack), gradient


@given(m=st.integers(1, 6), k=st.integers(1, 5), seed=st.integers(0, 99))
def test_value_and_gradient_are_those_of_a_loop_over_the_examples(m, k, seed):
    rng = np.random.default_rng(seed)
    for dtype in (np.float32, np.float64):
        z = (2 * rng.standard_normal((m, k))).astype(dtype)
        numbers = rng.integers(0, max(k, 2), m)
        loss = Hinge()
        target = loss.prepare_targets(numbers, k, np.dtype(dtype))
        results = [loop(z[i].astype(float), numbers[i]) for i in range(m)]
        losses = [value for value, _ in results]
        value = loss.forward(z, target)
        assert value.dtype == dtype
        assert value == pytest.approx(np.mean(losses), rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(loss.per_example(), losses, rtol=1e-5, atol=1e-6)
        expected = np.array([gradient[-k:] for _, gradient in results]) / m
        gradient = loss.backward()
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, expected, rtol=1e-6)


def test_it_is_the_hinge_loss_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    z, numbers = 2 * RNG.standard_normal((12, 4)), RNG.integers(0, 4, 12)
    target = Hinge().prepare_targets(numbers, 4, F8)
    expected = metrics.hinge_loss(numbers, z, labels=range(4))
    assert Hinge().forward(z, target) == pytest.approx(expected, rel=1e-14)
    target = Hinge().prepare_targets(numbers % 2, 1, F8)
    expected = metrics.hinge_loss(numbers % 2, z[:, 0])
    assert Hinge().forward(z[:, :1], target) == pytest.approx(expected, rel=1e-14)


def test_at_the_kinks_there_are_subgradients():
    loss = Hinge()
    loss.forward(np.array([[1.0], [-1.0]]), np.array([[1.0], [0.0]]))
    np.testing.assert_array_equal(loss.backward(), 0)
    loss.forward(np.array([[2.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_array_equal(loss.backward(), 0)
    loss.forward(np.array([[0.0, 0.5, 0.5]]), np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_array_equal(loss.backward(), [[-1, 1, 0]])


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_checker_finds_no_mistake(k):
    numbers = np.arange(12) % max(k, 2)
    assert check_loss(Hinge(), 2 * RNG.standard_normal((12, k)), numbers).ok
    model = Sequential([Linear(3, 5), Linear(5, k)], loss=Hinge())
    report = GradientChecker(model).check(X, numbers, sample_weight=np.arange(12) % 3)
    assert report.ok, str(report)
    assert report.difference < 1e-13


def test_the_checker_allows_ties_of_scores():
    model = Sequential([Linear(3, 4)], loss=Hinge(), dtype=np.float64)
    model.parameters.theta = np.zeros(model.parameters.size)
    report = GradientChecker(model).check(X, np.arange(12) % 4)
    assert not report.failures, str(report)


@pytest.mark.parametrize("k", [1, 3])
def test_a_trained_model_predicts_the_class_of_the_largest_score(k, tmp_path):
    numbers = (X[:, 0] > 0) * 1 if k == 1 else X.argmax(axis=1)
    model = Sequential([Linear(3, k)], loss=Hinge(), dtype=np.float64)
    history = model.fit(
        X, numbers, optimizer=Adam(0.1), epochs=200, batch_size=None, progress=False
    )
    assert history["accuracy"][-1] == 1.0
    assert model.evaluate(X, numbers) == pytest.approx({"loss": 0.0, "accuracy": 1.0}, abs=1e-2)
    scores = model.predict(X)
    expected = scores[:, 0] > 0 if k == 1 else scores.argmax(axis=1)
    np.testing.assert_array_equal(model.predict_classes(X), expected)
    np.testing.assert_array_equal(model.predict_classes(X), numbers)
    loaded = Sequential.load(model.save(tmp_path / "model.h5"))
    assert type(loaded.loss) is Hinge
    np.testing.assert_array_equal(loaded.predict(X), scores)
    wrong = 1 - numbers if k == 1 else (numbers + 1) % 3
    assert model.evaluate(X, wrong)["accuracy"] == 0.0


def test_targets_are_class_numbers_or_one_hot_rows():
    loss = Hinge()
    rows = one_hot([2, 0], 3, dtype=F8)
    for Y in ([2, 0], [[2], [0]], rows):
        np.testing.assert_array_equal(loss.prepare_targets(Y, 3, F8), rows)
    for Y in ([1, 0], [[1], [0]]):
        np.testing.assert_array_equal(loss.prepare_targets(Y, 1, F8), [[1], [0]])
    sequences = loss.prepare_targets([[0, 1, 1], [1, 0, 0]], (3, 2), F8)
    assert sequences.shape == (2, 3, 2)
    np.testing.assert_array_equal(sequences[..., 1], [[0, 1, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    ("Y", "outputs", "error", "message"),
    [
        ([-1, 1], 1, ArgumentError, r"Y must be 0 or 1 for Hinge\(\), got -1: .*pass \(Y \+ 1\)"),
        ([0.5, 1], 1, ArgumentError, "Y must be 0 or 1 for Hinge.*got 0.5"),
        ([[0.5, 0.5]], 2, ArgumentError, "Y must be 0 or 1 for Hinge.*got 0.5"),
        ([[1, 1, 0]], 3, ArgumentError, "each row of Y must have one 1 .* got a sum of 2: pass"),
        ([[0, 0, 0]], 3, ArgumentError, "each row of Y must have one 1 .* got a sum of 0"),
        ([0, 3], 3, ArgumentError, "class labels must be integers from 0 to 2, got 3 in row 1"),
        ([0, 1], None, ShapeError, "number of classes is unknown"),
        ([[0, 1]], 3, ShapeError, r"Y must have shape \(m, 3\)"),
    ],
)
def test_other_targets_are_refused(Y, outputs, error, message):
    with pytest.raises(error, match=message):
        Hinge().prepare_targets(Y, outputs, F8)


def test_scores_are_no_probabilities():
    with pytest.raises(ArgumentError, match=r"Hinge\(\) does not predict probabilities: train"):
        Hinge().probabilities(np.array([[1.0]]))


@pytest.mark.parametrize("k", [1, 3])
def test_the_chance_level_is_that_of_equal_scores(k):
    model = Sequential([Linear(3, k)], loss=Hinge(), dtype=np.float64)
    model.parameters.theta = np.zeros(model.parameters.size)
    report = overfit_one_batch(model, X, np.arange(12) % max(2, k), optimizer=Adam(0.1), steps=2)
    assert report.chance_level_loss == report.first_loss == 1.0
