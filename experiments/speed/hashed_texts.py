"""Texts of two topics as rows of hashed words, drawn with the frequencies of real words."""

from __future__ import annotations

from typing import Any

import numpy as np

N_WORDS = 50_000
ZIPF_SHIFT = 2.7
"""Mandelbrot's: the few most frequent words are less frequent than by 1 / rank."""

WORDS_PER_TEXT = 114
TOPIC_SPREAD = 0.3
"""How far the logarithms of the frequencies in two topics are apart: some texts are ambiguous."""


def hashed_texts(m: int, n_features: int, seed: int = 0) -> tuple[Any, Any]:
    """Return texts as rows of counts of unit length, and their topics.

    Of 20,000 features a text fills 0.5 %, about 100, as HashingVectorizer of scikit-learn makes
    them: each word has its column, and rare ones share it.

    Parameters
    ----------
    m : int
        The number of texts.
    n_features : int
        The number of columns.
    seed : int, default 0
        The source of randomness.

    Returns
    -------
    X : scipy.sparse.csr_array of shape (m, n_features), float32
        The texts.
    y : ndarray of shape (m,)
        Their topics, 0 and 1.
    """
    from scipy import sparse

    rng = np.random.default_rng(seed)
    column_of_word = rng.integers(n_features, size=N_WORDS)
    frequencies = 1 / (np.arange(N_WORDS) + 1 + ZIPF_SHIFT)
    tilt = TOPIC_SPREAD * rng.standard_normal(N_WORDS)
    y = rng.integers(2, size=m)
    lengths = rng.poisson(WORDS_PER_TEXT, m) + 1
    words = np.empty(lengths.sum(), np.intp)
    for topic in (0, 1):
        ends = np.cumsum(frequencies * np.exp((2 * topic - 1) * tilt))
        of_topic = np.repeat(y == topic, lengths)
        draws = rng.uniform(0, ends[-1], np.count_nonzero(of_topic))
        words[of_topic] = np.searchsorted(ends, draws)
    places = np.repeat(np.arange(m), lengths), column_of_word[words]
    counts = sparse.coo_array((np.ones(len(words)), places), shape=(m, n_features)).tocsr()
    norms = np.sqrt((counts * counts).sum(axis=1))
    counts.data /= np.repeat(norms, np.diff(counts.indptr))
    return counts.astype(np.float32), y
