"""Access inside of callbacks and from other threads, with nothing disturbed."""

import copy
import pickle
import threading

import numpy as np
import pytest

from minidl import (
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    Dropout,
    EarlyStopping,
    GradientChecker,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.exchange import to_course
from minidl.model.isolated_access import IsolatedAccess

HOOKS = ["on_train_begin", "on_gradient", "on_batch_end", "on_epoch_end", "on_train_end"]
rng = np.random.default_rng(0)
X = rng.standard_normal((96, 2))
Y = (X[:, 0] > 0).astype(int)
SETTINGS = {"epochs": 2, "batch_size": 32, "progress": False}


class Scale(Layer):
    """Keeps its input, and a work array of its own that it writes into."""

    def __init__(self, features):
        self.features = features
        self.factor = Parameter((features,), init=Ones())
        self.kept = np.zeros(features)

    def forward(self, x, *, training=False):
        self.x = x
        self.kept[...] = x[0]
        return x * self.factor.value

    def backward(self, dy):
        self.factor.grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.factor.value


def network(*, scale=True):
    hidden = [Linear(2, 8), ReLU(), Dropout(0.7), *([Scale(8)] if scale else [])]
    layers = [*hidden, Linear(8, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1)], seed=1)


def save(model, folder):
    model.save(folder / "model.h5")


CALLS = {
    "predict": lambda model, folder: model.predict(X[::-1][:32]),
    "predict_classes": lambda model, folder: model.predict_classes(X[:5]),
    "evaluate": lambda model, folder: model.evaluate(X[:17], Y[:17]),
    "objective": lambda model, folder: model.objective(X[:17], Y[:17]),
    "gradient": lambda model, folder: model.gradient(X[:17], Y[:17]),
    "explain": lambda model, folder: model.explain(X[:3], Y[:3]),
    "check": lambda model, folder: GradientChecker(model, method="central").check(X[:3], Y[:3]),
    "save": save,
    "copy": lambda model, folder: copy.deepcopy(model).fit(X, Y, optimizer=Adam(), **SETTINGS),
    "pickle": lambda model, folder: pickle.dumps(model),
    "summary": lambda model, folder: model.summary(),
}


class Record(Callback):
    """Notes all that a later callback can see of the training."""

    def __init__(self):
        self.seen = []

    def _note(self, run):
        arrays = [run.model.parameters.grad, run.model.parameters.theta]
        if run.forward_pass is not None:
            arrays += [*run.forward_pass.outputs, run.data.x, run.data.y]
        for layer in run.model.layers:
            arrays += [value for value in vars(layer).values() if isinstance(value, np.ndarray)]
        self.seen.append([array.tobytes() for array in arrays])

    on_gradient = on_batch_end = on_epoch_end = on_train_end = _note


def train(callbacks=(), model=None):
    model = model or network()
    record = Record()
    history = model.fit(X, Y, optimizer=Adam(0.05), callbacks=[*callbacks, record], **SETTINGS)
    return history.columns, model.parameters.theta.tobytes(), record.seen


def callback_for(hook, call):
    """Return a callback that makes a call in one hook."""
    return type("Caller", (Callback,), {hook: lambda self, run: call(run.model)})()


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_in_a_hook_changes_nothing(hook, name, tmp_path, capsys):
    results = []

    def call(model):
        if not results or name != "check":  # a check takes long
            results.append(CALLS[name](model, tmp_path))

    assert train([callback_for(hook, call)]) == train()
    assert results


@pytest.mark.parametrize("hook", HOOKS)
def test_a_result_in_a_hook_is_that_of_the_parameters_of_the_moment(hook):
    answers = []

    def call(model):
        twin = network()
        twin.parameters.theta = model.parameters.theta
        answers.append((model.predict(X), twin.predict(X)))
        answers.append((model.gradient(X, Y), twin.gradient(X, Y)))

    train([callback_for(hook, call)])
    for answer, expected in answers:
        np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize("hook", HOOKS)
