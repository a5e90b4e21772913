"""Each known mistake in a loss is called by its name."""

import numpy as np
import pytest

from minidl.gradcheck.diagnosis.diagnose import diagnose
from minidl.gradcheck.diagnosis.evidence import Evidence
from minidl.gradcheck.diagnosis.loss_candidates import (
    LOSS_MISTAKES,
    MEAN_LOSS_MISTAKES,
    LossCase,
    loss_candidates,
)

RNG = np.random.default_rng(0)
NUMERIC, P, T = RNG.standard_normal((3, 4, 3))
W = np.array([0.5, 1.0, 2.0, 3.0])[:, np.newaxis]
COLUMN, TARGETS = P[:, :1], T[:, :1]


def sigmoid(p):
    return np.exp(p) / (1 + np.exp(p))


def softmax(p):
    return np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)


def one_row(row):
    return np.where(np.arange(4)[:, np.newaxis] == row, NUMERIC, 0.0)


# The wrong gradient of a loss with 4 examples and 3 outputs; "/ {size}" is left out.
CASES = {
    "the weights of the examples are applied twice": NUMERIC * W,
    "the weights of the examples are missing in backward": NUMERIC / W,
    "only the last example's gradient is there": one_row(3),
    "only the first example's gradient is there": one_row(0),
    "(p - t) / {size}: the gradient of another loss, or that with respect to the logits": P - T,
    "2 (p - t) / {size}: the gradient of the squared error": 2 * (P - T),
    "sign(p - t) / {size}: the absolute value of the difference is missing": np.where(
        P > T, 1.0, -1.0
    ),
    "p / {size}: the target is missing": P,
    "2 p / {size}: the target is missing": P + P,
    "sigmoid(p) / {size}: the target is missing": sigmoid(P),
    "softmax(p) / {size}: the target is missing": softmax(P),
    "-t / {size}: the prediction is missing": -T,
    "(sigmoid(p) - t) / {size}: as if p were logits": sigmoid(P) - T,
    "(softmax(p) - t) / {size}: as if p were logits, or the softmax applied twice": softmax(P) - T,
}


@pytest.mark.parametrize(("name", "size"), [("m", 4), ("(m k)", 12)])
@pytest.mark.parametrize("words", CASES)
def test_a_mistake_in_a_loss(words, name, size):
    analytic = CASES[words] / size if "{size}" in words else CASES[words]
    candidates = list(loss_candidates(LossCase(NUMERIC, P, T, W[:, 0])))
    diagnosis = diagnose(Evidence(analytic, NUMERIC, candidates=candidates))
    assert f"consistent with: {words.format(size=name)} (" in diagnosis


BROADCAST = {
    "(m, 1) against (m,): broadcast to (m, m), and its mean over {size}": np.mean,
    "(m, 1) against (m,): broadcast to (m, m), and its sum over {size}": np.sum,
}


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("words", BROADCAST)
def test_a_difference_that_is_broadcast(words, factor):
    difference = COLUMN - TARGETS[:, 0]
    analytic = factor * BROADCAST[words](difference, axis=1, keepdims=True) / 4
    numeric = NUMERIC[:, :1]
    candidates = list(loss_candidates(LossCase(numeric, COLUMN, TARGETS)))
    diagnosis = diagnose(Evidence(analytic, numeric, candidates=candidates))
    assert f"consistent with: {words.format(size='m')} (" in diagnosis


def test_weights_of_zero_cannot_be_divided_by():
    case = LossCase(NUMERIC, P, T, np.array([0.0, 1.0, 1.0, 1.0]))
    words = [candidate.words for candidate in loss_candidates(case)]
    assert "the weights of the examples are applied twice" in words
    assert "the weights of the examples are missing in backward" not in words


def test_every_mistake_has_a_case():
    mistakes = {words for words, _ in (*LOSS_MISTAKES, *MEAN_LOSS_MISTAKES)}
    missing = mistakes - set(CASES) - set(BROADCAST)
    assert not missing, f"add the gradient of each of these mistakes to CASES: {missing}"


@pytest.mark.parametrize("shape", [(4,), (4, 2)])
def test_the_weights_of_examples_and_positions_of_sequences_are_known(shape):
    numeric, weight = RNG.standard_normal((4, 2, 3)), RNG.uniform(1, 2, shape)
    case = LossCase(numeric, RNG.standard_normal((4, 2, 3)), numeric, weight)
    found = {candidate.words: candidate.gradient for candidate in loss_candidates(case)}
    expected = numeric * weight.reshape((*shape, 1, 1)[:3])
    np.testing.assert_array_equal(found["the weights of the examples are applied twice"], expected)


def test_targets_of_another_shape_leave_formulas_out_that_need_the_same():
    numeric = RNG.standard_normal((4, 2, 3))
    case = LossCase(numeric, RNG.standard_normal((4, 2, 3)), np.zeros((4, 5)))
    words = [candidate.words for candidate in loss_candidates(case)]
    assert "p / m: the target is missing" in words
    assert not any("p - t" in said for said in words)
