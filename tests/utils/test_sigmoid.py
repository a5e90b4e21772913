"""The sigmoid that SiLU and GELU share."""

import numpy as np
import pytest
from scipy import special

from minidl.utils.sigmoid import sigmoid_into

X = np.array([[-1e30, -800.0, -40.0, -1.0, 0.0], [1e-9, 2.0, 40.0, 800.0, 1e30]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_exact_in_both_tails_and_does_not_overflow(dtype):
    x, out, work = X.astype(dtype), np.empty(X.shape, dtype), np.empty(X.shape, dtype)
    with np.errstate(all="raise", under="ignore"):
        sigmoid_into(x, out, work)
        np.testing.assert_allclose(out, special.expit(x), rtol=4 * np.finfo(dtype).eps)
        sigmoid_into(x, x, work)
    np.testing.assert_array_equal(x, out)


def test_the_complex_step_gives_its_derivative():
    step = 1e-30
    x = X + 1j * step
    out = np.empty_like(x)
    with np.errstate(under="ignore"):
        sigmoid_into(x, out, np.empty_like(x))
        expected = special.expit(X) * special.expit(-X)
    np.testing.assert_allclose(out.imag / step, expected, rtol=1e-15)
