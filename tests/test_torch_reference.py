"""Agreement with PyTorch in float64, to 1e-10; reference/torch_reference.json has its results."""

import numpy as np
import pytest
from helpers import in_dtype, read_reference

import minidl
from minidl import Callback

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

REFERENCE = read_reference("reference/torch_reference.json")
NETS = REFERENCE["nets"]
PUBLIC_NAMES = {name: getattr(minidl, name) for name in minidl.__all__}


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)


def made(text):
    """Return the object of an expression such as "Linear(3, 4, bias=False)"."""
    return eval(text, {"__builtins__": {}}, PUBLIC_NAMES)


@pytest.mark.parametrize("name", REFERENCE["layers"])
def test_layers(name):
    case, layer = REFERENCE["layers"][name], in_dtype(made(name), np.float64)
    for inner, parameter in layer.parameters().items():
        parameter.value = case[inner]["value"]
    same(layer.forward(np.array(case["x"])), case["y"])
    same(layer.backward(np.array(case["dy"])), case["dx"])
    for inner, parameter in layer.parameters().items():
        same(parameter.grad, case[inner]["grad"])


@pytest.mark.parametrize("case", REFERENCE["losses"], ids=lambda case: case["loss"])
def test_losses(case):
    loss = PUBLIC_NAMES[case["loss"]]()
    same(loss.forward(np.array(case["prediction"]), np.array(case["target"])), case["value"])
    same(loss.backward(), case["gradient"])


@pytest.mark.parametrize("case", REFERENCE["smoothed"], ids=lambda case: case["loss"])
def test_smoothed_losses(case):
    loss = PUBLIC_NAMES[case["loss"]](label_smoothing=case["label_smoothing"])
    same(loss.forward(np.array(case["prediction"]), np.array(case["target"])), case["value"])
    same(loss.backward(), case["gradient"])


@pytest.mark.parametrize("text", REFERENCE["schedules"])
def test_schedules(text):
    same([made(text)(step) for step in range(25)], REFERENCE["schedules"][text])


class Objectives(Callback):
    def __init__(self):
        self.seen = []

    def on_gradient(self, run):
        self.seen.append(run.loss)
        if run.epoch == 1:
            self.gradient = run.model.parameters.grad.copy()


@pytest.mark.parametrize("optimizer", NETS["binary"]["training"])
@pytest.mark.parametrize("name", NETS)
def test_twenty_steps_of_training(name, optimizer):
    case = NETS[name]
    expected = case["training"][optimizer]
    model = minidl.Sequential(
        [made(layer) for layer in case["layers"]],
        loss=made(case["loss"]),
        penalties=[made(case["penalty"])] if case["penalty"] else [],
        dtype=np.float64,
    )
    model.parameters.theta = case["start"]
    watch = Objectives()
    history = model.fit(
        case["X"],
        case["Y"],
        optimizer=made(optimizer),
        epochs=len(expected["objectives"]),
        batch_size=None,
        callbacks=watch,
        progress=False,
    )
    same(watch.gradient, expected["gradient"])
    same(watch.seen, expected["objectives"])
    same(history.loss, expected["objectives"])
    same(model.parameters.theta, expected["theta"])
