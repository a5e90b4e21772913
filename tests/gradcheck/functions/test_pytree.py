"""Nested structures of arrays, and the same numbers as one vector."""

from collections import namedtuple

import numpy as np
import pytest

from minidl import ShapeError, check_gradients
from minidl.gradcheck.functions.pytree import ParameterTree, map_leaves

Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        (np.ones((2, 3)), ["parameters"]),
        (1.5, ["parameters"]),
        ({"W": np.ones((2, 3)), "b": np.ones(2)}, ["W", "b"]),
        ([np.ones(2), np.ones((1, 2))], ["[0]", "[1]"]),
        (
            {"layers": [{"weight": np.ones(3), "bias": 2.0}], "scale": np.ones(())},
            ["layers[0].weight", "layers[0].bias", "scale"],
        ),
        ((np.ones(2), {3: np.ones(1)}), ["[0]", "[1][3]"]),
        (Pair(np.ones(2), np.ones(3)), ["[0]", "[1]"]),
    ],
)
def test_any_structure_of_arrays(parameters, names):
    def total(tree):
        if isinstance(tree, dict):
            return sum(total(branch) for branch in tree.values())
        if isinstance(tree, list | tuple):
            return sum(total(branch) for branch in tree)
        return np.sin(tree).sum()

    def slope(tree, factor=1.0):
        if isinstance(tree, dict):
            return {key: slope(branch, factor) for key, branch in tree.items()}
        if isinstance(tree, list | tuple):
            return [slope(branch, factor) for branch in tree]
        return factor * np.cos(tree)

    def typed(tree):
        assert type(tree) is (np.ndarray if isinstance(parameters, float) else type(parameters))
        return total(tree)

    report = check_gradients(typed, slope, parameters)
    assert [check.parameter for check in report.checks] == names
    assert report.ok
    assert report.difference < 1e-15
    assert len(check_gradients(typed, lambda p: slope(p, 1.001), parameters).failures) == len(names)


def test_a_named_tuple_keeps_its_names():
    report = check_gradients(
        lambda p: (p.left * p.right).sum(),
        lambda p: Pair(p.right, p.left),
        Pair(np.ones(2), np.array([2.0, 3.0])),
    )
    assert report.ok


def test_complex_copies_come_in_the_same_structure():
    kinds = []

    def cost(p):
        kinds.append((p["a"].dtype, p["b"][0].dtype))
        return (p["a"] * p["b"][0]).sum()

    check_gradients(
        cost, lambda p: {"a": p["b"][0], "b": [p["a"]]}, {"a": np.ones(2), "b": [np.ones(2)]}
    )
    assert {np.dtype(np.float64), np.dtype(np.complex128)} == {
        kind for pair in kinds for kind in pair
    }
    assert all(one == other for one, other in kinds)


def test_a_structure_and_its_vector():
    tree = ParameterTree({"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": [np.ones(1, np.float32)]})
    assert [leaf.name for leaf in tree.leaves] == ["W", "b[0]"]
    np.testing.assert_array_equal(tree.theta, [1, 2, 3, 4, 1])
    filled = tree.unflatten(2 * tree.theta)
    np.testing.assert_array_equal(filled["W"], [[2, 4], [6, 8]])
    vector, precisions = tree.flatten({"W": filled["W"], "b": [np.ones(1, np.float32)]})
    np.testing.assert_array_equal(vector, [2, 4, 6, 8, 1])
    assert precisions == [np.finfo(np.float64).eps, np.finfo(np.float32).eps]


def test_a_filled_structure_shares_no_memory_with_the_vector():
    tree = ParameterTree(np.ones(3))
    tree.unflatten(tree.theta)[...] = 7
    np.testing.assert_array_equal(tree.theta, [1, 1, 1])


def test_leaves_are_changed_in_their_structure():
    nested = {"a": [1, (2, 3)], "b": Pair(4, 5)}
    assert map_leaves(lambda leaf: -leaf, nested) == {"a": [-1, (-2, -3)], "b": Pair(-4, -5)}
    assert isinstance(map_leaves(str, nested)["b"], Pair)


@pytest.mark.parametrize(
    ("gradients", "cure"),
    [
        (
            {"W": 1.0, "b": 1.0, "dZ": 1.0, 3: 1.0},
            "none missing, 'dZ', 3 too many; leave out 'dZ', 3",
        ),
        (
            {"dW": 1.0, "db": 1.0, "dZ": 1.0},
            'pass {key: gradients["d" + key] for key in parameters}',
        ),
        ({"W": 1.0, "db": 1.0}, "'b' missing, 'db' too many"),
    ],
)
def test_the_cure_for_other_keys_is_one_that_works(gradients, cure):
    tree = ParameterTree({"W": 1.0, "b": 2.0})
    with pytest.raises(ShapeError) as caught:
        tree.flatten(gradients)
    assert str(caught.value).endswith(cure)
