"""A gradient that cannot be compared is a failed row, and the rest is still checked."""

import numpy as np
import pytest

from minidl import ShapeError, check_gradients
from minidl.gradcheck.functions.structure import sound_part

PARAMETERS = {"W": np.ones((2, 3)), "layers": [{"b": np.ones(3)}, {"b": 2 * np.ones(3)}]}


def cost(p):
    return (p["W"] ** 2).sum() + sum((layer["b"] ** 3).sum() for layer in p["layers"])


def right(p):
    return {"W": 2 * p["W"], "layers": [{"b": 3 * layer["b"] ** 2} for layer in p["layers"]]}


def verdicts(report):
    return {c.parameter: c.verdict for c in report.checks if c.term == "total"}


@pytest.mark.parametrize("ready_made", [False, True])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"b": np.ones((1, 3, 1, 1))}, "has shape (1, 3, 1, 1), but the array has shape (3,)"),
        ({"b": 1.0}, "has shape ()"),
        ({"b": "no"}, "no numbers"),
        ({"b": [[1.0], [1.0, 2.0]]}, "unequal"),
        ({"b": np.ones(3) * 1j}, "complex"),
        ({"b": None}, "is None"),
        ({"b": {"c": 1}}, "is a dict"),
        ({}, "is missing"),
        ({"db": np.ones(3)}, "is missing"),
    ],
)
def test_one_bad_array(wrong, words, ready_made):
    def gradients(p):
        result = right(p)
        result["layers"][0] = wrong
        return result

    report = check_gradients(cost, gradients(PARAMETERS) if ready_made else gradients, PARAMETERS)
    assert verdicts(report) == {"W": "pass", "layers[0].b": "fail", "layers[1].b": "pass"}
    assert words in report.guilty.diagnosis
    assert not report.ok
    assert report.difference < 1e-10


def test_the_others_may_be_wrong_too():
    def gradients(p):
        result = right(p)
        del result["W"]
        result["layers"][1]["b"] *= 2
        return result

    report = check_gradients(cost, gradients, PARAMETERS)
    assert verdicts(report) == {"W": "fail", "layers[0].b": "pass", "layers[1].b": "fail"}


def test_right_structures_have_no_part():
    assert sound_part(cost, right, PARAMETERS) is None


def test_where_nothing_fits_the_structure_is_refused():
    with pytest.raises(ShapeError, match=r'gradients\["d" \+ key\]'):
        check_gradients(
            lambda p: p["W"].sum() + p["b"].sum(),
            lambda p: {"dW": np.ones(2), "db": np.ones(2)},
            {"W": np.ones(2), "b": np.ones(2)},
        )
