"""Recurrent layers and embeddings agree with PyTorch in float64, to 1e-10."""

import numpy as np
import pytest
from helpers import in_dtype, read_reference

import minidl

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

CASES = read_reference("reference/torch_sequences.json")["cases"]
RECURRENT = [name for name, case in CASES.items() if "kind" in case["options"]]
EMBEDDINGS = [name for name in CASES if name not in RECURRENT]


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-13)


def by_minidls_names(kind, of_torch, *, gradients):
    """Return the values or gradients of PyTorch's parameters as those of minidl's.

    PyTorch has two biases of each gate, of which only the sum matters where both are just added.
    """
    values = {
        name.removesuffix("_l0"): np.array(each["grad" if gradients else "value"])
        for name, each in of_torch.items()
    }
    named = {"weight": values.pop("weight_ih"), "recurrent_weight": values.pop("weight_hh")}
    bias, second = values.pop("bias_ih"), values.pop("bias_hh")
    separate = len(bias) // 3 * 2 if kind == "GRU" else len(bias)
    if gradients:
        same(bias[:separate], second[:separate])
    else:
        bias[:separate] += second[:separate]
    if kind == "GRU":
        named["recurrent_bias"] = second[separate:]
    return {**named, "bias": bias, **values}


def made(case):
    options = case["options"]
    kind = options["kind"]
    layer = getattr(minidl, kind)(
        np.shape(case["x"])[2],
        np.shape(case["y"])[-1],
        return_sequences=options["sequences"],
        skip_padding=options.get("padded", False),
        learn_initial_state=options.get("learned", False),
    )
    layer = in_dtype(layer, np.float64)
    values = by_minidls_names(kind, case["parameters"], gradients=False)
    assert values.keys() == layer.parameters().keys()
    for name, parameter in layer.parameters().items():
        parameter.value = values[name]
    return layer, by_minidls_names(kind, case["parameters"], gradients=True)


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(name):
    case = CASES[name]
    layer, gradients = made(case)
    same(layer.forward(np.array(case["x"])), case["y"])
    same(layer.backward(np.array(case["dy"])), case["dx"])
    for inner, parameter in layer.parameters().items():
        same(parameter.grad, gradients[inner])


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings(name):
    case = CASES[name]
    shape = np.shape(case["weight"])
    layer = in_dtype(minidl.Embedding(*shape, **case["options"]), np.float64)
    layer.weight.value = case["weight"]
    same(layer.forward(np.array(case["x"])), case["y"])
    assert layer.backward(np.array(case["dy"])) is None
    same(layer.weight.grad, case["grad"])
