import numpy as np
import pytest
from coarse_functions import bfloat16, tanh_layer

from minidl import check_gradients


def test_what_was_measured_is_said():
    report = check_gradients(*tanh_layer())
    assert report.ok
    assert any("computes in float32 inside" in note for note in report.notes)
    assert any("would have been seen" in note for note in report.notes)
    assert "kink" not in str(report)


@pytest.mark.parametrize("seed", range(2))
def test_rounded_gradients_are_named(seed):
    cost, gradient, x = tanh_layer(seed, np.float64)
    report = check_gradients(cost, lambda p: bfloat16(gradient(p)), x)
    assert not report.failures
    assert any("rounded to bfloat16" in note for note in report.notes)


def test_functions_in_float64_have_no_such_note():
    x = np.random.default_rng(0).standard_normal(5)
    report = check_gradients(lambda p: np.tanh(p).sum(), lambda p: 1 - np.tanh(p) ** 2, x)
    assert report.notes == []
    assert report.method == "complex step"
    assert np.isfinite(report.difference)
