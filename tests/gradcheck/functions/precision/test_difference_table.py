import numpy as np
import pytest

from minidl.gradcheck.functions.precision.difference_table import ecnoise, fourth_difference_noise


@pytest.mark.parametrize("deviation", [1e-9, 1e-3])
def test_noise_on_a_smooth_function_is_measured(deviation):
    rng = np.random.default_rng(0)
    t = 1e-6 * np.arange(9)
    found = [
        ecnoise(np.sin(1 + t) + deviation * rng.standard_normal(9)).deviation for _ in range(60)
    ]
    assert np.median(found) == pytest.approx(deviation, rel=0.3)


def test_a_smooth_function_has_none():
    noise = ecnoise(np.exp(1e-5 * np.arange(9)))
    assert noise.deviation < 1e-15


def test_one_jump_is_no_noise_on_which_orders_agree():
    assert not ecnoise(np.arange(9.0) ** 5).is_reliable


def test_fourth_differences_of_each_column():
    rng = np.random.default_rng(0)
    table = np.outer(np.arange(400.0), [1.0, 5.0]) + rng.standard_normal((400, 2)) * [1.0, 1e-3]
    np.testing.assert_allclose(fourth_difference_noise(table), [1.0, 1e-3], rtol=0.15)
