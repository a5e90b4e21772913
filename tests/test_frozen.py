"""Frozen layers: what they are for optimizers, files, callbacks, the checker and reports."""

import copy
import pickle

import numpy as np
import pytest
from helpers import read_reference
from resuming import Signal

from minidl import (
    L2,
    LBFGS,
    Adam,
    AdamW,
    ArgumentError,
    BatchNorm,
    BinaryCrossEntropy,
    Callback,
    Chain,
    Checkpoint,
    ConjugateGradient,
    DataError,
    Dropout,
    EarlyStopping,
    GradientChecker,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    Momentum,
    Ones,
    OptimizerWarning,
    Parameter,
    ReLU,
    Residual,
    ResumeError,
    RMSProp,
    Sequential,
    Sigmoid,
    StopOnNonFinite,
    Tanh,
    overfit_one_batch,
)
from minidl.data.hdf5_writer import write_hdf5
from minidl.serialization.container import pack_with_checksums, read_verified

REFERENCE = read_reference("reference/torch_training.json")["frozen"]
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((30, 3)), RNG.integers(0, 2, 30)
OPTIMIZERS = {
    "Momentum": lambda: Momentum(0.05, clip_norm=0.3),
    "Adam": lambda: Adam(0.02, clip_norm=0.3),
    "AdamW": lambda: AdamW(0.02, weight_decay=0.1, clip_norm=0.3),
    "RMSProp": lambda: RMSProp(0.01, beta=0.9, clip_norm=0.3),
}


def freeze(model, *indices):
    for i, layer in enumerate(model.layers):
        layer.trainable = i not in indices
    return model


def network(*frozen, seed=0, dtype=np.float64):
    layers = [Linear(3, 4), Tanh(), Linear(4, 5), Tanh(), Linear(5, 1), Sigmoid()]
    model = Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.5)], seed=seed, dtype=dtype
    )
    return freeze(model, *frozen)


def fit(model, optimizer=None, epochs=3, **arguments):
    arguments = {"optimizer": optimizer or AdamW(0.05), "batch_size": 8, **arguments}
    return model.fit(X, Y, epochs=epochs, progress=False, **arguments)


def values(model):
    return {name: parameter.value.copy() for name, parameter in model.parameters}


def moved(model, before):
    """Return the indices of the layers that have moved."""
    names = [name for name, old in before.items() if not np.array_equal(old, values(model)[name])]
    return sorted({int(name.partition(".")[0]) for name in names})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_pytorch(name):
    layers = [Linear(3, 4), Tanh(), Linear(4, 4), Tanh(), BatchNorm(4), Linear(4, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), penalties=[L2(0.5)], dtype=np.float64)
    expected = REFERENCE["trainings"][name]
    model.parameters.theta = expected["thetas"][0]
    optimizer = OPTIMIZERS[name]()
    for number, frozen in enumerate(REFERENCE["phases"]):
        freeze(model, *frozen)
        if number == 3:  # layers are set free again
            optimizer = OPTIMIZERS[name]()
        data = REFERENCE["x"], REFERENCE["y"]
        model.fit(*data, optimizer=optimizer, epochs=6, batch_size=None, progress=False)
        found = model.parameters.theta
        np.testing.assert_allclose(found, expected["thetas"][number + 1], rtol=0, atol=1e-12)
        for buffer, running in zip(
            model.buffers.values(), expected["running"][number], strict=True
        ):
            np.testing.assert_allclose(buffer.value, running, rtol=0, atol=1e-12)


@pytest.mark.parametrize("frozen", [(0,), (2,), (4,), (0, 2), (0, 4), (2, 4)])
@pytest.mark.parametrize(
    "optimizer", [AdamW(0.05, clip_norm=0.1), Momentum(0.05), LBFGS(), ConjugateGradient()]
)
def test_what_is_frozen_does_not_move_and_the_rest_does(frozen, optimizer):
    model = network(*frozen)
    before = values(model)
    size = None if isinstance(optimizer, LBFGS | ConjugateGradient) else 8
    fit(model, copy.copy(optimizer), batch_size=size)
    assert moved(model, before) == sorted({0, 2, 4} - set(frozen))


