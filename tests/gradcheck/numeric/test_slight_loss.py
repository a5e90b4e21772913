"""Slight parts of a derivative that the complex step loses."""

import numpy as np
import pytest

from minidl.gradcheck.numeric.function import Function, real_and_complex
from minidl.gradcheck.numeric.slight_loss import loses_slightly


@pytest.mark.parametrize("slight", [1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_a_slight_part_that_the_complex_step_loses_is_seen(slight, size):
    arrays = real_and_complex(size * np.random.default_rng(0).standard_normal((5, 4)))

    def bent(arithmetic):
        return arrays[arithmetic] + slight * np.abs(arrays[arithmetic])

    def smooth(arithmetic):
        return np.tanh(arrays[arithmetic] / size) * (1 + slight)

    assert loses_slightly(Function(bent, arrays), 0.0)
    assert not loses_slightly(Function(smooth, arrays), 0.0)


def test_what_turns_within_long_steps_or_rounds_is_not_lost():
    arrays = real_and_complex(np.random.default_rng(0).standard_normal((5, 4)))
    for f in (
        lambda x: np.sin(1e4 * x),
        lambda x: (x + 1e7) - 1e7,
        lambda x: x * (x.real > 0),
        lambda x: np.tanh(1e3 * x),
        lambda x: np.log(x * x + 1e-9),
    ):
        function = Function(lambda arithmetic, f=f: f(arrays[arithmetic]), arrays)
        assert not loses_slightly(function, 1e7)


def test_integers_and_zeros_lose_nothing():
    for x in (np.arange(3), np.zeros(3)):
        arrays = real_and_complex(x)
        function = Function(lambda a, arrays=arrays: np.abs(arrays[a]), arrays)
        assert not loses_slightly(function, 0.0)


def test_what_is_left_of_terms_that_cancel_is_no_loss():
    """Where tanh rounds to -1, the slope is 0 for real numbers, and a little more than 0 else."""
    arrays = real_and_complex(np.linspace(-12, 2, 40))

    def gelu(arithmetic):
        x = arrays[arithmetic]
        return 0.5 * x * (1 + np.tanh(0.8 * (x + 0.045 * x**3)))

    assert not loses_slightly(Function(gelu, arrays), 0.0)
