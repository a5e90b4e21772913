"""What scikit-learn tests of the solvers and the stopping of its networks, asked of minidl's."""

import math

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import MinMaxScaler, scale

from minidl import ArgumentError, Callback, MinidlError
from minidl.sklearn import MinidlClassifier, MinidlRegressor


def _digits(n_classes):
    rows, labels = load_digits(n_class=n_classes, return_X_y=True)
    return MinMaxScaler().fit_transform(rows[:200]), labels[:200]


TWO, THREE = _digits(2), _digits(3)
IRIS = load_iris(return_X_y=True)
REGRESSION = make_regression(200, 10, bias=20.0, noise=100.0, random_state=7)
REGRESSION = REGRESSION[0], scale(REGRESSION[1])
FEW, FEW_LABELS = [[3, 2], [1, 6]], [1, 0]
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
digits = pytest.mark.parametrize("data", [TWO, THREE], ids=["two", "three"])
kinds = pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])
activations = pytest.mark.parametrize("activation", ACTIVATIONS)


class Start(Callback):
    """Sets the parameters at the start of a training."""

    def __init__(self, theta):
        self.theta = theta

    def on_train_begin(self, run):
        run.model.parameters.theta[:] = self.theta


def weights(estimator):
    return [layer.weight.value for layer in estimator.model_.layers if hasattr(layer, "weight")]


def test_a_larger_alpha_makes_smaller_weights():
    free, bound = (
        MinidlClassifier(10, alpha=alpha, random_state=1).fit(TWO[0][:100], TWO[1][:100])
        for alpha in (0, 1)
    )
    for large, small in zip(weights(free), weights(bound), strict=True):
        assert np.abs(large).sum() > np.abs(small).sum()


def test_one_step_is_that_of_a_calculation_by_hand():
    x, first, second = np.array([0.6, 0.8, 0.7]), [[0.1, 0.3, 0.5], [0.2, 0.1, 0.0]], [0.1, 0.2]
    start = np.array([*first[0], *first[1], 0.1, 0.1, *second, 1.0])
    estimator = MinidlClassifier(
        2,
        "logistic",
        solver="sgd",
        learning_rate_init=0.1,
        momentum=0,
        alpha=0.1,
        callbacks=Start(start),
    ).partial_fit([x], [0], classes=[0, 1])
    hidden = 1 / (1 + np.exp(-(np.array(first) @ x + 0.1)))
    error = 1 / (1 + np.exp(-(hidden @ second + 1)))  # the probability of class 1, not 0
    hidden_error = error * np.array(second) * hidden * (1 - hidden)
    expected = start - 0.1 * np.concatenate(
        [
            (np.outer(hidden_error, x) + 0.1 * np.array(first)).ravel(),
            hidden_error,
            error * hidden + 0.1 * np.array(second),
            [error],
        ]
    )
    np.testing.assert_allclose(estimator.model_.parameters.theta, expected, rtol=1e-12)
    assert estimator.predict_proba([x])[0, 1] == pytest.approx(0.739, abs=1e-3)


@digits
@activations
def test_lbfgs_learns_digits(data, activation):
    rows, labels = data
    estimator = MinidlClassifier(50, activation, solver="lbfgs", max_iter=150, random_state=1).fit(
        rows[:150], labels[:150]
    )
    assert estimator.score(rows[:150], labels[:150]) > 0.95
    assert estimator.predict(rows[150:]).dtype == labels.dtype


@activations
def test_lbfgs_learns_values(activation):
    estimator = MinidlRegressor(50, activation, solver="lbfgs", tol=1e-3, random_state=1)
    assert estimator.fit(*REGRESSION).score(*REGRESSION) > (
        0.8 if activation == "identity" else 0.98
    )


@kinds
@activations
def test_evaluations_are_limited(kind, activation):
    data = TWO if kind is MinidlClassifier else REGRESSION
    estimator = kind(50, activation, solver="lbfgs", tol=0.0, max_fun=10, random_state=1)
    with pytest.warns(ConvergenceWarning):
        estimator.fit(*data)
    assert 0 < estimator.n_iter_ <= 10


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_the_learning_rate_of_a_warm_start(learning_rate):
    options = {"solver": "sgd", "learning_rate": learning_rate, "power_t": 0.25, "max_iter": 1}
    estimator = MinidlClassifier(4, warm_start=True, **options)
    rows, labels = [[3, 2], [1, 6], [5, 6], [-2, -4]], [1, 1, 1, 0]
    rates = [estimator.fit(rows, labels).optimizer_.learning_rate for _ in range(2)]
    if learning_rate == "constant":
        assert rates == [1e-3, 1e-3]
    else:
        assert rates == [1e-3 / 5**0.25, 1e-3 / 9**0.25]


