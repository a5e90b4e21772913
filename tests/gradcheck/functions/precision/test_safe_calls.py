import numpy as np
from coarse_functions import both_sides

from minidl.gradcheck.functions.precision.safe_calls import (
    gradient_or_nan,
    slope_or_nan,
    value_or_nan,
)


def refuse_negative(p):
    if (p < 0).any():
        raise ValueError("negative")
    return p


def test_what_raises_outside_of_its_domain_is_nan():
    cost, gradient = both_sides(
        lambda p: float(refuse_negative(p).sum()), lambda p: 0 * refuse_negative(p) + 1, np.ones(2)
    )
    outside = np.array([-1.0, 1.0])
    assert value_or_nan(cost, np.ones(2)) == 2
    assert np.isnan(value_or_nan(cost, outside))
    assert gradient_or_nan(gradient, np.ones(2)).tolist() == [1, 1]
    assert np.isnan(gradient_or_nan(gradient, outside)).all()
    assert slope_or_nan(gradient, np.ones(2), outside) == 0
    assert np.isnan(slope_or_nan(gradient, outside, outside))
