import numpy as np

from minidl.gradcheck.functions.precision.scale import parameter_scale, short_move
from minidl.gradcheck.functions.pytree import ParameterTree


def test_an_array_of_zeros_has_the_scale_of_all():
    tree = ParameterTree({"a": np.array([3.0, -3.0]), "b": np.zeros(2)})
    np.testing.assert_allclose(parameter_scale(tree), [3, 3, 4.5**0.5, 4.5**0.5])
    assert (parameter_scale(ParameterTree(np.zeros(2))) == 1).all()


def test_elements_move_in_proportion_to_themselves_to_the_given_side():
    rng, theta = np.random.default_rng(0), np.array([2.0, -4.0, 0.0])
    move = short_move(theta, np.ones(3), np.array([1.0, -1.0, 1.0]), rng)
    assert move[0] > 0 > move[1]
    assert move[2] == 0
    assert (np.abs(move) <= np.abs(theta)).all()
    assert (short_move(np.zeros(3), np.ones(3), np.zeros(3), rng) != 0).all()
