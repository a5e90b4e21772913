import numpy as np
import pytest

from minidl.layers.recurrent_torch import recurrent_from_torch, recurrent_to_torch

RNG = np.random.default_rng(0)


def arrays_of(gates, **more):
    return {
        "weight": RNG.standard_normal((2 * gates, 3)),
        "recurrent_weight": RNG.standard_normal((2 * gates, 2)),
        "bias": RNG.standard_normal(2 * gates),
        **more,
    }


@pytest.mark.parametrize(
    ("arrays", "separate"),
    [
        (arrays_of(1), 0),
        (arrays_of(4, initial_state=np.ones(2), initial_cell=np.zeros(2)), 0),
        (arrays_of(3, recurrent_bias=np.array([5.0, 7.0])), 2),
    ],
)
def test_what_goes_to_torch_comes_back(arrays, separate):
    kept = {name: array.copy() for name, array in arrays.items()}
    there = recurrent_to_torch(arrays)
    assert there["bias_ih_l0"].shape == there["bias_hh_l0"].shape
    back = recurrent_from_torch(there, separate)
    assert back.keys() == arrays.keys()
    for name, array in kept.items():
        np.testing.assert_array_equal(back[name], array)
        np.testing.assert_array_equal(arrays[name], array)


def test_biases_of_a_gru_are_added_but_for_the_last_gate():
    there = recurrent_to_torch(arrays_of(3, recurrent_bias=np.array([5.0, 7.0])))
    np.testing.assert_array_equal(there["bias_hh_l0"], [0, 0, 0, 0, 5, 7])
    there["bias_ih_l0"], there["bias_hh_l0"] = np.arange(6.0), 10 * np.arange(6.0)
    back = recurrent_from_torch(there, 2)
    assert back["bias"].tolist() == [0, 11, 22, 33, 4, 5]
    assert back["recurrent_bias"].tolist() == [40, 50]
    assert there["bias_ih_l0"].tolist() == [0, 1, 2, 3, 4, 5]


def test_names_are_those_of_the_first_layer_of_pytorch():
    assert set(recurrent_to_torch(arrays_of(1, initial_state=np.ones(2)))) == {
        "weight_ih_l0",
        "weight_hh_l0",
        "bias_ih_l0",
        "bias_hh_l0",
        "initial_state",
    }