def test_several_outputs():
    data = make_regression(200, n_targets=5, random_state=11)
    estimator = MinidlRegressor(50, solver="lbfgs", tol=1e-2, random_state=1)
    assert estimator.fit(*data).score(*data) > 0.9


@digits
def test_partial_fits_of_labels_are_a_fit(data):
    options = {"solver": "sgd", "alpha": 1e-5, "learning_rate_init": 0.2, "random_state": 1}
    whole = MinidlClassifier(max_iter=100, tol=0, **options).fit(*data)
    parts = MinidlClassifier(**options)
    for _ in range(whole.n_iter_):
        parts.partial_fit(*data, classes=np.unique(data[1]))
    np.testing.assert_array_equal(parts.predict(data[0]), whole.predict(data[0]))
    assert parts.score(*data) > 0.95


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_partial_fits_of_values_are_a_fit(momentum):
    options = {"solver": "sgd", "learning_rate_init": 0.01, "batch_size": 200, "random_state": 1}
    whole = MinidlRegressor(max_iter=100, momentum=momentum, **options).fit(*REGRESSION)
    parts = MinidlRegressor(momentum=momentum, **options)
    for _ in range(whole.n_iter_):
        parts.partial_fit(*REGRESSION)
    np.testing.assert_allclose(parts.predict(REGRESSION[0]), whole.predict(REGRESSION[0]))
    assert parts.score(*REGRESSION) > 0.65


def test_partial_fits_know_all_classes():
    estimator = MinidlClassifier(random_state=0)
    estimator.partial_fit([[1], [2], [3]], [*"abc"], classes=[*"abcd"]).partial_fit([[4]], ["d"])
    assert estimator.score([[1], [2], [3], [4]], [*"abcd"]) > 0
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        estimator.partial_fit([[1]], ["a"], classes=[*"abc"])
    with pytest.raises(ValueError, match="at least two classes"):
        MinidlClassifier(solver="sgd").partial_fit(FEW, FEW_LABELS, classes=[2])
    assert not hasattr(MinidlClassifier(solver="lbfgs"), "partial_fit")


def test_parameters_that_are_not_finite_are_an_error():
    rng = np.random.default_rng(0)
    rows = np.finfo(np.float64).max * rng.uniform(size=(10, 2))
    with pytest.raises(ValueError, match=r"training must stay finite.*scale the inputs"):
        MinidlRegressor().fit(rows, rng.standard_normal(10))


def test_shuffling_matters_and_is_reproducible():
    data = make_regression(50, 5, random_state=0)
    options = {"hidden_layer_sizes": 1, "max_iter": 1, "batch_size": 1, "random_state": 0}
    thetas = [
        MinidlRegressor(shuffle=shuffle, **options).fit(*data).model_.parameters.theta
        for shuffle in (True, True, False, False)
    ]
    np.testing.assert_array_equal(thetas[0], thetas[1])
    np.testing.assert_array_equal(thetas[2], thetas[3])
    assert (thetas[0] != thetas[2]).any()


def test_the_tolerance_ends_a_training():
    assert MinidlClassifier(tol=0.5, max_iter=3000, solver="sgd").fit(FEW, FEW_LABELS).n_iter_ < 99


@kinds
def test_early_stopping_measures_scores(kind):
    options = {"tol": 0.2, "max_iter": 3000, "solver": "sgd"}
    estimator = kind(early_stopping=True, **options).fit(TWO[0][:100], TWO[1][:100])
    assert estimator.n_iter_ < 3000
    assert estimator.best_loss_ is None
    scores = estimator.validation_scores_
    assert max(scores) == estimator.best_validation_score_
    assert max(scores[-2:]) < estimator.best_validation_score_ + 0.2
    estimator = kind(**options).fit(TWO[0][:100], TWO[1][:100])
    assert estimator.validation_scores_ is estimator.best_validation_score_ is None
    assert estimator.best_loss_ > 0


def test_an_adaptive_rate_ends_below_a_millionth():
    options = {"tol": 0.5, "max_iter": 3000, "solver": "sgd", "learning_rate": "adaptive"}
    estimator = MinidlClassifier(**options).fit(FEW, FEW_LABELS)
    assert estimator.n_iter_ < 3000
    assert estimator.optimizer_.learning_rate < 1e-6


def test_a_warm_start_has_the_same_classes():
    estimator = MinidlClassifier(2, solver="lbfgs", warm_start=True, random_state=42, tol=1e-2)
    estimator.fit(*IRIS).fit(*IRIS).fit(IRIS[0], np.repeat([0, 1, 2], [40, 40, 70]))
    for n_classes in (2, 4, 5):
        with pytest.raises(ArgumentError, match="warm_start goes on with the same classes"):
            estimator.fit(IRIS[0], np.arange(150) % n_classes)


