"""`save` refuses to lose an attribute that the output depends on, and disturbs nothing."""

import copy
import threading

import numpy as np
import pytest
from stateful_layers import Adds, KeepsABuffer
from stateful_training import RNG, X, fit, net
from token_layers import Tokens

from minidl import (
    ArgumentError,
    Callback,
    Chain,
    Checkpoint,
    Dropout,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
)
from minidl.layers.tree import named_modules


class Kept(Adds):
    """Adds what it keeps in an attribute of some kind, which is no argument."""

    def __init__(self):
        self.array = np.zeros(2)
        self.number = 0
        self.items = [0.0, {"inner": np.zeros(2)}]
        self.later = None
        self.unread = 0

    def offset(self, x):
        later = 0.0 if self.later is None else self.later
        return self.array + self.number + self.items[0] + self.items[1]["inner"] + later


def in_place(layer):
    layer.array += 1


def replaced(layer):
    layer.array = np.ones(2)


def number(layer):
    layer.number = 2


def in_a_list(layer):
    layer.items[0] = 1.0


def nested(layer):
    layer.items[1]["inner"] += 1


def later(layer):
    layer.later = np.ones(2)


CHANGES = {
    in_place: "array",
    replaced: "array",
    number: "number",
    in_a_list: "items",
    nested: "items",
    later: "later",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [lambda: net(Linear(2, 2), Kept()), lambda: net(Kept())])
@pytest.mark.parametrize("trained", [True, False])
def test_each_kind_of_attribute_is_named(tmp_path, change, make, trained):
    model = make()
    if trained:
        fit(model)
        model.save(tmp_path / "before.h5")
    index, layer = next((i, each) for i, each in enumerate(model.layers) if type(each) is Kept)
    change(layer)
    with pytest.raises(
        ArgumentError, match=rf"got '{CHANGES[change]}' of layer {index}, Kept\(\), .* after load"
    ):
        model.save(tmp_path / "model.h5")
    assert not (tmp_path / "model.h5").exists()


@pytest.mark.parametrize(
    ("layers", "path"),
    [
        ([Chain(Linear(2, 2), Kept())], "0.1"),
        ([Linear(2, 2), Residual(ReLU(), Kept())], "1.body.1"),
        ([Residual(Linear(2, 2), shortcut=Kept())], "0.shortcut"),
    ],
)
def test_the_path_leads_into_containers(tmp_path, layers, path):
    model = net(*layers)
    next(each for _, each in named_modules(model.layers) if type(each) is Kept).number = 1
    with pytest.raises(ArgumentError, match=rf"'number' of layer {path}, Kept\(\)"):
        model.save(tmp_path / "model.h5")


def test_a_buffer_tells_the_shape_of_an_example_too(tmp_path):
    model = Sequential([KeepsABuffer(), Kept()], loss=MeanSquaredError())
    model.layers[1].number = 1
    with pytest.raises(ArgumentError, match="'number' of layer 1"):
        model.save(tmp_path / "model.h5")


def test_a_later_layer_that_is_saturated_hides_nothing(tmp_path):
    model = net(Kept())
    model.layers[0].number = 1
    model.layers[1].weight.value[...] = 0
    with pytest.raises(ArgumentError, match="'number' of layer 0"):
        model.save(tmp_path / "model.h5")


def test_what_no_output_depends_on_is_saved(tmp_path):
    model = net(Linear(2, 2), Kept(), KeepsABuffer(), Dropout(0.5))
    fit(model)
    model.layers[1].unread = [1, np.ones(3)]
    model.layers[1].lock = threading.Lock()
    path = model.save(tmp_path / "model.h5")
    loaded = Sequential.load(path, custom=[Kept, KeepsABuffer])
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


class Scaled(Adds):
    """Has an argument, and what follows from it."""

    def __init__(self, factor):
        self.factor = factor
        self.table = np.full(2, factor / 2)
        self.noise = np.random.default_rng(3)
        self.generators = [np.random.RandomState(4)]
        self.activation = np.tanh

    def offset(self, x):
        noise = self.noise.standard_normal() + self.generators[0].standard_normal()
        return self.activation(self.table * x) + noise


def test_arguments_generators_and_functions_are_no_hidden_state(tmp_path):
    model = net(Scaled(3.0))
    fit(model)  # its generators have advanced
    model.layers[0].table += 0
    model.save(tmp_path / "model.h5")
    model.layers[0].factor = 5.0  # what load would build has another table
    with pytest.raises(ArgumentError, match=r"'table' of layer 0, Scaled\(\)"):
        model.save(tmp_path / "model.h5")


