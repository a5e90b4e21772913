"""When a training stops, and the warning where it should not have."""

import copy
import math
import pickle
import warnings

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, THREE, VALUES, X, both
from sklearn.exceptions import ConvergenceWarning

from minidl import Callback, EarlyStopping, TrainingRun
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.convergence import Convergence, Progress, new_convergence
from minidl.sklearn.hold_out import Examples


class Recorder(Callback):
    """Keeps the learning rates of the epochs."""

    def __init__(self):
        self.rates = []

    def on_epoch_end(self, run):
        self.rates.append(run.optimizer.last_learning_rate)


class Optimizer:
    learning_rate = last_learning_rate = 1e-3
    schedule = None


class Batches:
    n_examples = 10

    def __len__(self):
        return 1


def epochs_until_it_stops(losses, callback):
    """Return after how many of these losses the callback has stopped."""
    run = TrainingRun(None, Optimizer(), 99, Batches())
    for epoch, loss in enumerate(losses, 1):
        run.history.add({"loss": loss})
        callback.on_epoch_end(run)
        if run.stopped:
            return epoch
    return None


@pytest.mark.parametrize(
    ("losses", "epochs"),
    [
        ([1.0, 0.8, 0.8, 0.8, 0.8], 5),  # three epochs without gain, of which two are tolerated
        ([1.0, 0.95, 0.9, 0.85, 0.8], 4),  # each is better, but not by tol
        ([1.0, 0.95, 0.5, 0.45, 0.4, 0.35], 6),  # the second gains: the count begins again
        ([1.0, 0.875, 0.75, 0.625, 0.5], None),  # a gain of exactly tol is enough
        ([1.0, 2.0, 3.0], None),
        ([1.0, 2.0, 3.0, 0.99], 4),
    ],
)
def test_epochs_without_gain_are_counted(losses, epochs):
    convergence = Convergence(0.125, 2, Progress())
    assert epochs_until_it_stops(losses, convergence) == epochs
    assert convergence.progress.best == min(losses[:epochs])
    assert convergence.progress.n_examples == 10 * len(losses[:epochs])


def test_the_reason_is_a_sentence():
    estimator = MinidlClassifier((), tol=0.5, n_iter_no_change=2).fit(X, NAMES)
    assert estimator.history_.stopped == (
        "the training loss has not decreased by tol=0.5 in 3 epochs in a row"
    )
    assert estimator.n_iter_ == 4
    assert estimator.best_loss_ == min(estimator.loss_curve_)
    assert estimator.validation_scores_ is estimator.best_validation_score_ is None


