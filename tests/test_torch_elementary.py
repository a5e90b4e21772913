"""GELU, SiLU, Softplus, losses and initializers agree with PyTorch, in float64 to 1e-10.

reference/torch_elementary.json has what PyTorch computes.
"""

import numpy as np
import pytest
from helpers import read_reference

import minidl

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

REFERENCE = read_reference("reference/torch_elementary.json")
PUBLIC_NAMES = {name: getattr(minidl, name) for name in minidl.__all__}


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)


def made(text):
    """Return the object of an expression such as "GELU(approximate=True)"."""
    return eval(text, {"__builtins__": {}}, PUBLIC_NAMES)


@pytest.mark.parametrize("name", REFERENCE["activations"])
def test_activations(name):
    case, layer = REFERENCE["activations"][name], made(name)
    same(layer.forward(np.array(case["x"])), case["y"])
    same(layer.backward(np.array(case["dy"])), case["dx"])


@pytest.mark.parametrize(
    "number", range(len(REFERENCE["losses"])), ids=lambda n: REFERENCE["losses"][n]["loss"]
)
def test_losses(number):
    case = REFERENCE["losses"][number]
    loss, prediction = made(case["loss"]), np.array(case["prediction"])
    target = loss.prepare_targets(case["target"], prediction.shape[1:], prediction.dtype)
    same(loss.forward(prediction, target), case["value"])
    same(loss.backward(), case["gradient"])


@pytest.mark.parametrize("name", REFERENCE["initializers"])
@pytest.mark.parametrize("number", [0, 1])
def test_initializers(name, number):
    case = REFERENCE["initializers"][name][number]
    out, inputs, *kernel = case["shape"]
    parameter = minidl.Parameter(
        (out, *kernel, inputs), init=PUBLIC_NAMES[name](), fan_in=int(np.prod([inputs, *kernel]))
    )
    drawn = []
    rng = np.random.default_rng(0)
    for _ in range(200_000 // parameter.size):
        parameter.initialize(rng, np.dtype(float))
        drawn.append(parameter.value.copy())
    assert np.mean(np.square(drawn)) == pytest.approx(case["variance"], rel=0.02)
    if name.endswith("Uniform"):  # both nearly reach the limit
        assert np.abs(drawn).max() == pytest.approx(case["max"], rel=1e-3)