def test_functions_that_belong_to_the_model_are_not_called(tmp_path):
    model = net(Kept())
    layer = model.layers[0]
    calls = []
    layer.offset = lambda x: calls.append(x) or layer.array
    model.save(tmp_path / "model.h5")
    assert not calls


@pytest.mark.parametrize(
    ("shape", "y_shape"), [((40, 3), (40, 3, 1)), ((40,), (40, 1)), ((40, 2, 5), (40, 2, 5, 1))]
)
def test_integers_are_tried_as_integers(tmp_path, shape, y_shape):
    model = net(Tokens(5, 2), Kept())
    fit(model, RNG.integers(0, 5, shape), np.zeros(y_shape))
    model.save(tmp_path / "model.h5")
    model.layers[1].number = 1
    with pytest.raises(ArgumentError, match="'number' of layer 1"):
        model.save(tmp_path / "model.h5")


def test_integers_are_tried_before_anything_ran(tmp_path):
    model = net(Tokens(5, 2), Kept())
    model.layers[1].number = 1
    with pytest.raises(ArgumentError, match="'number' of layer 1"):
        model.save(tmp_path / "model.h5")


def test_where_no_shape_is_known_nothing_is_refused(tmp_path):
    model = Sequential([Kept()], loss=MeanSquaredError())
    model.layers[0].number = 1
    model.save(tmp_path / "model.h5")
    model.predict(X)
    with pytest.raises(ArgumentError, match="'number' of layer 0"):
        model.save(tmp_path / "model.h5")


def test_images_have_the_shape_that_was_fitted(tmp_path):
    class OnlyImages(Kept):
        def forward(self, x, *, training=False):
            assert x.ndim == 4
            return super().forward(x, training=training)

    model = net(OnlyImages())
    images = RNG.standard_normal((12, 4, 5, 2))
    fit(model, images, images[..., :1])
    model.layers[0].number = 1
    for same in (model, copy.deepcopy(model)):
        with pytest.raises(ArgumentError, match="'number' of layer 0"):
            same.save(tmp_path / "model.h5")


def test_a_state_that_appears_late_stops_the_checkpoint(tmp_path):
    class AfterTenSteps(Kept):
        steps = 0

        def observe(self, x):
            self.steps += 1
            if self.steps > 10:
                self.later = x.mean(axis=0)

    path = tmp_path / "run.h5"
    with pytest.raises(ArgumentError, match="'later' of layer 1, AfterTenSteps"):
        fit(
            net(Linear(2, 2), AfterTenSteps()),
            epochs=9,
            batch_size=10,
            callbacks=[Checkpoint(path)],
        )
    assert Sequential.load(path, custom=[AfterTenSteps]).parameters.size  # of an epoch before


def test_a_changed_attribute_is_refused_before_a_training_with_a_checkpoint(tmp_path):
    model = net(Kept())
    model.layers[0].number = 1
    theta = model.parameters.theta.copy()
    with pytest.raises(ArgumentError, match="'number' of layer 0"):
        fit(model, callbacks=[Checkpoint(tmp_path / "run.h5")])
    np.testing.assert_array_equal(model.parameters.theta, theta)


def test_saving_in_callbacks_changes_no_training(tmp_path):
    class Saves(Callback):
        def on_gradient(self, run):
            run.model.save(tmp_path / "model.h5")

        on_batch_end = on_epoch_end = on_gradient

    def trained(callbacks):
        model = net(Linear(2, 2), Kept(), Scaled(2.0), KeepsABuffer(), Dropout(0.5))
        history = fit(model, epochs=3, callbacks=callbacks)
        buffers = [buffer.value.tobytes() for buffer in model.buffers.values()]
        return model.parameters.theta.tobytes(), buffers, history.loss

    every_step = Checkpoint(tmp_path / "run.h5", every_seconds=1e-9)
    assert trained([Saves(), every_step]) == trained([])


def test_layers_that_load_could_not_build_are_left_to_load(tmp_path):
    class Counts(Kept):
        made = 0

        def __init__(self):
            super().__init__()
            type(self).made += 1
            if self.made > 1:
                raise RuntimeError("only once")

    net(Counts()).save(tmp_path / "model.h5")
    assert Counts.made == 2


def test_models_of_minidl_alone_are_not_built_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("minidl.serialization.unsaved_state.PartBuilder", None)
    monkeypatch.setattr("minidl.serialization.unsaved_state.find_hidden_state", None)
    net(Residual(Linear(2, 2), Dropout(0.5))).save(tmp_path / "model.h5")