class CountPasses(Tanh):
    n_backward = 0

    def backward(self, dy):
        self.n_backward += 1
        return super().backward(dy)


def test_backpropagation_stops_above_what_is_frozen():
    layers = [Linear(3, 4), CountPasses(), Linear(4, 4), CountPasses(), Linear(4, 1), Sigmoid()]
    model = freeze(Sequential(layers, loss=BinaryCrossEntropy()), 0)
    fit(model, epochs=1)
    assert [layers[1].n_backward, layers[3].n_backward] == [0, 4]
    assert (model.parameters["0.weight"].grad == 0).all()
    fit(freeze(model), epochs=1)
    assert [layers[1].n_backward, layers[3].n_backward] == [4, 8]


def test_the_gradient_of_a_step_is_0_where_it_is_frozen_and_gradient_returns_all():
    seen = []

    class Keep(Callback):
        def on_gradient(self, run):
            seen.append(run.model.parameters.grad.copy())

    model, whole = network(0, 2), network()
    size = model.parameters["0.weight"].size + 4 + 20 + 5
    assert (model.gradient(X, Y)[:size] != 0).any()
    np.testing.assert_array_equal(model.gradient(X, Y), whole.gradient(X, Y))
    fit(model, callbacks=[Keep()], epochs=1, batch_size=None)
    assert (seen[0][:size] == 0).all()
    np.testing.assert_array_equal(seen[0][size:], whole.gradient(X, Y)[size:])


def test_a_trained_part_is_the_training_of_a_smaller_model():
    model = network(0)
    head = Sequential([Linear(4, 5), Tanh(), Linear(5, 1), Sigmoid()], loss=BinaryCrossEntropy())
    head = head.astype(np.float64)
    head.parameters.theta = model.parameters.theta[16:]
    features = np.tanh(X @ model.layers[0].weight.value.T + model.layers[0].bias.value)
    without = Sequential(
        [copy.deepcopy(layer) for layer in model.layers], loss=BinaryCrossEntropy(), dtype=float
    )
    for optimizer in (Adam(0.05, clip_norm=0.2), LBFGS()):
        for trained, x in ((without, X), (head, features)):
            trained.fit(
                x, Y, optimizer=copy.copy(optimizer), epochs=5, batch_size=None, progress=False
            )
        np.testing.assert_allclose(
            without.parameters.theta[16:], head.parameters.theta, rtol=0, atol=1e-9
        )


def test_containers_freeze_all_that_is_in_them():
    inner = Residual(Linear(3, 3), Dropout(0.5), BatchNorm(3), shortcut=Linear(3, 3))
    model = Sequential([Chain(inner, ReLU()), Linear(3, 1)], loss=MeanSquaredError(), dtype=float)
    chain = model.layers[0]
    chain.trainable = False
    assert not any(module.trainable for module in chain.modules())
    before, buffers = values(model), model.buffers.copy_values()
    fit(model)
    assert moved(model, before) == [1]
    for name, value in buffers.items():
        np.testing.assert_array_equal(model.buffers[name].value, value)
    inner.body.layers[0].trainable = True
    assert chain.trainable
    assert inner.trainable
    assert not inner.shortcut.trainable
    fit(model)
    changed = [name for name, old in before.items() if not np.array_equal(old, values(model)[name])]
    assert changed == ["0.0.body.0.weight", "0.0.body.0.bias", "1.weight", "1.bias"]


def test_a_model_freezes_all_its_layers():
    model = network()
    model.trainable = False
    assert not model.trainable
    assert not any(layer.trainable for layer in model.layers)
    before = values(model)
    with pytest.raises(ArgumentError, match="must be trainable, but all of them are frozen"):
        fit(model)
    assert moved(model, before) == []
    model.layers[-2].trainable = True
    fit(model)
    assert moved(model, before) == [4]


