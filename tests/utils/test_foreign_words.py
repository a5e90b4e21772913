"""Words of Keras and PyTorch, and wrong arguments, are answered with the cure."""

import copy
import importlib
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minidl
from minidl import (
    L2,
    LBFGS,
    Adam,
    BinaryCrossEntropy,
    Buffer,
    Checkpoint,
    Dropout,
    EarlyStopping,
    Flatten,
    GradientDescent,
    Linear,
    MeanSquaredError,
    Nesterov,
    Parameter,
    ReLU,
    Sequential,
)
from minidl.errors import ArgumentError, MinidlError, SignatureError
from minidl.utils.foreign_words import ATTRIBUTES, NAMES, cure_for_name, explain_arguments

X, Y = [[0.0], [1.0]], [0, 1]
LOSS = BinaryCrossEntropy()


def model():
    return Sequential([Linear(1, 1)], loss=BinaryCrossEntropy(), seed=3)


CALLS = {
    "layers by position": (
        lambda: Sequential(Linear(1, 1), ReLU(), loss=LOSS),
        r"Sequential takes layers by position, got 2 values: put the layers in a list",
    ),
    "a loss by position": (
        lambda: Sequential([Linear(1, 1)], LOSS),
        "takes layers by position, got 2 values: write the others by name, such as loss=",
    ),
    "activation": (
        lambda: Linear(2, 1, activation="relu"),
        "Linear has no argument 'activation': put an activation such as",
    ),
    "one number": (lambda: Linear(2), "Linear needs out_features: pass the number of outputs"),
    "rate": (lambda: Dropout(rate=0.2), "Dropout has no argument 'rate': write keep_prob="),
    "inplace": (lambda: ReLU(inplace=True), "ReLU has no argument 'inplace': leave it out"),
    "without arguments": (lambda: Flatten(start_dim=1), "'start_dim': it has none"),
    "from_logits": (lambda: BinaryCrossEntropy(from_logits=True), "from_logits': end the layers"),
    "too many": (lambda: MeanSquaredError(1), "takes nothing by position, got 1 values: leave"),
    "memory": (
        lambda: LBFGS(history_size=5),
        "LBFGS has no argument 'history_size': write memory=",
    ),
    "its own cure": (lambda: LBFGS(lr=1), "LBFGS has no argument 'lr': a line search finds the"),
    "lam": (lambda: L2(lam=1), "L2 has no argument 'lam': write strength="),
    "init": (lambda: Parameter((3,)), r"Parameter needs init: .* init=He\(\)"),
    "buffer": (lambda: Buffer((3,)), r"Buffer needs init"),
    "best": (lambda: Checkpoint("x.h5", save_best_only=True), "write keep="),
    "weights": (lambda: EarlyStopping(restore_best_weights=True), "write restore_best="),
    "a misspelling": (
        lambda: model().fit(X, Y, optimizer=Adam(), epochs=1, batchsize=1),
        "has no argument 'batchsize': write batch_size=$",
    ),
    "gradient": (lambda: model().gradient(X), "Sequential.gradient needs Y: pass the targets"),
    "optimizer": (lambda: Sequential([ReLU()], optimizer=Adam()), "pass optimizer= to fit"),
    "a call": (lambda: model()(X), r"a Sequential is not called, .*: use predict\(X\)"),
    "no loss": (lambda: Sequential([Linear(1, 1)]), r"needs loss: .*BinaryCrossEntropy\(\)"),
    "no layers": (lambda: Sequential(loss=LOSS), "Sequential needs layers"),
    "no optimizer": (lambda: model().fit(X, Y, epochs=1), r"needs optimizer: .*Adam\(\)"),
    "no epochs": (lambda: model().fit(X, Y, optimizer=Adam()), r"needs epochs: .*epochs=100"),
    "no targets": (lambda: model().evaluate(X), "Sequential.evaluate needs Y"),
    "epochs by position": (
        lambda: model().fit(X, Y, 5, optimizer=Adam()),
        "takes X, Y by position, got 3 values: write the others by name",
    ),
    "validation_data": (
        lambda: model().fit(X, Y, validation_data=(X, Y), optimizer=Adam(), epochs=1),
        r"has no argument 'validation_data': write validation=\(X_val, Y_val\)",
    ),
    "validation_split": (lambda: model().fit(X, Y, validation_split=0.1), "validation_split"),
    "verbose": (lambda: model().fit(X, Y, verbose=0), "write progress=False"),
    "lr in fit": (lambda: model().fit(X, Y, lr=0.1), r"Adam\(learning_rate=0.001\)"),
    "lr": (lambda: Adam(lr=0.1), "Adam has no argument 'lr': write learning_rate="),
    "lr of a derived class": (lambda: Nesterov(lr=0.1), "Nesterov has no argument 'lr'"),
    "no rate": (lambda: GradientDescent(), "GradientDescent needs learning_rate: pass a number"),
    "unknown": (lambda: model().evaluate(X, Y, what=1), "has no argument 'what': it has X, Y"),
}


