"""Texts of hashed words, as the benchmark of sparse rows draws them."""

import sys

import numpy as np
from studies import ROOT

sys.path.insert(0, str(ROOT))  # if pytest itself is run rather than python -m pytest

from experiments.speed.hashed_texts import hashed_texts


def test_texts_fill_half_a_percent_of_the_columns():
    X, y = hashed_texts(400, 20_000)
    assert X.shape == (400, 20_000)
    assert X.dtype == np.float32
    assert 0.0045 < X.nnz / X.shape[0] / X.shape[1] < 0.0055
    np.testing.assert_allclose((X * X).sum(axis=1), 1, rtol=1e-5)
    assert set(y.tolist()) == {0, 1}


def test_a_seed_gives_the_same_texts_again():
    X, y = hashed_texts(20, 1000, seed=1)
    again, same_y = hashed_texts(20, 1000, seed=1)
    other, _ = hashed_texts(20, 1000, seed=2)
    np.testing.assert_array_equal(X.toarray(), again.toarray())
    np.testing.assert_array_equal(y, same_y)
    assert not np.array_equal(X.toarray(), other.toarray())


def test_some_words_are_in_most_texts_and_most_words_in_few():
    X, _ = hashed_texts(400, 20_000)
    n_texts = np.sort(np.bincount(X.indices, minlength=20_000))[::-1]
    assert n_texts[0] > 350
    assert np.median(n_texts) < 4


def test_the_topic_can_be_told_from_the_words():
    X, y = hashed_texts(600, 2000)
    difference = X[:300][y[:300] == 1].mean(axis=0) - X[:300][y[:300] == 0].mean(axis=0)
    scores = X[300:] @ np.asarray(difference).ravel()
    middle = np.median(scores)
    assert ((scores > middle) == y[300:]).mean() > 0.8