def test_a_layer_is_frozen_before_it_is_in_a_model():
    first = Linear(3, 2)
    first.trainable = False
    model = Sequential([first, Linear(2, 1)], loss=MeanSquaredError(), dtype=float)
    before = values(model)
    fit(model)
    assert moved(model, before) == [1]


class Scaled(Layer):
    """A custom layer with a parameter and a layer of its own."""

    def __init__(self):
        self.inner = Linear(3, 3)
        self.factor = Parameter((3,), init=Ones())

    def forward(self, x, *, training=False):
        self.z = self.inner.forward(x, training=training)
        return self.z * self.factor.value

    def backward(self, dy):
        self.factor.grad[...] = (dy * self.z).sum(axis=0)
        return self.inner.backward(dy * self.factor.value)


def test_a_custom_layer_is_frozen_with_the_layers_in_it(tmp_path):
    model = Sequential([Scaled(), Linear(3, 1)], loss=MeanSquaredError(), dtype=float)
    model.layers[0].inner.trainable = False
    assert model.layers[0].trainable
    before = values(model)
    fit(model)
    changed = {name for name, old in before.items() if not np.array_equal(old, values(model)[name])}
    assert changed == {"0.factor", "1.weight", "1.bias"}
    loaded = Sequential.load(model.save(tmp_path / "m.h5"), custom=[Scaled])
    assert not loaded.layers[0].inner.trainable
    assert loaded.layers[0].trainable


@pytest.mark.parametrize("value", [0, None, "no", 1])
def test_trainable_is_true_or_false(value):
    layer = Linear(2, 2)
    with pytest.raises(ArgumentError, match=r"trainable must be True or False, got .* in Linear"):
        layer.trainable = value
    assert layer.trainable


def test_it_is_not_set_while_a_training_runs():
    class Thaw(Callback):
        def on_epoch_end(self, run):
            run.model.layers[0].trainable = True

    with pytest.raises(ArgumentError, match="trainable must be set before or between calls of fit"):
        fit(network(0), callbacks=[Thaw()])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("frozen", [(0,), (2,)])
def test_an_optimizer_goes_on_with_the_same_layers_also_in_copies(frozen, copied):
    whole, halves = network(*frozen), network(*frozen)
    fit(whole, epochs=4, shuffle=False)
    optimizer = AdamW(0.05)
    fit(halves, optimizer, epochs=2, shuffle=False)
    model, optimizer = copied((halves, optimizer))
    fit(model, optimizer, epochs=2, shuffle=False)
    np.testing.assert_array_equal(model.parameters.theta, whole.parameters.theta)
    assert optimizer.step_count == 16


def test_an_optimizer_that_has_no_state_for_a_layer_says_that_it_starts_anew():
    model, optimizer = network(0), Adam(0.05)
    fit(model, optimizer)
    freeze(model)
    with pytest.warns(OptimizerWarning, match="Adam starts anew"):
        fit(model, optimizer)


@pytest.mark.parametrize("frozen", [(0,), (2,), (4,)])
def test_a_training_of_a_part_resumes_exactly(tmp_path, frozen):
    whole = network(*frozen)
    history = fit(whole, epochs=5)
    path = tmp_path / "run.h5"
    fit(network(*frozen), epochs=5, callbacks=[Signal(3, 2), Checkpoint(path)])
    resumed = network(*frozen)
    assert fit(resumed, epochs=5, resume=path).columns == history.columns
    assert resumed.parameters.theta.tobytes() == whole.parameters.theta.tobytes()
    assert [layer.trainable for layer in Sequential.load(path).layers] == [
        i not in frozen for i in range(6)
    ]
    other = network(0, 2, seed=3)
    before = values(other)
    with pytest.raises(ResumeError, match=r"layer \d frozen instead of trainable"):
        fit(other, epochs=5, resume=path)
    with pytest.raises(ResumeError, match=rf"layer {frozen[0]} trainable instead of frozen"):
        fit(freeze(other), epochs=5, resume=path)
    assert moved(other, before) == []


