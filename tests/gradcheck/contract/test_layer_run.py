"""What the rules of a layer are tested on, and which gradients differ."""

import numpy as np
from rule_violations import Broken, broken

from minidl import Linear
from minidl.gradcheck.contract.layer_run import LayerRun, first_difference
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.sandbox import ModelSandbox


def test_a_run_has_two_inputs_and_two_cotangents():
    x = np.random.default_rng(0).standard_normal((5, 4))
    with ModelSandbox([Linear(4, 3)]) as sandbox:
        run = LayerRun.of(LayerHarness(sandbox, 0), x, np.random.default_rng(1))
    assert run.x.shape == run.other_x.shape == (5, 4)
    assert run.cotangent.shape == run.other_cotangent.shape == run.y.shape == (5, 3)
    assert not np.array_equal(run.x, run.other_x)
    np.testing.assert_array_equal(run.y, run.repeated_y)
    assert set(run.gradients) == {"weight", "bias", "input"}


def test_the_first_difference_is_named():
    expected = {"weight": np.ones(2), "bias": np.full(3, 5.0)}
    assert first_difference({name: g * (1 + 1e-12) for name, g in expected.items()}, expected) == ""
    assert first_difference({**expected, "bias": np.full(3, 5.1)}, expected) == "bias"
    assert first_difference({"weight": np.ones(3)}, expected) == "weight"
    assert first_difference({"weight": np.ones(2)}, expected) == "bias"


def test_not_a_number_on_both_sides_is_the_same():
    class Undefined(Broken):
        """Its gradient is NaN for one element, always."""

        def backward(self, dy):
            dx = super().backward(dy)
            self.gain.grad[2] = np.nan
            return dx

    assert set(broken(Undefined())) == {"gradients overwritten"}
