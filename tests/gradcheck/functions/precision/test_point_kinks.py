import numpy as np
import pytest

from minidl import check_gradients

X = np.array([0.0, 1.0, -3.0, 0.4])


def bent(p):
    """Return a function in float32 with a kink at zero, of the slopes 2.1 and 0.7."""
    p = p.astype(np.float32)
    inner = np.where(p > 0, np.float32(2.1) * p, np.float32(0.7) * p)
    return float((inner * p + np.float32(0.3) * inner).sum())


def slopes(p, at_zero):
    p = p.astype(np.float32)
    slope = np.where(p > 0, np.float32(2.1), np.where(p < 0, np.float32(0.7), np.float32(at_zero)))
    return slope * (2 * p + np.float32(0.3))


@pytest.mark.parametrize("at_zero", [0.7, 2.1, 1.3])
def test_each_slope_between_the_one_sided_ones_is_right(at_zero):
    assert check_gradients(bent, lambda p: slopes(p, at_zero), X).ok


@pytest.mark.parametrize("at_zero", [0.5, 2.4, -1.0])
def test_another_one_fails_though_it_is_right_nearby(at_zero):
    report = check_gradients(bent, lambda p: slopes(p, at_zero), X)
    (check,) = report.failures
    assert "not between the slopes on both sides" in check.diagnosis
    assert check.worst["index"] == [0]


def test_a_gradient_that_depends_on_which_number_wins_two_ties_is_right():
    def cost(p):  # at ties, the slopes of the first number alone are 0 on both sides
        a, b, c = p.astype(np.float32) * np.float32(1.1)
        return float(max(a, b) - max(c, a) + np.float32(0.1) * a * a)

    def gradients(p):
        a, b, c = p.astype(np.float32) * np.float32(1.1)
        first = [1.0, 0.0, 0.0] if a >= b else [0.0, 1.0, 0.0]
        second = [0.0, 0.0, 1.0] if c >= a else [1.0, 0.0, 0.0]
        smooth = [np.float32(0.2) * a, 0.0, 0.0]
        return np.float32(1.1) * (np.subtract(first, second) + smooth)

    assert check_gradients(cost, gradients, np.ones(3)).failures == []


def test_the_order_that_a_stable_sort_gives_many_equal_numbers_is_right():
    """Random moves of a hundred equal numbers never give it."""
    x = np.concatenate([np.zeros(100), np.linspace(1, 2, 50)])
    weights = np.random.default_rng(0).standard_normal(150)

    def cost(p):
        return float((np.sort(p.astype(np.float32)) * weights).sum(dtype=np.float32))

    def gradients(p):
        gradient = np.empty(150, np.float32)
        gradient[np.argsort(p, kind="stable")] = weights
        return gradient

    assert check_gradients(cost, gradients, x).failures == []
    assert check_gradients(cost, lambda p: gradients(p) * np.where(p == 0, 2, 1), x).failures


def test_a_reference_shows_it_in_half_precision():
    ml_dtypes = pytest.importorskip("ml_dtypes")

    def rounded(p):
        return np.asarray(p, ml_dtypes.bfloat16).astype(float)

    def forward(p):
        return np.where(p > 0, 2 * p, p / 2)

    def backward(at_zero):
        return lambda p: rounded(np.where(p > 0, 2, np.where(p < 0, 0.5, at_zero)) * rounded(W))

    x = np.concatenate([[0.0], np.linspace(-2, 2, 12)])
    W = np.linspace(0.7, 1.3, 13)

    def check(at_zero):
        return check_gradients(
            lambda p: float(rounded((forward(p) * W).sum())),
            backward(at_zero),
            x,
            reference=lambda p: (forward(p) * W).sum(),
        )

    assert check(2.0).failures == []
    assert check(4.0).failures