def test_a_model_file_keeps_it_and_one_without_it_is_as_before(tmp_path):
    model = network(0, 4)
    loaded = Sequential.load(model.save(tmp_path / "m.h5"))
    assert [layer.trainable for layer in loaded.layers] == [False, True, True, True, False, True]
    assert "frozen" in read_verified(tmp_path / "m.h5", 10**6).content
    network().save(tmp_path / "m.h5")
    assert "frozen" not in read_verified(tmp_path / "m.h5", 10**6).content


@pytest.mark.parametrize("frozen", [["9"], ["0.weight"], [0], "0"])
def test_a_file_that_freezes_what_is_not_there_is_refused(tmp_path, frozen):
    stored = read_verified(network(0).save(tmp_path / "m.h5"), 10**6)
    content = {**stored.content, "frozen": frozen}
    write_hdf5({tmp_path / "m.h5": pack_with_checksums(content, stored.arrays)}, replace=True)
    with pytest.raises(DataError):
        Sequential.load(tmp_path / "m.h5")


def test_the_checker_checks_what_is_frozen_and_says_so():
    model = network(0)
    report = GradientChecker(model).check(X[:4], Y[:4])
    assert report.ok
    assert {check.parameter for check in report.checks if check.layer == 0} >= {"weight", "bias"}
    assert "frozen, but checked: 0.weight, 0.bias" in str(report)
    assert "frozen" not in str(GradientChecker(network()).check(X[:4], Y[:4]))


def test_the_best_epoch_is_restored_and_guards_look_on():
    model = network(0, 2)
    stopping = EarlyStopping("loss", patience=1)
    fit(model, GradientDescent(5.0), epochs=20, callbacks=[stopping, StopOnNonFinite()])
    assert np.isfinite(model.parameters.theta).all()


def test_trials_leave_frozen_layers_alone():
    model = network(0, 2)
    before = model.parameters.theta.tobytes()
    trial = overfit_one_batch(model, X, Y, optimizer=GradientDescent(0.5), steps=3, batch_size=None)
    fit(model, GradientDescent(0.5), batch_size=None)
    assert trial.last_loss == pytest.approx(model.evaluate(X, Y)["loss"], rel=1e-12)
    assert model.parameters.theta[:41].tobytes() == before[: 41 * 8]


def test_summary_and_explain_tell_it(capsys):
    model = network(0)
    text = model.summary()
    assert "Linear(3, 4), frozen" in text
    assert "trainable 31, frozen 16 parameters" in text
    assert "frozen" not in network().summary()
    model.explain(X[:2], Y[:2])
    shown = capsys.readouterr().out
    assert "0  Linear(3, 4), frozen:" in shown
    network().explain(X[:2], Y[:2])
    assert "frozen" not in capsys.readouterr().out


def test_float32_and_a_model_in_another_dtype():
    model = network(0, dtype=np.float32)
    fit(model)
    twin = model.astype(np.float64)
    assert not twin.layers[0].trainable
    before = values(twin)
    fit(twin)
    assert moved(twin, before) == [2, 4]


def test_all_gradients_are_there_during_and_after_a_training_of_a_part():
    asked = []

    class Ask(Callback):
        def on_gradient(self, run):
            asked.append(run.model.gradient(X, Y))

    model, twin = network(0, 2), network(0, 2)
    expected = model.gradient(X, Y)
    fit(model, epochs=1, batch_size=None, callbacks=[Ask()])
    np.testing.assert_array_equal(asked[0], expected)
    fit(twin, epochs=1, batch_size=None)
    np.testing.assert_array_equal(model.gradient(X, Y), twin.gradient(X, Y))
    assert (model.gradient(X, Y)[:16] != 0).any()
    assert GradientChecker(model).check(X[:4], Y[:4]).ok