@pytest.mark.parametrize(("call", "message"), CALLS.values(), ids=CALLS)
def test_wrong_arguments_are_answered_with_the_cure(call, message):
    with pytest.raises(SignatureError, match=message) as caught:
        call()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ArgumentError)
    assert isinstance(caught.value, MinidlError)


def test_layers_that_are_no_list_are_told_to_be_one():
    with pytest.raises(ArgumentError, match="put the layers in a list"):
        Sequential(Linear(1, 1), loss=LOSS)


def test_a_type_error_from_within_is_left_alone():
    @explain_arguments("method")
    class Owner:
        def method(self, value):
            return value + 1

    with pytest.raises(TypeError, match="can only concatenate str") as caught:
        Owner().method("x")
    assert not isinstance(caught.value, MinidlError)
    assert Owner().method(1) == 2


def test_signatures_and_docstrings_stay():
    assert [*inspect.signature(Sequential).parameters][:2] == ["layers", "loss"]
    assert [*inspect.signature(Sequential.fit).parameters][:4] == ["self", "X", "Y", "optimizer"]
    assert Sequential.fit.__doc__.startswith("Train for")
    assert next(iter(inspect.signature(Adam).parameters)) == "learning_rate"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sequential([], loss=LOSS), r"pass a list such as \[Linear\(2, 8\), ReLU\(\)"),
        (lambda: Sequential([[Linear(1, 1)]], loss=LOSS), "put all layers in one list"),
        (lambda: Sequential([Linear(1, 1), "relu"], loss=LOSS), "layer 1 .* such as ReLU()"),
        (lambda: Sequential([Linear(1, 1)], loss="mse"), "got 'mse': it is a text; make an object"),
        (lambda: Linear(1, 1, init="he"), "must fill an array, got 'he': it is a text"),
        (lambda: Linear(1, 1, init=3), "must fill an array, got 3"),
        (
            lambda: model().fit(X, Y, optimizer=Adam(), epochs=1, validation=0.1),
            "train_validation_split",
        ),
    ],
)
def test_what_is_no_object_is_told_to_be_one(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_an_array_in_the_place_of_a_parameter_is_named():
    network = model()
    network.predict(X)
    network.layers[0].weight = np.zeros((1, 1))
    with pytest.raises(ArgumentError, match=r"'weight' of layer 0, Linear\(1, 1\), was removed"):
        network.predict(X)


def test_an_attribute_that_is_missing_in_a_layer_is_its_own_error():
    class Broken(ReLU):
        def forward(self, x, *, training=False):
            return self.nothing

    with pytest.raises(AttributeError, match="nothing"):
        Sequential([Broken()], loss=LOSS).predict(X)


@pytest.mark.parametrize(
    ("package", "name", "cure"),
    [
        ("minidl", "Relu", "use ReLU"),
        ("minidl", "sequential", "use Sequential"),
        ("minidl.layers", "SoftMax", "use Softmax"),
        ("minidl.layers", "Dense", r"use Linear\("),
        ("minidl.losses", "MSELoss", "use MeanSquaredError"),
        ("minidl.optimizers", "SGD", "use GradientDescent"),
    ],
)
def test_names_in_packages_are_answered_too(package, name, cure):
    with pytest.raises(ImportError, match=f"{package} has no {name}: {cure}"):
        getattr(importlib.import_module(package), name)


def test_modules_are_still_imported_by_their_names():
    code = "from minidl.layers import linear; from minidl.losses import huber; print(huber.Huber)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "minidl.losses.huber.Huber" in process.stdout


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_of_other_libraries_are_attribute_errors_with_the_cure(name):
    assert not hasattr(model(), name)
    with pytest.raises(AttributeError, match=f"'Sequential' object has no attribute '{name}': "):
        getattr(model(), name)


def test_other_attributes_are_plain_attribute_errors():
    with pytest.raises(AttributeError, match=r"'Sequential' object has no attribute 'nothing'$"):
        model().nothing  # noqa: B018


def test_copies_and_pickles_stay_right():
    original = model()
    for twin in (
        copy.copy(original),
        copy.deepcopy(original),
        pickle.loads(pickle.dumps(original)),
    ):
        assert twin.parameters.theta.tobytes() == original.parameters.theta.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_names_of_other_libraries_are_answered_with_the_cure(name):
    with pytest.raises(ImportError, match=f"minidl has no {name}: "):
        exec(f"from minidl import {name}")  # as a user writes it


def test_no_name_of_minidl_is_foreign():
    assert not {*minidl.__all__} & {*NAMES}
    assert not {*dir(model())} & {*ATTRIBUTES}
    assert cure_for_name("Linear") == ""
