"""A saved state is compared with the training that resumes it; see also test_resume.py."""

import copy

import numpy as np
import pytest
from resuming import fit, network

import minidl
from minidl import ArgumentError, Callback, EarlyStopping, StopOnNonFinite
from minidl.cli.train import KeepBestEpoch
from minidl.training.resume import capture_resumable_state
from minidl.training.resume_checks import (
    CALLBACKS,
    STATE_KEYS,
    callback_entry,
    check_state,
    layer_rngs,
    match_callbacks,
    structure_of,
)


class Capture(Callback):
    """Keeps the training and a copy of its state after the first epoch."""

    def on_epoch_end(self, run):
        if run.epoch == 1:
            self.run = run
            self.saved = copy.deepcopy(capture_resumable_state(run))


@pytest.fixture(scope="module")
def captured():
    capture = Capture()
    fit(network(), EarlyStopping(), capture, epochs=2)
    return capture


def test_the_state_of_a_training_itself_is_accepted(captured):
    before = captured.run.model.parameters.theta.tobytes()
    assert captured.saved.state.keys() == STATE_KEYS
    check_state(captured.saved.state, captured.saved.model_state, captured.run)
    assert captured.run.model.parameters.theta.tobytes() == before


def test_a_state_with_infinite_numbers_is_accepted_without_a_warning(captured):
    """As of a training that diverged."""
    state = copy.deepcopy(captured.saved.state)
    for array in state["optimizer_state"]["state"].values():
        if isinstance(array, np.ndarray):
            array[...] = np.inf
    with np.errstate(all="raise"):
        check_state(state, captured.saved.model_state, captured.run)


@pytest.mark.parametrize("key", sorted(STATE_KEYS))
def test_a_missing_part_is_an_error(captured, key):
    state = {name: value for name, value in captured.saved.state.items() if name != key}
    with pytest.raises(TypeError, match="the state has the parts"):
        check_state(state, captured.saved.model_state, captured.run)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"more": 1}, TypeError),
        ({"callbacks": {}}, TypeError),
        ({"callbacks": [{"class": "EarlyStopping", "state": {}}]}, TypeError),
        ({"callbacks": [{"class": "A", "origin": "?", "state": {}}]}, TypeError),
        ({"callbacks": [{"class": "A", "origin": "custom", "state": 1}]}, TypeError),
        ({"history": {"loss": np.ones(3)}}, TypeError),
        ({"history": {"other": np.ones(1)}}, ArgumentError),
        ({"stopped": 1}, TypeError),
        ({"optimizer": None}, AttributeError),
        ({"optimizer": {}}, KeyError),
        ({"optimizer": {"text": "Adam(0.3)"}}, ArgumentError),
        ({"optimizer_state": {"state": {}, "schedule": None}}, ArgumentError),
        ({"epoch_sums": {"loss_sum": 0}}, ArgumentError),
        ({"rng_states": []}, ArgumentError),
        ({"seconds": None}, ArgumentError),
    ],
)
def test_another_state_is_an_error(captured, change, error):
    with pytest.raises(error):
        check_state({**captured.saved.state, **change}, captured.saved.model_state, captured.run)


@pytest.mark.parametrize(
    "change", [{"theta": np.ones(3, np.float32)}, {"buffers": {"0.mean": np.ones(1)}}]
)
def test_another_model_state_is_an_error(captured, change):
    model_state = captured.saved.model_state._replace(**change)
    with pytest.raises(ArgumentError, match=r"structure of (theta|buffers) of the saved training"):
        check_state(captured.saved.state, model_state, captured.run)


def test_callbacks_have_origins():
    assert CALLBACKS["EarlyStopping"] is EarlyStopping
    assert all(getattr(minidl, name) is part for name, part in CALLBACKS.items())
    own = type("EarlyStopping", (EarlyStopping,), {})()
    assert callback_entry(EarlyStopping()) == {"class": "EarlyStopping", "origin": "minidl"}
    assert callback_entry(own) == {"class": "EarlyStopping", "origin": "custom"}
    assert callback_entry(KeepBestEpoch()) == {"class": "KeepBestEpoch", "origin": "custom"}


def test_callbacks_of_one_class_get_their_states_in_order():
    own = type("EarlyStopping", (EarlyStopping,), {})()
    callbacks = [EarlyStopping(), StopOnNonFinite(), own, EarlyStopping("loss")]
    saved = [{**callback_entry(callbacks[i]), "state": {"n": n}} for n, i in enumerate((0, 2, 3))]
    matched = list(match_callbacks(saved, callbacks))
    assert [callback for callback, _ in matched] == [callbacks[0], own, callbacks[3]]
    assert [state["n"] for _, state in matched] == [0, 1, 2]
    with pytest.raises(ArgumentError, match=r"EarlyStopping \(custom\), got only EarlyStopping: "):
        list(match_callbacks(saved[1:2], callbacks[:1]))


@pytest.mark.parametrize(
    ("value", "structure"),
    [
        (1, "number"),
        (2.5, "number"),
        (True, "bool"),
        (None, "NoneType"),
        ("x", "str"),
        (np.zeros((2, 3), np.float32), "float32 (2, 3)"),
        ({"a": [1, {"b": "x"}]}, {"a": ["number", {"b": "str"}]}),
    ],
)
def test_a_structure_has_no_values(value, structure):
    assert structure_of(value) == structure


def test_the_random_streams_are_those_of_the_layers(captured):
    (rng,) = layer_rngs(captured.run)
    assert rng is captured.run.model.layers[2].rng
