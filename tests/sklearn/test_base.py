"""The estimators: scikit-learn's checks, training, continued training."""

import copy
import io
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from estimator_data import CLASSES, MOONS, NAMES, QUICK, ROWS, SMALL, THREE, VALUES, X, both
from sklearn.datasets import load_diabetes, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError, UnsetMetadataPassedError
from sklearn.model_selection import KFold, cross_val_score, cross_validate
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import minidl
from minidl import (
    Adam,
    ArgumentError,
    Callback,
    Checkpoint,
    DataError,
    EarlyStopping,
    GradientDescent,
    Hinge,
    Linear,
    NonFiniteError,
    ReLU,
)
from minidl.sklearn import MinidlClassifier, MinidlRegressor


@parametrize_with_checks(
    [
        kind(**QUICK, dtype=dtype)
        for kind in (MinidlClassifier, MinidlRegressor)
        for dtype in (None, "float32")
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_in_a_pipeline_and_cross_validation():
    pipe = make_pipeline(
        StandardScaler(),
        MinidlClassifier((64,), **QUICK | {"learning_rate_init": 0.05}, random_state=0),
    )
    assert cross_val_score(pipe, X * [1, 1000], NAMES, cv=3).mean() > 0.95


@pytest.mark.parametrize(
    ("ours", "theirs", "load"),
    [(MinidlClassifier, MLPClassifier, load_wine), (MinidlRegressor, MLPRegressor, load_diabetes)],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_scores_are_as_good_as_those_of_scikit_learn(ours, theirs, load):
    rows, y = load(return_X_y=True)
    y = (y - y.mean()) / y.std() if ours is MinidlRegressor else y

    def score(network):
        return cross_val_score(make_pipeline(StandardScaler(), network), rows, y, cv=3).mean()

    arguments = {
        "hidden_layer_sizes": (50,),
        "alpha": 1e-2,
        "batch_size": 32,
        "max_iter": 40,
        "random_state": 0,
    }
    assert (
        score(ours(learning_rate_init=0.01, **arguments))
        > score(theirs(learning_rate_init=0.01, **arguments)) - 0.04
    )


@both
def test_weights_are_routed_where_they_are_asked_for(kind, rows, y):
    weight = np.random.default_rng(0).uniform(0, 2, len(rows))
    with sklearn.config_context(enable_metadata_routing=True):
        asks = kind(**SMALL).set_fit_request(sample_weight=True)
        asks.set_score_request(sample_weight=True).set_partial_fit_request(sample_weight=True)
        data = {"X": rows, "y": y, "params": {"sample_weight": weight}}
        routed = cross_validate(asks, **data, cv=KFold(2), return_estimator=True)
        train, test = next(KFold(2).split(rows))
        by_hand = kind(**SMALL).fit(rows[train], y[train], weight[train])
        np.testing.assert_array_equal(routed["estimator"][0].coefs_[0], by_hand.coefs_[0])
        score = by_hand.score(rows[test], y[test], sample_weight=weight[test])
        assert routed["test_score"][0] == score
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            cross_validate(kind(**SMALL), **data)


def test_the_repr_shows_callbacks_and_losses():
    estimator = MinidlClassifier(loss=Hinge(), callbacks=[EarlyStopping("loss", patience=3)])
    expected = (
        "MinidlClassifier(callbacks=[EarlyStopping(monitor='loss', patience=3)], loss=Hinge())"
    )
    assert " ".join(repr(estimator).split()) == expected
    assert "EarlyStopping(monitor=&#x27;loss&#x27;, patience=3)" in estimator._repr_html_()


def test_early_stopping_restores_the_best_epoch():
    settings = {"learning_rate_init": 0.03, "early_stopping": True, "random_state": 1}
    estimator = MinidlClassifier((64,), n_iter_no_change=3, **settings).fit(THREE, CLASSES)
    best = int(np.argmax(estimator.validation_scores_)) + 1
    assert 1 < best < estimator.n_iter_ == len(estimator.validation_scores_)
    assert max(estimator.validation_scores_) == estimator.best_validation_score_
    assert estimator.history_.stopped.startswith("the score of the validation set has not")
    short = MinidlClassifier((64,), max_iter=best, **settings)
    np.testing.assert_array_equal(
        short.fit(THREE, CLASSES).model_.parameters.theta, estimator.model_.parameters.theta
    )


def test_callbacks_observe_training():
    class Count(Callback):
        epochs = 0

        def on_epoch_end(self, run):
            self.epochs += 1

    count = Count()
    MinidlClassifier(callbacks=[count], max_iter=3).fit(X, NAMES)
    MinidlClassifier(callbacks=count, max_iter=3).fit(X, NAMES)
    assert count.epochs == 6


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_file_of_a_memmap_is_not_replaced(tmp_path, early_stopping):
    """Also where scikit-learn or the split copies its rows."""
    np.save(tmp_path / "rows.npy", X)
    estimator = MinidlRegressor(
        (2,),
        max_iter=1,
        early_stopping=early_stopping,
        callbacks=[Checkpoint(tmp_path / "rows.npy")],
    )
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    with pytest.raises(DataError, match="that is being trained from"):
        estimator.fit(rows, np.arange(len(X)) % 2)
    np.testing.assert_array_equal(rows, X)


@pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])
def test_verbose_shows_a_progress_bar_and_nothing_is_shown_by_default(kind, capsys):
    y = np.arange(len(X)) % 2
    kind((2,), max_iter=2).fit(X, y)
    assert capsys.readouterr() == ("", "")
    kind((2,), max_iter=2, verbose=True).fit(X, y)
    assert "epoch 2/2" in capsys.readouterr().err


def test_randomness_comes_from_random_state_and_never_from_the_global_stream():
    def theta(state):
        return (
            MinidlClassifier((4,), max_iter=1, random_state=state)
            .fit(X, NAMES)
            .model_.parameters.theta
        )

    before = np.random.get_state()[1].copy()  # noqa: NPY002  # the stream that must not be touched
    np.testing.assert_array_equal(theta(3), theta(3))
    assert (theta(3) != theta(4)).any()
    assert (theta(None) != theta(None)).any()
    stream = np.random.RandomState(0)
    first, second = theta(stream), theta(stream)
    assert (first != second).any()  # a generator advances
    np.testing.assert_array_equal(first, theta(np.random.RandomState(0)))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@both
def test_partial_fits_are_epochs(kind, rows, y):
    whole, parts = (kind((8,), batch_size=16, max_iter=3, random_state=0) for _ in range(2))
    whole.fit(rows, y)
    first = {"classes": np.unique(y)} if kind is MinidlClassifier else {}
    for _ in range(3):
        parts.partial_fit(rows, y, **first)
    np.testing.assert_array_equal(parts.model_.parameters.theta, whole.model_.parameters.theta)
    assert parts.loss_curve_ == whole.loss_curve_
    assert (whole.n_iter_, parts.n_iter_) == (3, 1)  # of the last call, as in scikit-learn


@both
@pytest.mark.parametrize(
    "copied", [lambda e: e, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_a_warm_start_continues_also_after_a_copy(kind, rows, y, copied):
    whole = kind((8,), batch_size=16, max_iter=6, random_state=0).fit(rows, y)
    warm = copied(
        kind((8,), batch_size=16, max_iter=3, random_state=0, warm_start=True).fit(rows, y)
    ).fit(rows, y)
    np.testing.assert_array_equal(warm.model_.parameters.theta, whole.model_.parameters.theta)
    assert warm.loss_curve_ == whole.loss_curve_


@both
def test_a_fitted_estimator_is_pickled(kind, rows, y):
    estimator, file = kind(**SMALL, dropout=0.1).fit(rows, y), io.BytesIO()
    joblib.dump(estimator, file)
    np.testing.assert_array_equal(joblib.load(file).predict(rows), estimator.predict(rows))


@both
@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
def test_the_size_of_a_pickle_does_not_depend_on_the_data(kind, rows, y, dump):
    def size(estimator):
        dump(estimator, file := io.BytesIO())
        return len(file.getvalue())

    settings = {**SMALL, "batch_size": None, "max_iter": 2}
    small = size(kind(**settings).fit(rows, y))
    repeats = 20_000 // len(rows)
    many_rows = np.tile(rows, (repeats, 1))
    estimator = kind(**settings).fit(many_rows, np.tile(y, (repeats, *[1] * (y.ndim - 1))))
    assert abs(size(estimator) - small) < 500
    estimator.predict(many_rows)
    estimator.score(many_rows[:1000], np.resize(y, (1000, *y.shape[1:])))
    assert abs(size(estimator) - small) < 500


def test_before_and_after_failures():
    with pytest.raises(NotFittedError):
        MinidlClassifier().predict(X)
    with pytest.raises(NonFiniteError, match="training must stay finite"):
        MinidlRegressor(optimizer=GradientDescent(1e30), max_iter=5).fit(ROWS, VALUES)


def test_without_scikit_learn_the_error_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import minidl.sklearn"
    root = Path(minidl.__file__).parents[1]
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert process.returncode == 1
    assert "MissingDependencyError: minidl.sklearn needs scikit-learn, " in process.stderr
    assert 'pip install "scikit-learn' in process.stderr


def test_the_network_is_a_model_like_any_other(tmp_path):
    estimator = MinidlClassifier((4,), max_iter=2, random_state=0, dtype="float64").fit(
        X, NAMES, sample_weight=np.linspace(0, 2, 200)
    )
    loaded = minidl.Sequential.load(estimator.model_.save(tmp_path / "model.h5"))
    np.testing.assert_array_equal(loaded.predict(X), estimator.model_.predict(X))
    report = minidl.GradientChecker(estimator.model_).check(
        X[:6], MOONS[:6], sample_weight=[1, 2, 0, 4, 1, 0.5]
    )
    assert report.ok
    assert isinstance(estimator.optimizer_, Adam)
    assert isinstance(estimator.model_.layers[1], ReLU)


@both
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(kind, rows, y):
    fresh = kind(optimizer=GradientDescent(1e300), max_iter=5)
    with pytest.raises(NonFiniteError):
        fresh.fit(1e9 * rows, y)
    with pytest.raises(NotFittedError):
        fresh.predict(rows)
    fitted = kind(**SMALL).fit(rows, y)
    before = vars(fitted).copy()
    for wrong in (rows[:5], 1e9 * rows * np.nan, rows.astype(str)):
        with pytest.raises(ValueError):  # noqa: PT011  # of scikit-learn
            fitted.fit(wrong, y)
    fitted.set_params(layers=lambda n_features, n_outputs: [Linear(n_features, 7)])
    with pytest.raises(ArgumentError, match="must return layers with 1 outputs"):
        fitted.fit(rows[:, :1], y)
    assert {**vars(fitted), "layers": None} == before
    np.testing.assert_array_equal(fitted.predict(rows), kind(**SMALL).fit(rows, y).predict(rows))


class Interrupt(Callback):
    """Presses Ctrl-C at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, run):
        if run.epoch == self.epoch:
            raise KeyboardInterrupt


@both
@pytest.mark.parametrize("warm_start", [False, True])
def test_an_interrupted_fit_keeps_the_epochs_that_it_made(kind, rows, y, warm_start):
    estimator = kind(**SMALL, callbacks=Interrupt(1), warm_start=warm_start)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(rows, y)
    with pytest.raises(NotFittedError):
        estimator.predict(rows)
    estimator.set_params(callbacks=Interrupt(4))
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(rows, y)
    assert estimator.n_iter_ == len(estimator.loss_curve_) == 3
    before = {**vars(estimator), "callbacks": Interrupt(1)}
    estimator.set_params(callbacks=before["callbacks"])
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(rows, y)
    assert vars(estimator) == before
    estimator.set_params(callbacks=()).fit(rows, y)
    assert len(estimator.loss_curve_) == 30 + 3 * warm_start


def test_a_fit_keeps_its_network_where_warnings_are_errors():
    estimator = MinidlRegressor(**SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            estimator.fit(ROWS, VALUES)
    assert estimator.score(ROWS, VALUES) > 0.5
