import numpy as np
import pytest
from scipy import special

from minidl import GradientChecker, Linear, MeanSquaredError, Sequential, SiLU
from minidl.testing import check_layer

X = np.array([[-1e30, -1e4, -100.0, -3.0, -1e-9], [0.0, 0.5, 9.0, 1e4, 1e30]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_gradients_are_those_of_the_formula_also_far_out(dtype):
    layer, x = SiLU(), X.astype(dtype)
    tolerance, tiny = 4 * np.finfo(dtype).eps, np.finfo(dtype).tiny
    with np.errstate(all="raise"):
        y = layer.forward(x)
        dx = layer.backward(np.full(x.shape, 3, dtype))
    sigmoid = special.expit(x.astype(np.float64))
    np.testing.assert_allclose(y, x * sigmoid, rtol=tolerance, atol=tiny)
    expected = sigmoid * (1 + np.float64(x) * special.expit(-np.float64(x)))
    np.testing.assert_allclose(dx, 3 * expected, rtol=tolerance, atol=100 * tiny)


def test_the_checker_finds_no_mistake():
    rng = np.random.default_rng(0)
    assert check_layer(SiLU(), 3 * rng.standard_normal((5, 2, 3))).ok
    model = Sequential([Linear(3, 5), SiLU(), Linear(5, 2)], loss=MeanSquaredError())
    report = GradientChecker(model).check(
        rng.standard_normal((6, 3)), rng.standard_normal((6, 2)), exhaustive=True
    )
    assert report.ok, str(report)
    assert report.difference < 1e-14
