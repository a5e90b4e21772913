"""The callbacks of scikit-learn, where the installed version has them."""

import pickle

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, SMALL, THREE, X
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from minidl import ArgumentError, GradientDescent
from minidl.sklearn import MinidlClassifier, MinidlRegressor

callback = pytest.importorskip("sklearn.callback")


class Record:
    """A callback that notes its calls, and ends the training after some epochs."""

    def __init__(self, last_epoch=None):
        self.last_epoch = last_epoch
        self.calls, self.fitted, self.data = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.calls.append(f"begin {context.task_name} {context.task_id}")
        self.data.append((X, y, metadata))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append(f"end {context.task_name} {context.task_id}")
        self.fitted.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id == self.last_epoch


def test_each_epoch_is_a_task():
    record = Record()
    plain = MinidlClassifier(**{**SMALL, "max_iter": 2}).fit(THREE, CLASSES)
    weight = np.ones(150)
    observed = clone(plain).set_callbacks(record).fit(THREE, CLASSES, sample_weight=weight)
    epochs = [f"{event} epoch {i}" for i in (0, 1) for event in ("begin", "end")]
    assert record.calls == ["setup", "begin fit 0", *epochs, "end fit 0", "teardown"]
    for rows, y, metadata in record.data:
        assert rows is THREE
        assert y is CLASSES
        assert metadata["sample_weight"] is weight
    np.testing.assert_array_equal(observed.coefs_[0], plain.coefs_[0])
    first, second, last = record.fitted
    assert first.predict_proba(THREE).shape == (150, 3)
    assert (first.coefs_[0] != second.coefs_[0]).any()
    for fitted in (second, last):
        np.testing.assert_array_equal(fitted.coefs_[0], plain.coefs_[0])


def test_a_callback_ends_the_training():
    record = Record(last_epoch=2)
    regressor = MinidlRegressor(**SMALL).set_callbacks(record).fit(THREE, CLASSES)
    assert regressor.n_iter_ == 3
    assert regressor.history_.stopped == "a callback of scikit-learn has ended the training"
    assert record.calls[-2:] == ["end fit 0", "teardown"]
    assert record.calls.count("begin epoch 3") == 0


def test_a_training_that_stops_early_ends_its_tasks():
    record = Record()
    classifier = MinidlClassifier(**{**SMALL, "max_iter": 200}, early_stopping=True)
    classifier.set_params(optimizer=GradientDescent(1e-300)).set_callbacks(record).fit(X, NAMES)
    begun = sum(call.startswith("begin epoch") for call in record.calls)
    ended = sum(call.startswith("end epoch") for call in record.calls)
    assert begun == ended == classifier.n_iter_ < 200


def test_a_refused_fit_leaves_nothing_open():
    record = Record()
    classifier = MinidlClassifier(loss="x").set_callbacks(record)
    with pytest.raises(ArgumentError):
        classifier.fit(X, NAMES)
    assert record.calls == []
    with pytest.raises(NotFittedError):
        classifier.predict(X)


def test_scores_are_monitored_also_in_a_search():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    classifier = MinidlClassifier(**{**SMALL, "max_iter": 3}).set_callbacks(monitor)
    classifier.fit(X, NAMES)
    scores = [entry["accuracy"] for entry in monitor.get_logs().data]
    assert len(scores) == 3 + 1
    assert scores[-1] == classifier.score(X, NAMES)
    restored = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(restored.predict(X), classifier.predict(X))
    record = Record()
    search = GridSearchCV(MinidlClassifier(**{**SMALL, "max_iter": 3}), {"dropout": [0, 0.1]}, cv=2)
    search.estimator.set_callbacks(record)
    search.fit(X, NAMES)
    assert record.calls.count("begin epoch 2") == 5  # 2 values, 2 folds, and the last fit
