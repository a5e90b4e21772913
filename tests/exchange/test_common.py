import numpy as np
import pytest

from minidl import ArgumentError, DtypeError, Linear, MeanSquaredError, NonFiniteError, Sequential
from minidl.exchange.common import check_model, check_sendable, missing


def model(dtype=np.float32):
    return Sequential([Linear(3, 2), Linear(2, 1)], loss=MeanSquaredError(), dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_models_are_let_through(dtype):
    check_model(model(dtype), "here")
    check_sendable(model(dtype), "here")


def test_what_is_no_model_is_refused():
    with pytest.raises(ArgumentError, match=r"model must be a Sequential, got Linear\(3, 2\) in here"):
        check_sendable(Linear(3, 2), "here")


def test_complex_models_are_refused():
    with pytest.raises(DtypeError, match=r"float32 or float64, got complex128 in here: pass model\.astype\(np\.float64\)"):
        check_sendable(model(np.complex128), "here")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_not_finite_is_named(value):
    broken = model()
    broken.layers[0].weight.value[1, 2] = value
    check_model(broken, "here")  # one may load into it
    with pytest.raises(NonFiniteError, match=rf"parameters must be finite, got {value} at 0\.weight\[1, 2\] in here: train or load"):
        check_sendable(broken, "here")


def test_the_cure_for_a_missing_package_is_its_extra():
    assert str(missing("export_onnx", "onnx")) == "export_onnx needs onnx, which is not installed: pip install 'minidl[onnx]'"