def test_threads_of_a_callback_may_predict(hook):
    answers = []

    def call(model):
        threads = [
            threading.Thread(target=lambda: answers.append(model.predict(X))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)
        for answer in answers[-4:]:
            np.testing.assert_array_equal(answer, model.predict(X))

    result = train([callback_for(hook, call)])
    assert len(answers) >= 4
    assert result == train()


def test_a_training_lets_a_waiting_thread_in_between_two_steps():
    model, entered, entered_before_step = network(), [], []
    access = model.objective_function.access

    def enter():
        with access:
            entered.append(True)

    thread = threading.Thread(target=enter)

    class AskedWithinTheFirstStep(GradientDescent):
        def update(self, theta, grad):
            entered_before_step.append(len(entered))
            if len(entered_before_step) == 1:
                thread.start()
                while not access.is_wanted:
                    pass
            super().update(theta, grad)

    optimizer = AskedWithinTheFirstStep(0.1)
    model.fit(X, Y, optimizer=optimizer, epochs=1, batch_size=32, progress=False)
    thread.join(20)
    assert entered_before_step == [0, 1, 1]


def test_another_thread_may_predict_while_the_model_trains():
    model, stop, answers, thetas = network(scale=False), threading.Event(), [], []

    class UntilAsked(Callback):
        """Trains until there are enough answers."""

        def on_train_begin(self, run):
            thread.start()

        def on_batch_end(self, run):
            thetas.append(run.model.parameters.theta.copy())
            if len(answers) >= 20 or stop.is_set():
                run.stop("enough answers", now=True)

    def ask():
        try:
            while len(answers) < 20:
                copied = copy.deepcopy(model)
                answers.append((copied, model.predict(X[:3])))
        finally:
            stop.set()

    thread = threading.Thread(target=ask)
    thetas.append(model.parameters.theta.copy())
    model.fit(X, Y, optimizer=Adam(), callbacks=[UntilAsked()], epochs=10**6, progress=False)
    thread.join(60)
    assert len(answers) == 20
    moments = {theta.tobytes() for theta in thetas}
    twin, outputs = network(scale=False), set()
    for theta in thetas:
        twin.parameters.theta = theta
        outputs.add(twin.predict(X[:3]).tobytes())
    for copied, answer in answers:
        assert copied.parameters.theta.tobytes() in moments
        assert answer.tobytes() in outputs


def test_a_second_fit_is_refused_in_a_hook_and_in_a_thread():
    errors = []

    def fit_again(model):
        with pytest.raises(ArgumentError, match=r"one training at a time.*train a copy"):
            model.fit(X, Y, optimizer=Adam(), **SETTINGS)
        errors.append(1)

    def fit_in_thread(model):
        thread = threading.Thread(target=fit_again, args=[model])
        thread.start()
        thread.join(60)

    result = train(
        [callback_for("on_epoch_end", fit_again), callback_for("on_batch_end", fit_in_thread)]
    )
    assert len(errors) == 2 + 6
    assert result == train()
    model = network()
    train([callback_for("on_epoch_end", fit_again)], model)
    train(model=model)  # afterwards it is allowed


@pytest.mark.parametrize("hook", ["on_gradient", "on_batch_end", "on_epoch_end"])
def test_parameters_cannot_be_written_while_training(hook):
    model = network()
    value = model.parameters["0.bias"].value

    def write(model):
        with pytest.raises(ArgumentError, match="theta must not be changed while a training"):
            model.parameters.theta = model.parameters.theta
        with pytest.raises(ArgumentError, match="value must not be changed while a training"):
            model.layers[0].weight.value = np.zeros((8, 2))
        for array in (model.parameters.theta, model.layers[0].weight.value, value):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0

    assert train([callback_for(hook, write)], model) == train()
    model.parameters.theta[0] = value[0] = 1


@pytest.mark.parametrize("hook", ["on_train_begin", "on_train_end"])
def test_parameters_may_be_written_before_and_after_the_steps(hook):
    written = []

    def write(model):
        model.parameters.theta = np.full(model.parameters.size, 0.5)
        written.append(1)

    _, theta, _ = train([callback_for(hook, write)])
    assert written
    assert (theta == np.full(network().parameters.size, 0.5, "f").tobytes()) == (
        hook == "on_train_end"
    )


def test_a_failed_training_ends():
    class Mistake(Exception):
        pass

    def fail(model):
        raise Mistake

    model = network()
    for hook in HOOKS:
        with pytest.raises(Mistake):
            train([callback_for(hook, fail)], model)
        model.parameters.theta[0] = 0
    assert not model.objective_function.access.is_training
    train(model=model)


def test_callbacks_that_restore_parameters_work(tmp_path):
    model = network()
    stopping, checkpoint = EarlyStopping("loss"), Checkpoint(tmp_path / "c.h5")
    model.fit(X, Y, optimizer=Adam(), callbacks=[stopping, checkpoint], **SETTINGS)
    again = network()
    model.fit(X, Y, optimizer=Adam(), callbacks=[stopping, checkpoint], **SETTINGS)
    again.fit(
        X, Y, optimizer=Adam(), resume=tmp_path / "c.h5", callbacks=[stopping, checkpoint],
        **{**SETTINGS, "epochs": 3},
    )  # fmt: skip


def test_nothing_of_the_data_stays_after_fit_and_other_calls():
    runs = []

    class KeepRun(Callback):
        def on_train_begin(self, run):
            runs.append(run)

    def calls(model):
        yield lambda: model.fit(X, Y, optimizer=Adam(), callbacks=[KeepRun()], **SETTINGS)
        yield lambda: model.evaluate(X, Y)
        yield lambda: model.gradient(X, Y)
        yield lambda: model.objective(X, Y)

    model = network()
    attributes = [set(vars(layer)) for layer in model.layers]
    for call in calls(model):
        call()
        assert model.objective_function.scratch.size_in_bytes() == 0
        assert [set(vars(layer)) - {"_y", "_mask"} for layer in model.layers] == attributes
    assert runs[0].data is None
    assert runs[0].forward_pass is None
    assert model.layers[3].kept.any()  # it was there when the model was built


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_hold_no_data(copied):
    model = network()
    fresh = len(pickle.dumps(model))
    many = rng.standard_normal((5000, 2))
    model.fit(many, many[:, 0] > 0, optimizer=Adam(), **SETTINGS)
    model.objective_function.forward(many.astype("f"))  # by hand: nothing is released
    assert "x" in vars(model.layers[3])
    assert abs(len(pickle.dumps(model)) - fresh) < 200
    twin = copied(model)
    assert "x" not in vars(twin.layers[3])
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    np.testing.assert_array_equal(twin.gradient(X, Y), model.gradient(X, Y))


def test_a_pickle_has_the_parameters_and_the_state_of_the_optimizer_once():
    model, optimizer = Sequential([Linear(100, 100)], loss=MeanSquaredError()), Adam()
    n_bytes = model.parameters.theta.nbytes
    x = rng.standard_normal((8, 100))
    model.fit(x, x, optimizer=optimizer, **SETTINGS)
    assert len(pickle.dumps(model)) < n_bytes + 3000
    assert len(pickle.dumps((model, optimizer))) < 3 * n_bytes + 4000  # with both moments


def test_an_optimizer_is_pickled_without_work_arrays():
    optimizer = Adam(clip_norm=1e-9)
    theta, grad = np.zeros(10_000), np.ones(10_000)
    optimizer.step(theta, grad)
    assert optimizer._workspace
    assert not pickle.loads(pickle.dumps(optimizer))._workspace
    optimizer = Adam(clip_norm=1e-9)
    network().fit(X, Y, optimizer=optimizer, **SETTINGS)
    assert not optimizer._workspace


def test_backward_after_evaluate_says_that_forward_is_missing():
    model = network()
    model.evaluate(X, Y)
    with pytest.raises(ValueError, match="backward was called before forward"):
        model.layers[0].backward(np.zeros((96, 8), "f"))


def test_exports_wait_for_the_step_to_end():
    model, exported = network(scale=False), []
    thread = threading.Thread(target=lambda: exported.append(to_course(model)))
    with IsolatedAccess(model.objective_function):
        thread.start()
        while not model.objective_function.access.is_wanted:
            pass
        assert not exported
    thread.join(60)
    assert exported
