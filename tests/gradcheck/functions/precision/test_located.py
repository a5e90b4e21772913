import numpy as np
import pytest
from coarse_functions import bfloat16, tanh_layer

from minidl import check_function, check_gradients


def zero_row(g):
    g[2] = 0
    return g


def one_element(g):
    g[2, 1] *= 2
    return g


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda g: 2 * g, "an extra factor of 2"),
        (lambda g: -g, "the sign is wrong"),
        (zero_row, "only row 2 of 6 is zero"),
        (one_element, "only element (2, 1) of 24 is wrong, 2.000 x numeric"),
        (lambda g: g[::-1].copy(), "elements at other places"),
    ],
)
def test_mistakes_in_float32_are_named(mistake, words):
    cost, gradient, x = tanh_layer()
    report = check_gradients(cost, lambda p: mistake(gradient(p)), x)
    assert words in report.guilty.diagnosis
    assert report.guilty.error_summary
    assert "index" in report.guilty.worst


def test_a_mistake_in_one_operation_in_float32_is_named():
    def forward(x, w):
        return np.tanh(x.astype(np.float32) @ w.astype(np.float32))

    def backward(dy, x, w):
        x, w, dy = (array.astype(np.float32) for array in (x, w, dy))
        return dy @ w.T, x.T @ dy  # the derivative of tanh is missing

    rng = np.random.default_rng(0)
    report = check_function(
        forward, backward, rng.standard_normal((5, 4)), rng.standard_normal((4, 3)),
        backward_inputs=True,
    )  # fmt: skip
    assert len(report.failures) == 2
    for check in report.failures:
        assert "the derivative with respect to the argument of tanh" in check.diagnosis
        assert "(equal to within 1e-07 of the error)" in check.diagnosis


def test_a_wrong_gradient_in_bfloat16_is_named_with_a_reference():
    cost, gradient, x = tanh_layer()
    exact = tanh_layer(0, np.float64)[0]
    report = check_gradients(cost, lambda p: bfloat16(2 * gradient(p)), x, reference=exact)
    assert "factor of 2" in report.guilty.diagnosis


def test_large_arrays_fail_without_elements():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(1200)
    report = check_gradients(
        lambda p: float(np.tanh(p.astype(np.float32)).sum()),
        lambda p: 2 * (1 - np.tanh(p.astype(np.float32)) ** 2),
        x,
    )
    assert report.guilty.parameter == "parameters"