@both
@pytest.mark.parametrize(("learning_rate", "patience"), [("adaptive", 2), ("invscaling", 99)])
@pytest.mark.parametrize("copied", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
def test_a_training_that_goes_on_continues_the_count(
    kind, rows, y, learning_rate, patience, copied
):
    options = {"solver": "sgd", "learning_rate": learning_rate, "learning_rate_init": 0.05}
    options |= {"tol": 0.05, "n_iter_no_change": patience, "random_state": 0, "batch_size": 30}
    whole = kind((5,), max_iter=12, **options, callbacks=Recorder()).fit(rows, y)
    part = kind((5,), max_iter=4, warm_start=True, **options).fit(rows, y)
    part = copied(part).fit(rows, y)
    first = {"classes": np.unique(y)} if kind is MinidlClassifier else {}
    for _ in range(4):
        part = copied(part).partial_fit(rows, y, **first)
    np.testing.assert_array_equal(part.model_.parameters.theta, whole.model_.parameters.theta)
    assert part.optimizer_.learning_rate == whole.optimizer_.learning_rate < 0.05
    assert whole.history_["learning_rate"] == whole.callbacks.rates
    assert len({*whole.callbacks.rates}) > 2


def test_an_adaptive_rate_is_divided_until_it_is_tiny():
    estimator = MinidlRegressor(
        (), solver="sgd", learning_rate="adaptive", tol=9.0, n_iter_no_change=1, max_iter=999
    ).fit(ROWS, VALUES)
    rates = estimator.history_["learning_rate"]
    np.testing.assert_allclose([*dict.fromkeys(rates)], 1e-3 / 5.0 ** np.arange(6), rtol=1e-12)
    assert 1e-6 / 5 < estimator.optimizer_.learning_rate < 1e-6
    assert [rates.count(rate) for rate in dict.fromkeys(rates)] == [3, 2, 2, 2, 2, 2]


def test_a_set_of_another_size_scales_by_its_own_examples():
    estimator = MinidlRegressor((), solver="sgd", learning_rate="invscaling", power_t=2.0)
    estimator.partial_fit(ROWS[:3], VALUES[:3])
    assert estimator.optimizer_.learning_rate == pytest.approx(1e-3 / 4**2)
    estimator.partial_fit(ROWS[:5], VALUES[:5])
    assert estimator.optimizer_.learning_rate == pytest.approx(1e-3 / 9**2)


def test_the_best_epoch_by_its_score_is_restored():
    options = {"early_stopping": True, "validation_fraction": 0.3, "random_state": 0}
    estimator = MinidlClassifier((30,), learning_rate_init=0.1, **options).fit(THREE, CLASSES)
    best = int(np.argmax(estimator.validation_scores_)) + 1
    assert best < estimator.n_iter_
    short = MinidlClassifier((30,), learning_rate_init=0.1, max_iter=best, **options)
    short.fit(THREE, CLASSES)
    np.testing.assert_array_equal(short.model_.parameters.theta, estimator.model_.parameters.theta)


def warned(estimator, rows=X, y=NAMES):
    """Return the messages of the warnings of a fit, and that they point here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(rows, y)
    assert all(warning.filename == __file__ for warning in caught)
    assert all(warning.category is ConvergenceWarning for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_too_few_epochs_are_warned_of(solver):
    options = {"solver": solver, "random_state": 0, "max_iter": 3}
    assert warned(MinidlClassifier((4,), **options)) == [
        "the training has not converged in max_iter=3 epochs: pass a larger max_iter or tol, or "
        "another learning rate"
    ]
    assert MinidlClassifier((4,), **options).fit(X, NAMES).n_iter_ == 3
    never = MinidlClassifier((4,), tol=1e9, n_iter_no_change=math.inf, **options)
    assert len(warned(never)) == (solver != "lbfgs")  # its tol is that of the gradient


def test_who_has_converged_or_was_stopped_is_not_warned_of():
    assert not warned(MinidlClassifier((4,), tol=0.5, n_iter_no_change=1, max_iter=3))
    assert not warned(MinidlClassifier((4,), solver="lbfgs", alpha=1.0, max_iter=500))
    stopping = EarlyStopping("loss", min_delta=9, patience=2)
    assert not warned(MinidlClassifier((4,), callbacks=stopping))
    assert not warned(MinidlClassifier((4,), solver="lbfgs", callbacks=stopping))
    partial = MinidlRegressor((4,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        partial.partial_fit(ROWS, VALUES)


def test_too_few_evaluations_are_warned_of():
    estimator = MinidlClassifier((4,), solver="lbfgs", max_fun=5, random_state=0)
    (message,) = warned(estimator)
    assert "has not converged, since LBFGS has evaluated the objective" in message
    assert message.endswith("pass a larger max_fun, tol or alpha")
    assert estimator.n_iter_ <= 5


def test_a_new_validation_set_begins_a_new_count():
    progress = Progress(best=0.5, epochs_without_gain=7, n_examples=30)
    options = MinidlClassifier().get_params()
    kept = new_convergence(options, progress, None).progress
    assert kept == progress
    assert kept is not progress
    validation = Examples(X, np.ones((len(X), 1)), None)
    assert new_convergence(options, progress, validation).progress == Progress(n_examples=30)
    lbfgs = new_convergence(options | {"solver": "lbfgs"}, progress, None)
    assert lbfgs.n_iter_no_change == math.inf


def test_scores_go_on_with_a_warm_start():
    options = {"early_stopping": True, "warm_start": True, "max_iter": 3, "random_state": 0}
    estimator = MinidlClassifier((4,), **options).fit(X, NAMES)
    assert len(estimator.fit(X, NAMES).validation_scores_) == 6
    assert len(estimator.set_params(max_iter=4).fit(X, NAMES).validation_loss_curve_) == 10
    estimator.set_params(early_stopping=False).fit(X, NAMES)
    assert estimator.validation_scores_ is None
    assert estimator.best_loss_ <= min(estimator.loss_curve_[-4:])
