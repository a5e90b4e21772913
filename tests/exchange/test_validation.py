"""Validation of models, and imports without the other programs."""

import json
import subprocess
import sys

import numpy as np
import pytest

import minidl.exchange
from minidl import ArgumentError, DtypeError, Linear, MeanSquaredError, NonFiniteError, Sequential
from minidl.exchange.validation import check_model


def test_the_public_names_have_docstrings():
    assert all(getattr(minidl.exchange, name).__doc__ for name in minidl.exchange.__all__)


@pytest.mark.parametrize("module", ["minidl", "minidl.exchange"])
def test_the_other_programs_are_not_loaded_before_they_are_needed(module):
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
    )
    assert module in loaded
    assert not {name.split(".")[0] for name in loaded} & {
        "onnx",
        "onnxruntime",
        "google",
        "safetensors",
        "torch",
    }


def model(dtype=np.float32):
    return Sequential([Linear(3, 2), Linear(2, 1)], loss=MeanSquaredError(), dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_models_pass(dtype):
    check_model(model(dtype), "here")


def test_a_layer_is_not_a_model():
    with pytest.raises(
        ArgumentError, match=r"model must be a Sequential, got Linear\(3, 2\) in here"
    ):
        check_model(Linear(3, 2), "here")


def test_complex_models_are_refused():
    with pytest.raises(
        DtypeError,
        match=r"float32 or float64, got complex128 in here: pass model\.astype\(np\.float64\)",
    ):
        check_model(model(np.complex128), "here")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_not_finite_is_named(value):
    broken = model()
    broken.layers[0].weight.value[1, 2] = value
    check_model(broken, "here", finite=False)  # loading into it is allowed
    with pytest.raises(
        NonFiniteError,
        match=rf"parameters must be finite, got {value} at 0\.weight\[1, 2\] in here: "
        "train or load",
    ):
        check_model(broken, "here")
