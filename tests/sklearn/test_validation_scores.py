"""The scores of the held-out examples."""

import copy

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, SMALL, THREE, VALUES, X
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from minidl import Callback
from minidl.sklearn import MinidlClassifier, MinidlRegressor, base
from minidl.sklearn.validation_scores import r2

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("kind", "y", "options"),
    [
        (MinidlClassifier, CLASSES, {}),
        (MinidlClassifier, np.eye(3)[CLASSES], {}),
        (MinidlClassifier, CLASSES == 1, {"loss": "hinge"}),
        (MinidlRegressor, THREE[:, 0] + CLASSES, {}),
        (MinidlRegressor, CLASSES, {"loss": "poisson"}),
        (MinidlRegressor, np.c_[THREE[:, 0] ** 2, 5 * CLASSES], {"loss": "absolute_error"}),
    ],
)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_they_are_what_score_gives_after_each_epoch(kind, y, options, is_weighted, monkeypatch):
    weight = rng.uniform(0.5, 2, 150) if is_weighted else None
    models, held_out = [], np.arange(100, 150)

    class Look(Callback):
        def on_epoch_end(self, run):
            models.append(copy.deepcopy(run.model))

    def hold_out(examples, *args, **options):
        return examples.take(np.arange(100)), examples.take(held_out)

    monkeypatch.setattr(base, "hold_out", hold_out)
    options = {**SMALL, "max_iter": 4, **options}
    estimator = kind(**options, early_stopping=True, callbacks=[Look()])
    estimator.fit(THREE, y, sample_weight=weight)
    scores = []
    for estimator.model_ in models:
        chosen = None if weight is None else weight[held_out]
        scores.append(estimator.score(THREE[held_out], y[held_out], sample_weight=chosen))
    assert estimator.validation_scores_ == pytest.approx(scores, rel=1e-12)
    assert estimator.best_validation_score_ == max(estimator.validation_scores_)


def test_many_examples_are_scored_in_batches(monkeypatch):
    rows, y = np.tile(ROWS, (20, 1)), np.tile(VALUES, 20)
    halves = [np.arange(0, 1000), np.arange(1000, 3000)]
    monkeypatch.setattr(base, "hold_out", lambda examples, *_, **__: map(examples.take, halves))
    regressor = MinidlRegressor(**{**SMALL, "max_iter": 1}, early_stopping=True).fit(rows, y)
    score = regressor.score(rows[halves[1]], y[halves[1]])
    assert regressor.validation_scores_ == pytest.approx([score], rel=1e-12)


def test_a_training_that_goes_on_adds_its_scores():
    regressor = MinidlRegressor(**SMALL, early_stopping=True, warm_start=True)
    n_scores = len(regressor.fit(ROWS, VALUES).validation_scores_)
    assert len(regressor.fit(ROWS, VALUES).validation_scores_) > n_scores
    regressor.set_params(early_stopping=False).fit(ROWS, VALUES)
    assert regressor.validation_scores_ is regressor.best_validation_score_ is None


def test_labels_may_be_text():
    classifier = MinidlClassifier(**SMALL, early_stopping=True).fit(X, NAMES)
    assert len(classifier.validation_scores_) == classifier.n_iter_
    assert np.isfinite(classifier.validation_scores_).all()


@given(st.integers(2, 9), st.integers(1, 3), st.booleans(), st.integers(0, 99))
def test_r2_is_that_of_scikit_learn(m, k, is_weighted, seed):
    draw = np.random.default_rng(seed)
    y, p = draw.integers(0, 3, (2, m, k)).astype(float)
    y[:, 0] = draw.integers(2) if seed % 3 == 0 else y[:, 0]  # equal values
    p[:, 0] = y[:, 0] if seed % 6 == 0 else p[:, 0]
    weight = draw.uniform(0.1, 2, m) if is_weighted else None
    assert r2(p, y, weight) == pytest.approx(r2_score(y, p, sample_weight=weight), rel=1e-9)
