import numpy as np
import pytest
from helpers import central, complex_step
from hypothesis import given
from hypothesis import strategies as st

from minidl import L1, L2, ArgumentError, Penalty


@pytest.mark.parametrize("kind", [L1, L2])
@given(
    strength=st.floats(0, 10),
    m=st.integers(1, 500),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_gradients(kind, strength, m, shape, dtype):
    weight = np.random.default_rng(m).standard_normal(shape).astype(dtype)
    penalty, out = kind(strength), np.full(shape, np.nan, dtype)
    penalty.gradient(weight, m, out)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(
        out, complex_step(lambda w: penalty.value(w, m), weight), rtol=tolerance, atol=1e-30
    )
    np.testing.assert_allclose(
        out, central(lambda w: penalty.value(w, m), weight), rtol=max(tolerance, 1e-6), atol=1e-6
    )


WEIGHT = np.array([[3.0, -4.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("penalty", "value", "gradient"),
    [(L2(0.5), 0.5 / 20 * 26, 0.05 * WEIGHT), (L1(0.5), 0.05 * 8, [[0.05, -0.05], [0, 0.05]])],
    ids=str,
)
def test_by_hand_for_ten_examples(penalty, value, gradient):
    assert penalty.value(WEIGHT, 10) == pytest.approx(value, rel=1e-15)
    out = np.empty((2, 2))
    penalty.gradient(WEIGHT, 10, out)
    np.testing.assert_allclose(out, gradient, rtol=1e-15)


@pytest.mark.parametrize("kind", [L1, L2])
def test_numbers_that_underflow_are_no_error(kind):
    weight, out = np.full((2, 2), 1e-200), np.ones((2, 2))
    with np.errstate(all="raise"):
        assert kind(1e-200).value(weight, 3) == 0
        kind(1e-200).gradient(weight, 3, out)
    np.testing.assert_allclose(out, 0, atol=1e-200)


@pytest.mark.parametrize("kind", [L1, L2])
def test_strength_0_penalizes_nothing(kind):
    assert kind(0).value(WEIGHT, 3) == 0


@pytest.mark.parametrize("kind", [L1, L2])
@pytest.mark.parametrize("strength", [-0.1, np.nan, np.inf])
def test_strength_must_be_finite_and_from_0(kind, strength):
    with pytest.raises(
        ArgumentError,
        match=rf"strength \(lambda\) must be finite and >= 0, got {strength} in {kind.__name__}",
    ):
        kind(strength)


@pytest.mark.parametrize("layers", [[], [-1], [0.5], ["0"], [0, 0], 1, "0"])
def test_layers_must_be_layer_numbers(layers):
    with pytest.raises(
        ArgumentError, match=r"layers must be a list of different layer numbers >= 0, got .* in L2"
    ):
        L2(0.1, layers=layers)


def test_a_penalty_must_define_value_and_gradient():
    with pytest.raises(TypeError, match="gradient"):
        Penalty(0.1)


def test_repr():
    assert [str(L2(0.1)), str(L1(2, layers=(0, 3)))] == ["L2(0.1)", "L1(2, layers=[0, 3])"]


class ValueAlone(Penalty):
    def value(self, weight, m):
        return 0.0


class GradientAlone(Penalty):
    def gradient(self, weight, m, out):
        out[...] = 0


@pytest.mark.parametrize(("kind", "missing"), [(ValueAlone, "gradient"), (GradientAlone, "value")])
def test_a_penalty_needs_a_value_and_a_gradient(kind, missing):
    with pytest.raises(TypeError, match=f"abstract method '?{missing}'?$"):
        kind(0.1)
