import numpy as np
import pytest

from minidl import Orthogonal, Xavier
from minidl.layers.gates import GateByGate, finish_sigmoid, repeat_for_units


def test_each_gate_is_drawn_alone():
    init, weight = GateByGate(Orthogonal(2.0)), np.empty((9, 3))
    init(weight, fan_in=3, rng=np.random.default_rng(0))
    for gate in np.split(weight, 3):
        np.testing.assert_allclose(gate @ gate.T, 4 * np.eye(3), atol=1e-14)
    assert not np.allclose(weight[:3], weight[3:6])
    assert repr(GateByGate(Xavier())) == "GateByGate(Xavier())"


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_sigmoid_of_tanh(dtype):
    z = np.array([-800, -3, 0, 0.5, 800], dtype)
    gates = np.tanh(z / 2)
    finish_sigmoid(gates)
    assert gates.dtype == dtype
    expected = [0, 1 / (1 + np.exp(3)), 0.5, 1 / (1 + np.exp(-0.5)), 1]
    np.testing.assert_allclose(gates, expected, rtol=1e-6, atol=0)


def test_numbers_of_gates_are_repeated_for_units():
    repeated = repeat_for_units((0.5, 1.0), 2, np.dtype(np.complex128))
    assert repeated.dtype == np.float64
    assert repeat_for_units((1.0,), 2, np.dtype(np.float32)).dtype == np.float32
    assert repeated.tolist() == [0.5, 0.5, 1, 1]
    assert not repeated.flags.writeable
