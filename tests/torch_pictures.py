"""Comparison of layers of pictures with PyTorch, which made reference/torch_pictures.json."""

import numpy as np
from helpers import in_dtype, read_reference

import minidl

CASES = read_reference("reference/torch_pictures.json")["layers"]
PUBLIC_NAMES = {name: getattr(minidl, name) for name in minidl.__all__}


def cases_of(layer_class):
    """Return the constructor calls of a class of which PyTorch's results are recorded."""
    names = [name for name in CASES if name.startswith(f"{layer_class.__name__}(")]
    assert names
    return names


def array(plain):
    return np.array(plain["numbers"], np.float64).reshape(plain["shape"])


def assert_same_as_torch(name):
    """Compare the output and all gradients of the layer of a constructor call to 1e-10."""
    case = CASES[name]
    layer = in_dtype(eval(name, {"__builtins__": {}}, PUBLIC_NAMES), np.float64)
    for inner, parameter in layer.parameters().items():
        parameter.value = array(case[inner]["value"])
    actual = {"y": layer.forward(array(case["x"])).copy(), "dx": layer.backward(array(case["dy"]))}
    for key, value in actual.items():
        np.testing.assert_allclose(value, array(case[key]), rtol=1e-10, atol=1e-10, err_msg=key)
    for inner, parameter in layer.parameters().items():
        expected = array(case[inner]["grad"])
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-10, atol=1e-10, err_msg=inner)