@kinds
def test_each_fit_of_a_warm_start_makes_max_iter_epochs(kind):
    estimator = kind(2, solver="sgd", warm_start=True, max_iter=3)
    assert [estimator.fit(*IRIS).n_iter_ for _ in range(2)] == [3, 3]


@pytest.mark.parametrize("n_iter_no_change", [2, 5, 10, 50])
def test_epochs_without_change_are_tolerated(n_iter_no_change):
    estimator = MinidlClassifier(
        tol=0.01, max_iter=3000, solver="sgd", n_iter_no_change=n_iter_no_change, random_state=0
    ).fit(TWO[0][:100], TWO[1][:100])
    losses = np.array(estimator.loss_curve_)
    best_before = np.minimum.accumulate(losses)[:-1]
    last_gain = max([0, *np.flatnonzero(losses[1:] <= best_before - 0.01) + 1])
    assert estimator.n_iter_ == last_gain + 1 + n_iter_no_change + 1 < 3000


def test_infinitely_many_epochs_without_change():
    options = {"tol": 1e9, "max_iter": 50, "solver": "sgd"}
    estimator = MinidlClassifier(n_iter_no_change=math.inf, **options)
    assert estimator.fit(TWO[0][:100], TWO[1][:100]).n_iter_ == 50


def test_labels_of_early_stopping_may_be_texts():
    rows, numbers = make_classification(200, 10, n_classes=3, n_informative=5, random_state=42)
    labels = np.array(["first", "second", "third"], dtype=object)[numbers]
    estimator = MinidlClassifier(early_stopping=True, max_iter=50, random_state=42)
    scores = estimator.fit(rows, labels).validation_scores_
    assert len(scores) == estimator.n_iter_
    assert np.isfinite(scores).all()


@kinds
def test_float32_gives_what_float64_gives(kind):
    rows, labels = load_digits(n_class=2, return_X_y=True)
    options = {"alpha": 1e-5, "hidden_layer_sizes": (5, 3), "random_state": 1, "max_iter": 100}
    double, single = (
        kind(tol=1e-1, **options).fit(rows[:300].astype(dtype), labels[:300])
        for dtype in (np.float64, np.float32)
    )
    np.testing.assert_allclose(
        double.predict(rows[300:]),
        single.predict(rows[300:].astype(np.float32)),
        rtol=5e-4,
        atol=1e-5,
    )
    assert {weight.dtype for weight in weights(single)} == {np.dtype(np.float32)}
    if kind is MinidlRegressor:
        assert single.predict(rows[300:].astype(np.float32)).dtype == np.float32


def test_a_loaded_estimator_learns_further(tmp_path):
    options = {"random_state": 42, "learning_rate_init": 0.01}
    joblib.dump(MinidlRegressor(42, **options).fit([[2]], [4]), tmp_path / "estimator")
    estimator = joblib.load(tmp_path / "estimator")
    for _ in range(200):
        estimator.partial_fit([[2]], [1])
    np.testing.assert_allclose(estimator.predict([[2]]), [1], rtol=1e-4)


@kinds
def test_early_stopping_with_a_warm_start(kind):
    estimator = kind(max_iter=10, random_state=0, warm_start=True, early_stopping=True)
    n_scores = len(estimator.fit(*IRIS).validation_scores_)
    assert len(estimator.set_params(max_iter=20).fit(*IRIS).validation_scores_) > n_scores
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        estimator.partial_fit(*IRIS)


@kinds
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_warm_start_that_does_not_converge_is_warned_of(kind, solver):
    options = {"solver": solver, "n_iter_no_change": math.inf, "random_state": 0}
    estimator = kind(warm_start=True, max_iter=10, **options)
    for max_iter in (10, 20):
        with pytest.warns(ConvergenceWarning):
            estimator.set_params(max_iter=max_iter).fit(*IRIS)
        assert estimator.n_iter_ == max_iter


def test_a_training_that_diverges_is_an_error_also_with_early_stopping():
    """Unlike there, where the scores are NaN from then on."""
    estimator = MinidlRegressor(
        100, "identity", solver="sgd", learning_rate_init=1, early_stopping=True, random_state=0
    )
    with pytest.raises(MinidlError, match="Try a smaller learning rate"):
        estimator.fit(*IRIS)


def test_weights_of_1_are_no_weights():
    rows, values = make_regression(100, 2, random_state=42)
    options = {"early_stopping": True, "tol": 1e-2, "learning_rate_init": 0.01, "batch_size": 10}
    weighted, plain = (
        MinidlRegressor(10, random_state=42, **options).fit(rows, values, sample_weight=weight)
        for weight in (np.ones(100), None)
    )
    np.testing.assert_allclose(weighted.predict(rows), plain.predict(rows))


def test_a_validation_set_needs_rows():
    with pytest.raises(ValueError, match="early_stopping needs a validation_fraction"):
        MinidlRegressor(early_stopping=True).fit(*make_regression(2, 5, random_state=0))
