"""A failure of the whole model that is rounding inside of a custom layer is none."""

import numpy as np
import pytest
from own_layers import JacobianAttention

from minidl import GradientChecker, Linear, MeanSquaredError, Sequential
from minidl.gradcheck.extended_precision import IS_AVAILABLE

needs_it = pytest.mark.skipif(not IS_AVAILABLE, reason="no precision beyond float64 here")


def report_for(seed, size, factor=1.0):
    rng = np.random.default_rng(seed)
    layers = [Linear(5, 5), JacobianAttention(5, 4, factor=factor), Linear(4, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), seed=seed, dtype=np.float64)
    x, y = size * rng.standard_normal((2, 3, 5)), rng.standard_normal((2, 3, 2))
    return GradientChecker(model, seed=seed).check(x, y)


@needs_it
@pytest.mark.parametrize(("size", "seeds"), [(3.0, (9, 15)), (10.0, (9, 10, 12))])
def test_attention_that_saturates_is_right_in_a_model(size, seeds):
    for seed in seeds:
        assert not report_for(seed, size).failures


def test_a_slight_mistake_is_no_rounding():
    report = report_for(0, 1.0, factor=1 + 1e-8)
    assert {"data", "total"} <= {check.term for check in report.failures}
