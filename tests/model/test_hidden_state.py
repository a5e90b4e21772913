"""`fit` refuses a layer that keeps state in anything but buffers, and changes nothing."""

import copy
import re

import h5py
import numpy as np
import pytest
from stateful_layers import (
    HARMLESS,
    STATEFUL,
    Adds,
    ArrayInPlace,
    KeepsABuffer,
    MeanAndCount,
    ReplacedArray,
    WithAChild,
)
from stateful_training import RNG, X, Y, fit, net
from token_layers import Tokens

from minidl import (
    ArgumentError,
    Buffer,
    Chain,
    Checkpoint,
    Concat,
    Dropout,
    Layer,
    Linear,
    ReLU,
    Residual,
    Zeros,
)
from minidl.layers.tree import named_modules


def content(value):
    """Return what an attribute holds, in a form to compare."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, dict):
        return {name: content(item) for name, item in value.items()}
    if isinstance(value, list):
        return [content(item) for item in value]
    return repr(value)


def state_of(model):
    attributes = {
        path: content({k: v for k, v in vars(module).items() if not isinstance(v, Layer)})
        for path, module in named_modules(model.layers)
    }
    vector = model.parameters
    buffers = {name: content(buffer.value) for name, buffer in model.buffers.items()}
    return attributes, content(vector.theta), content(vector.grad), buffers


@pytest.mark.parametrize("layer_class", STATEFUL)
def test_each_kind_of_attribute_is_named_and_nothing_changes(layer_class):
    model = net(Linear(2, 2), layer_class(), Dropout(0.5))
    before = state_of(model)
    global_stream = np.random.get_state(legacy=False)  # noqa: NPY002
    places = " and ".join(repr(name) for name in STATEFUL[layer_class])
    with pytest.raises(
        ArgumentError,
        match=rf"must be a Buffer, got {places} of layer 1, {layer_class.__name__}\(\), .*"
        rf"write self\.{STATEFUL[layer_class][0]} = Buffer\(",
    ):
        fit(model)
    assert state_of(model) == before
    assert repr(np.random.get_state(legacy=False)) == repr(global_stream)  # noqa: NPY002


@pytest.mark.parametrize("layer_class", HARMLESS)
def test_a_layer_that_keeps_nothing_trains_as_if_nothing_had_been_tested(layer_class, monkeypatch):
    tested, untested = (net(Linear(2, 2), layer_class(), Dropout(0.5)) for _ in range(2))
    fit(tested, epochs=2)
    monkeypatch.setattr("minidl.model.fit_arguments.check_hidden_state", lambda *_: None)
    if layer_class.__name__ not in ("DrawsGlobally", "NeverTwiceTheSame"):
        fit(untested, epochs=2)
        assert state_of(tested) == state_of(untested)


def test_what_draws_from_the_global_generator_trains_as_untested(monkeypatch):
    from stateful_layers import DrawsGlobally

    stream = np.random.get_state(legacy=False)  # noqa: NPY002
    thetas = []
    for _ in range(2):
        model = net(Linear(2, 2), DrawsGlobally())
        np.random.seed(5)  # noqa: NPY002
        fit(model)
        thetas.append(model.parameters.theta.tobytes())
        monkeypatch.setattr("minidl.model.fit_arguments.check_hidden_state", lambda *_: None)
    np.random.set_state(stream)  # noqa: NPY002
    assert thetas[0] == thetas[1]


@pytest.mark.parametrize(
    ("layers", "path"),
    [
        ([Chain(Linear(2, 2), ReplacedArray())], "0.1"),
        ([Linear(2, 2), ReLU(), Residual(ReplacedArray())], "2.body.0"),
        ([Residual(Linear(2, 2), shortcut=ReplacedArray())], "0.shortcut"),
        ([Concat(Linear(2, 1), Chain(ReplacedArray(), Linear(2, 1)))], "0.1.0"),
        ([WithAChild()], "0.steps.1"),
        ([Chain(Residual(WithAChild()))], "0.0.body.0.steps.1"),
    ],
)
def test_the_path_leads_into_containers_and_layers(layers, path):
    with pytest.raises(
        ArgumentError, match=rf"got 'mean' of layer {re.escape(path)}, ReplacedArray\(\), which"
    ):
        fit(net(*layers))


def test_a_later_layer_that_is_saturated_hides_nothing():
    model = net(Linear(2, 2), MeanAndCount(), ReLU(), ReplacedArray())
    model.layers[-1].weight.value[...] = 0  # of the last layer, which then gives its bias only
    with pytest.raises(
        ArgumentError, match=r"'total' and 'count' of layer 1, .*; 'mean' of layer 3, Repl"
    ):
        fit(model)


def test_all_layers_are_named():
    with pytest.raises(
        ArgumentError,
        match=r"'mean' of layer 0, ReplacedArray\(\); 'total' and 'count' of layer 1, Mean",
    ):
        fit(net(ReplacedArray(), MeanAndCount()))


@pytest.mark.parametrize("n_examples", [1, 2, 3, 4, 5, 17])
def test_few_examples_are_enough(n_examples):
    fit(net(KeepsABuffer()), X[:n_examples], Y[:n_examples])
    with pytest.raises(ArgumentError, match="'mean' of layer 0"):
        fit(net(ArrayInPlace()), X[:n_examples], Y[:n_examples])


def test_rows_out_of_memory_are_tried(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"], file["y"] = X, Y
        with pytest.raises(ArgumentError, match="'mean' of layer 0"):
            fit(net(ArrayInPlace()), file["x"], file["y"])
        fit(net(KeepsABuffer()), file["x"], file["y"])


def test_integers_stay_integers():
    tokens = RNG.integers(0, 5, (30, 3))
    targets = RNG.standard_normal((30, 3, 1))
    fit(net(Tokens(5, 2), KeepsABuffer()), tokens, targets)
    with pytest.raises(ArgumentError, match="'mean' of layer 1"):
        fit(net(Tokens(5, 2), ArrayInPlace()), tokens, targets)


def test_a_resumed_training_is_tested_too(tmp_path):
    path = tmp_path / "run.h5"
    fit(net(KeepsABuffer()), epochs=1, callbacks=[Checkpoint(path)])
    resumed, straight = net(KeepsABuffer()), net(KeepsABuffer())
    fit(resumed, epochs=3, resume=path)
    fit(straight, epochs=3)
    assert state_of(resumed)[1:] == state_of(straight)[1:]
    model = net(ArrayInPlace())
    with pytest.raises(ArgumentError, match="'mean' of layer 0"):
        fit(model, epochs=3, resume=path)


def test_a_custom_method_of_an_instance_is_tested():
    layer = ReLU()
    forward = layer.forward

    def counting_forward(x, *, training=False):
        layer.count = getattr(layer, "count", 0) + training
        return forward(x) + layer.count

    layer.forward = counting_forward
    with pytest.raises(ArgumentError, match="'count' of layer 1"):
        fit(net(Linear(2, 2), layer))


def test_a_buffer_made_anew_in_forward_is_named():
    class MakesAnew(Adds):
        def __init__(self):
            self.mean = Buffer((2,), init=Zeros())

        def observe(self, x):
            self.mean = Buffer((2,), init=Zeros())

    with pytest.raises(ArgumentError, match=r"'mean' of layer 0, .* was replaced"):
        fit(net(MakesAnew()))


def test_a_layer_that_fails_raises_its_own_error():
    class Fails(Adds):
        def observe(self, x):
            raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        fit(net(Fails()))


def test_a_layer_that_takes_whole_batches_only_is_left_alone():
    class OnlyWhole(Adds):
        def observe(self, x):
            if len(x) != 20:
                raise ValueError("only batches of 20")

    fit(net(OnlyWhole()), batch_size=20)


def test_models_of_minidl_alone_are_not_run(monkeypatch):
    monkeypatch.setattr("minidl.model.hidden_state.find_hidden_state", None)
    fit(net(Linear(2, 2), Residual(Linear(2, 2), Dropout(0.5))))


def test_a_trained_model_is_tested_in_the_state_that_it_is_in():
    model = net(KeepsABuffer())
    fit(model)
    twin = copy.deepcopy(model)
    fit(model)
    fit(twin)
    assert state_of(model)[1:] == state_of(twin)[1:]
