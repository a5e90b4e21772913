"""A training that is stopped anywhere, by any means, and goes on, is the one that is not stopped.

Bit for bit, with buffers, dropout, containers and custom layers. MINIDL_RANDOM_STOPS=100 makes more
stops of each kind, MINIDL_RANDOM_STOPS_FROM=1000 others.
"""

import copy
import os
import pickle
import signal
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pytest
from hook_callback import InEachHook
from normalized_network import CUSTOM, normalized_network
from out_of_core_array import OutOfCoreArray

from minidl import (
    Adam,
    AdamW,
    Checkpoint,
    Cosine,
    EarlyStopping,
    Momentum,
    RMSProp,
    Sequential,
    WarmUp,
)
from minidl.data import planar
from minidl.utils.random import get_rng_state

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

COUNT = int(os.environ.get("MINIDL_RANDOM_STOPS", "5"))
FIRST = int(os.environ.get("MINIDL_RANDOM_STOPS_FROM", "0"))
each_stop = pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))

X, Y = planar.moons(90, noise=0.2, rng=3)
WEIGHTS = np.random.default_rng(3).uniform(0.5, 2, 90)
MEMORY_LIMIT = 1200  # bytes: less than X
VALIDATION = planar.moons(40, noise=0.2, rng=4)
OPTIMIZERS = [
    lambda: Adam(0.2, clip_norm=1.0),
    lambda: AdamW(0.1),
    lambda: RMSProp(0.1),
    lambda: Momentum(WarmUp(5, after=Cosine(2.0, decay_steps=30, final_learning_rate=0.1))),
]
ENDS = ["on_gradient", "on_batch_end", "on_epoch_end"]
DUPLICATES = [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))]


