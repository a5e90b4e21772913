import numpy as np
import pytest
from scipy import special

from minidl import GELU, ArgumentError, GradientChecker, Linear, MeanSquaredError, Sequential
from minidl.testing import check_layer

X = np.array([[-1e30, -1e4, -30.0, -3.0, -1e-9], [0.0, 0.5, 9.0, 1e4, 1e30]])
NEAR = np.linspace(-12, 12, 2001)[np.newaxis]


def exact_gate(x):
    return special.erfc(-x / np.sqrt(2)) / 2


def tanh_gate(x):
    with np.errstate(over="ignore", under="ignore"):
        return special.expit(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


@pytest.mark.parametrize(("approximate", "gate"), [(False, exact_gate), (True, tanh_gate)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_are_those_of_the_formula_also_far_out(approximate, gate, dtype):
    layer, tolerance = GELU(approximate=approximate), 2000 * np.finfo(dtype).eps
    for x in (X.astype(dtype), NEAR.astype(dtype)):
        wide = x.astype(np.float64)
        with np.errstate(all="raise"):
            y = layer.forward(x)
        assert y.dtype == dtype
        tiny = np.finfo(dtype).tiny
        np.testing.assert_allclose(y, wide * gate(wide), rtol=tolerance, atol=tiny)
        with np.errstate(all="raise"):
            dx = layer.backward(np.ones_like(x))
        assert np.isfinite(dx).all()
        far = np.abs(x) > 100
        np.testing.assert_array_equal(dx[far], (x > 0)[far])


@pytest.mark.parametrize(("approximate", "gate"), [(False, exact_gate), (True, tanh_gate)])
def test_gradients_are_those_of_the_formula(approximate, gate):
    layer, step = GELU(approximate=approximate), 1e-5
    layer.forward(NEAR)
    slope = (gate(NEAR + step) - gate(NEAR - step)) / (2 * step)
    if not approximate:
        slope = np.exp(-(NEAR**2) / 2) / np.sqrt(2 * np.pi)
    expected = gate(NEAR) + NEAR * slope
    dx = layer.backward(np.full(NEAR.shape, 3.0))
    np.testing.assert_allclose(dx, 3 * expected, rtol=0, atol=1e-8 if approximate else 1e-14)


def test_the_approximation_is_as_close_as_the_docstring_says():
    exact, close = GELU().forward(NEAR), GELU(approximate=True).forward(NEAR)
    assert 4e-4 < np.abs(exact - close).max() < 5e-4


def test_small_numbers_keep_their_digits():
    y = GELU().forward(np.array([[-20.0, -1e-12]]))
    np.testing.assert_allclose(y, [[-20 * special.ndtr(-20.0), -5e-13]], rtol=1e-11)


@pytest.mark.parametrize("approximate", [False, True])
def test_the_checker_finds_no_mistake(approximate):
    layer = GELU(approximate=approximate)
    rng = np.random.default_rng(0)
    assert check_layer(layer, 3 * rng.standard_normal((5, 2, 3))).ok
    model = Sequential([Linear(3, 5), layer, Linear(5, 2)], loss=MeanSquaredError())
    report = GradientChecker(model).check(
        rng.standard_normal((6, 3)), rng.standard_normal((6, 2)), exhaustive=True
    )
    assert report.ok, str(report)
    assert report.difference < 1e-13


def test_the_argument_is_shown_and_saved(tmp_path):
    assert [str(GELU()), str(GELU(approximate=True))] == ["GELU()", "GELU(approximate=True)"]
    for approximate in (False, np.True_):
        layers = [Linear(2, 3), GELU(approximate=approximate), Linear(3, 1)]
        model = Sequential(layers, loss=MeanSquaredError())
        loaded = Sequential.load(model.save(tmp_path / "model.h5"))
        assert str(loaded) == str(model)
        np.testing.assert_array_equal(loaded.predict(X[:, :2]), model.predict(X[:, :2]))


@pytest.mark.parametrize("approximate", ["tanh", "none", 1, None])
def test_approximate_must_be_true_or_false(approximate):
    with pytest.raises(ArgumentError, match=r"approximate must be True or False, got .* in GELU"):
        GELU(approximate=approximate)
