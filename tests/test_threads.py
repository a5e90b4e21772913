"""One model used by many threads, alone and while it trains: each result is the right one."""

import copy
import io
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hook_callback import HOOKS, InEachHook
from joblib import Parallel, delayed, parallel_config
from normalized_network import CUSTOM, BatchNormalization, normalized_network
from sklearn.model_selection import cross_val_score

from minidl import (
    Adam,
    Callback,
    CategoricalCrossEntropy,
    GradientChecker,
    Layer,
    Linear,
    Parameter,
    ReLU,
    Sequential,
    Softmax,
)
from minidl.sklearn import MinidlClassifier, MinidlRegressor

N_THREADS = 8
rng = np.random.default_rng(0)
X = rng.standard_normal((256, 20))
Y = (X[:, 0] > 0) + (X[:, 1] > 0)
PLANE = X[:, :2]
CLASSES = (PLANE[:, 0] > 0).astype(int)


def wide_network():
    layers = [Linear(20, 256), ReLU(), Linear(256, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=1)


def batches_of(n):
    """Return batches of different sizes, from one row up."""
    spans = np.column_stack([rng.integers(0, 200, n), rng.integers(1, 57, n)])
    return [X[start : start + size] for start, size in spans]


def n_wrong(answers, expected):
    pairs = zip(answers, expected, strict=True)
    return sum(not np.array_equal(answer, right) for answer, right in pairs)


@pytest.mark.parametrize(
    ("name", "n_rows", "n_batches"), [("predict", 20_000, 2_000), ("predict_classes", 2_000, 200)]
)
def test_rows_and_batches_from_8_threads(name, n_rows, n_batches):
    ask = getattr(wide_network(), name)
    alone = [ask(X[i : i + 1]) for i in range(len(X))]
    rows = [i % len(X) for i in range(n_rows)]
    batches = batches_of(n_batches)
    expected = [ask(batch) for batch in batches]
    with ThreadPoolExecutor(N_THREADS) as pool:
        answers = list(pool.map(lambda i: ask(X[i : i + 1]), rows))
        batch_answers = list(pool.map(ask, batches))
    assert n_wrong(answers, [alone[i] for i in rows]) == 0
    assert n_wrong(batch_answers, expected) == 0


def test_each_method_of_a_normalized_network_from_8_threads():
    model = normalized_network()
    calls = [
        lambda n: model.predict(PLANE[:n]),
        lambda n: model.predict_classes(PLANE[:n]),
        lambda n: model.gradient(PLANE[:n], CLASSES[:n]),
        lambda n: list(model.evaluate(PLANE[:n], CLASSES[:n]).values()),
        lambda n: list(model.objective(PLANE[:n], CLASSES[:n]).values()),
        lambda n: copy.deepcopy(model).predict(PLANE[:n]),
        lambda n: pickle.loads(pickle.dumps(model)).predict(PLANE[:n]),
        lambda n: model.astype(np.float64).predict(PLANE[:n]),
    ]
    requests = [(calls[i % len(calls)], 1 + i % 60) for i in range(400)]
    expected = [call(n) for call, n in requests]
    with ThreadPoolExecutor(N_THREADS) as pool:
        answers = list(pool.map(lambda pair: pair[0](pair[1]), requests))
    assert n_wrong(answers, expected) == 0


begun = threading.Event()


class Announcing(Layer):
    """y = x; says that it is called."""

    def forward(self, x, *, training=False):
        begun.set()
        return x

    def backward(self, dy):
        return dy


def test_a_pickle_waits_for_a_check_in_another_thread():
    """A check lends the layers other memory: nobody else may see it."""
    layers = [Linear(2, 6), BatchNormalization(6), Announcing(), Linear(6, 2), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=1)
    begun.clear()
    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(lambda: GradientChecker(model).check(PLANE[:4], CLASSES[:4]).ok)
        assert begun.wait(60)
        twins = []
        while not (twins and checking.done()):
            twins.append(pickle.loads(pickle.dumps(model)))
    assert checking.result()
    assert all(state_of(twin) == state_of(model) for twin in twins)


class InHooks(InEachHook):
    """Calls a function with the model, in all hooks or in those that are named."""

    def __init__(self, function, hooks=HOOKS):
        self.function = function
        self.hooks = hooks

    def call(self, hook, run):
        if hook in self.hooks:
            self.function(run.model)


class InHooksOfSaving(InHooks):
    """The same, also where others save."""

    def on_save(self, run):
        self.call("on_save", run)


def state_of(model):
    buffers = {name: buffer.value.tobytes() for name, buffer in model.buffers.items()}
    return {"theta": model.parameters.theta.tobytes(), **buffers}


def train(model, *callbacks):
    """Train a model; return all that other calls could disturb."""
    seen = []

    def note(model):
        seen.append((state_of(model), model.parameters.grad.tobytes()))

    optimizer = Adam(0.05)
    history = model.fit(
        PLANE,
        CLASSES,
        optimizer=optimizer,
        epochs=2,
        validation=(PLANE[:50], CLASSES[:50]),
        callbacks=[*callbacks, InHooks(note)],
        progress=False,
    )
    after = model.evaluate(PLANE, CLASSES)
    return history.columns, repr(optimizer.state()), seen, model.shuffle_rng.random(), after


def use_everything(model, folder):
    model.predict(PLANE[::-1][:33])
    model.predict_classes(PLANE[:5])
    model.evaluate(PLANE[:17], CLASSES[:17])
    model.objective(PLANE[:17], CLASSES[:17])
    model.gradient(PLANE[:17], CLASSES[:17])
    model.explain(PLANE[:3], CLASSES[:3])
    model.summary()
    model.astype(np.float64).predict(PLANE[:3])
    loaded = Sequential.load(model.save(folder / "model.h5"), custom=CUSTOM)
    for twin in (loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert state_of(twin) == state_of(model)
        np.testing.assert_array_equal(twin.predict(PLANE), model.predict(PLANE))
    twin.fit(PLANE, CLASSES, optimizer=Adam(), epochs=1, progress=False)


@pytest.mark.parametrize("hook", [*HOOKS, "on_save"])
def test_everything_may_be_called_in_a_hook(hook, tmp_path, capsys):
    kind = InHooksOfSaving if hook == "on_save" else InHooks
    caller = kind(lambda model: use_everything(model, tmp_path), [hook])
    assert train(normalized_network(), caller) == train(normalized_network())


@pytest.mark.parametrize("hook", HOOKS)
def test_a_model_may_be_checked_in_a_hook(hook):
    reports = []

    def check(model):
        if not reports:  # once: it takes long
            reports.append(GradientChecker(model).check(PLANE[:4], CLASSES[:4]))

    assert train(normalized_network(), InHooks(check, [hook])) == train(normalized_network())
    assert reports[0].ok


class StopWhen(Callback):
    """Notes the state after each forward pass and each step; stops when a function says so."""

    def __init__(self, is_enough):
        self.is_enough = is_enough
        self.states = []

    def on_train_begin(self, run):
        self.states.append(state_of(run.model))

    def on_gradient(self, run):
        self.states.append(state_of(run.model))

    def on_batch_end(self, run):
        self.states.append(state_of(run.model))
        if self.is_enough(self.states):
            run.stop("enough", now=True)


def train_until(model, is_enough):
    """Return the states of all moments of a training."""
    callback = StopWhen(is_enough)
    model.fit(
        PLANE,
        CLASSES,
        optimizer=Adam(0.05),
        epochs=10**6,
        validation=(PLANE[:50], CLASSES[:50]),
        callbacks=[callback],
        progress=False,
    )
    return callback.states


def test_a_model_is_used_by_threads_while_it_trains():
    """Nothing of the training changes, and what is read is of one moment of it."""
    model, started, ended = normalized_network(), threading.Event(), threading.Event()
    read = []

    def use():
        started.wait(60)
        while not ended.is_set():
            read.append(state_of(copy.deepcopy(model)))
            read.append(state_of(pickle.loads(pickle.dumps(model))))
            model.predict(PLANE[:33])
            model.predict_classes(PLANE[:5])
            model.evaluate(PLANE[:17], CLASSES[:17])
            model.gradient(PLANE[:17], CLASSES[:17])

    def is_enough(states):
        started.set()
        return len(read) >= 80 or not any(user.running() for user in users)

    with ThreadPoolExecutor(4) as pool:
        users = [pool.submit(use) for _ in range(4)]
        try:
            states = train_until(model, is_enough)
        finally:
            started.set()
            ended.set()
    for user in users:
        user.result()
    assert len(read) >= 80
    assert all(state in states for state in read)
    alone = train_until(normalized_network(), lambda reached: len(reached) == len(states))
    assert alone == states


def test_a_pickle_is_of_one_moment_of_a_training():
    """Deterministically: the parameters move between those that pickle reads."""
    model, pickles = normalized_network(), []
    theta = model.parameters.theta  # fetched before: it can be written to

    class Pickler(pickle.Pickler):
        def persistent_id(self, read):
            if isinstance(read, Parameter):
                theta[...] += 1

    def take(model):
        before, file = theta.copy(), io.BytesIO()
        Pickler(file).dump(model)
        moved = not np.array_equal(theta, before)
        theta[...] = before
        twin = pickle.loads(file.getvalue())
        pickles.append((moved, np.array_equal(twin.parameters.theta, before)))

    result = train(model, InHooks(take, ["on_batch_end"]))
    assert pickles == [(True, True)] * 8
    assert result == train(normalized_network())


@pytest.mark.parametrize("name", ["predict_proba", "predict", "score"])
def test_an_estimator_from_8_threads(name):
    classifier = MinidlClassifier((64,), max_iter=3, random_state=0).fit(X, Y)
    batches = batches_of(50 if name == "score" else 400)

    def ask(batch):
        if name == "score":
            return classifier.score(batch, Y[: len(batch)])
        return getattr(classifier, name)(batch)

    answers = Parallel(N_THREADS, backend="threading")(delayed(ask)(batch) for batch in batches)
    assert n_wrong(answers, [ask(batch) for batch in batches]) == 0


def test_cross_validation_with_threads():
    regressor = MinidlRegressor((16,), max_iter=3, random_state=0)
    scores = cross_val_score(regressor, X, Y, cv=8)
    with parallel_config("threading"):
        np.testing.assert_array_equal(cross_val_score(regressor, X, Y, cv=8, n_jobs=8), scores)