@dataclass
class Case:
    """A random training, and the moment at which it is stopped."""

    seed: int

    def __post_init__(self):
        rng = np.random.default_rng([14, self.seed])
        self.dtype = rng.choice([np.float32, np.float64])
        self.new_optimizer = OPTIMIZERS[rng.integers(len(OPTIMIZERS))]
        self.batch_size = [None, 16, 32][rng.integers(3)]
        self.sample_weight = [None, WEIGHTS][rng.integers(2)]
        self.shuffle = bool(rng.integers(4))
        self.in_memory = bool(rng.integers(4))
        if not self.in_memory:
            self.batch_size = 8  # larger ones do not fit into the limit
        self.monitor = ["loss", "val_loss", "val_accuracy"][rng.integers(3)]
        self.patience = int(rng.integers(1, 5))
        self.epochs = int(rng.integers(4, 8))
        self.draw_position(rng, self.epochs - 1)
        self.hook = ENDS[rng.integers(len(ENDS))]
        self.duplicate = DUPLICATES[rng.integers(len(DUPLICATES))]

    def draw_position(self, rng, epochs):
        """Draw the epoch and the batch of the stop."""
        steps = 1 if self.batch_size is None else -(-len(X) // self.batch_size)
        self.position = int(rng.integers(1, epochs + 1)), int(rng.integers(1, steps + 1))

    def network(self, seed=1):
        return normalized_network(seed, self.dtype)

    def stopping(self):
        return EarlyStopping(self.monitor, patience=self.patience)

    def fit(self, model, *callbacks, optimizer=None, epochs=None, **options):
        if not self.in_memory:
            options["memory_limit"] = MEMORY_LIMIT
        return model.fit(
            X if self.in_memory else OutOfCoreArray(X),
            Y,
            optimizer=optimizer or self.new_optimizer(),
            epochs=epochs or self.epochs,
            batch_size=self.batch_size,
            sample_weight=self.sample_weight,
            shuffle=self.shuffle,
            validation=VALIDATION,
            callbacks=callbacks,
            progress=False,
            **options,
        )


class Interruption(Exception):
    """What ends a training."""


class At(InEachHook):
    """Calls a function with the training at one position, in one hook."""

    def __init__(self, case, function):
        self.case = case
        self.function = function
        self.count = 0

    def call(self, hook, run):
        epoch, batch = self.case.position
        if hook == self.case.hook and run.epoch == epoch and run.batch >= batch:
            self.count += 1
            self.function(run)


def interrupt(run):
    raise Interruption


def send_signal(run):
    if not run.stopped:
        os.kill(os.getpid(), signal.SIGINT)


def everything(model):
    """Return all that a model has learned, kept and drawn, and what it gives."""
    rngs = [module.rng for layer in model.layers for module in layer.modules() if module.stochastic]
    return {
        "theta": model.parameters.theta.tobytes(),
        "buffers": {name: buffer.value.tobytes() for name, buffer in model.buffers.items()},
        "rngs": [repr(get_rng_state(rng)) for rng in [model.shuffle_rng, *rngs]],
        "outputs": model.predict(VALIDATION[0]).tobytes(),
        "classes": model.predict_classes(X).tobytes(),
        "metrics": model.evaluate(*VALIDATION),
    }


def learned(model):
    """Return what a file of a model holds, and what follows from it."""
    return {name: value for name, value in everything(model).items() if name != "rngs"}


def frozen(optimizer):
    return repr(optimizer.state())


@each_stop
def test_a_resumed_training(seed, tmp_path):
    """From the last saved step before an exception, or the step that a signal lets finish."""
    case, path = Case(seed), tmp_path / "run.h5"
    straight, optimizer = case.network(), case.new_optimizer()
    history = case.fit(straight, case.stopping(), optimizer=optimizer)

    rng = np.random.default_rng([15, seed])
    every_seconds = [1e-9, None][rng.integers(2)]
    resumed, other_optimizer, resume = case.network(), case.new_optimizer(), None
    stops = 0
    for _ in range(rng.integers(1, 4)):
        case.draw_position(rng, history.epochs)
        end = At(case, [interrupt, send_signal][rng.integers(2)])
        callbacks = [case.stopping(), end, Checkpoint(path, every_seconds=every_seconds)]
        with suppress(Interruption):
            case.fit(resumed, *callbacks, optimizer=other_optimizer, resume=resume)
        stops += end.count
        # Nothing but the file goes on.
        resume = path if path.exists() else None
        new_seed = 1 if resume is None else int(rng.integers(2, 99))
        resumed, other_optimizer = case.network(new_seed), case.new_optimizer()
    last = [case.stopping(), Checkpoint(path)]
    other_history = case.fit(resumed, *last, optimizer=other_optimizer, resume=resume)

    assert stops
    assert everything(resumed) == everything(straight)
    assert repr(other_history.columns) == repr(history.columns)  # in the same order, too
    assert other_history.stopped == history.stopped
    assert frozen(other_optimizer) == frozen(optimizer)
    assert learned(Sequential.load(path, custom=CUSTOM)) == learned(straight)


@each_stop
def test_a_training_that_is_copied_between_two_calls_of_fit(seed):
    case = Case(seed)
    straight, optimizer = case.network(), case.new_optimizer()
    history = case.fit(straight, optimizer=optimizer)
    model, other_optimizer = case.network(), case.new_optimizer()
    first = case.fit(model, optimizer=other_optimizer, epochs=case.position[0])
    for duplicate in (case.duplicate, lambda pair: pair):  # the copy first, the original then
        other, twin_optimizer = duplicate((model, other_optimizer))
        rest = case.fit(other, optimizer=twin_optimizer, epochs=case.epochs - case.position[0])
        assert everything(other) == everything(straight)
        assert frozen(twin_optimizer) == frozen(optimizer)
        for name, column in history.columns.items():
            assert first[name] + rest[name] == column


@each_stop
def test_a_training_that_is_copied_at_the_end_of_an_epoch(seed):
    case, pairs = Case(seed), []
    case.hook = "on_epoch_end"
    straight, optimizer = case.network(), case.new_optimizer()

    def take(run):
        pairs.append(case.duplicate((run.model, run.optimizer)))

    history = case.fit(straight, At(case, take), optimizer=optimizer)
    other, other_optimizer = pairs[0]
    rest = case.fit(other, optimizer=other_optimizer, epochs=case.epochs - case.position[0])
    assert everything(other) == everything(straight)
    assert frozen(other_optimizer) == frozen(optimizer)
    assert rest["val_loss"] == history["val_loss"][case.position[0] :]


@each_stop
def test_a_model_that_an_exception_leaves(seed, tmp_path):
    """It is the model of that moment; its file and its copies are the same, and go on equally."""
    case, moments = Case(seed), []
    model = case.network()

    def take(run):
        moments.append(everything(run.model))
        raise Interruption

    with pytest.raises(Interruption):
        case.fit(model, At(case, take))
    assert everything(model) == moments[0]
    twin = case.duplicate(model)
    assert everything(twin) == moments[0]
    loaded = Sequential.load(model.save(tmp_path / "model.h5"), custom=CUSTOM)
    assert learned(loaded) == learned(model)
    case.fit(model)
    case.fit(twin)
    assert everything(twin) == everything(model)


@each_stop
def test_the_best_epoch(seed, tmp_path):
    """The best model of a stopped training, in memory and in files, scores as it was recorded."""
    case, path = Case(seed), tmp_path / "run.h5"
    case.monitor = ["loss", "val_loss"][seed % 2]
    if case.monitor == "loss":
        case.in_memory = True
        case.batch_size = None  # where the loss belongs to parameters
    straight, whole = case.network(), tmp_path / "whole.h5"
    history = case.fit(
        straight, case.stopping(), Checkpoint(whole, keep="both", monitor=case.monitor)
    )
    case.draw_position(np.random.default_rng([16, seed]), history.epochs)

    def callbacks(*others):
        checkpoint = Checkpoint(path, every_seconds=1e-9, keep="both", monitor=case.monitor)
        return [case.stopping(), *others, checkpoint]

    with pytest.raises(Interruption):
        case.fit(case.network(), *callbacks(At(case, interrupt)))
    resumed = case.network(7 if path.exists() else 1)
    case.fit(resumed, *callbacks(), resume=path if path.exists() else None)
    assert everything(resumed) == everything(straight)
    best = Sequential.load(path.with_name("run.best.h5"), custom=CUSTOM)
    assert learned(best) == learned(straight)
    if case.monitor == "val_loss" and case.in_memory:  # else fewer rows pass at once
        assert best.evaluate(*VALIDATION)["loss"] == min(history["val_loss"])
