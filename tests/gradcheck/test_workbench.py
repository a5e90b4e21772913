"""The workbench lends the layers and gives everything back bit for bit, whatever they do to themselves."""

from types import SimpleNamespace

import numpy as np
import pytest
from own_parts import Abs, Both, Clip, Expit, Gain, MaxPair, Noise, Residual, Slope, SoftSign, Tied, UnitRows

from minidl import (
    Dropout,
    Flatten,
    GradientChecker,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.errors import DtypeError
from minidl.gradcheck.jacobian import Numeric
from minidl.gradcheck.steps import CentralStep, ComplexStep, CourseStep
from minidl.gradcheck.workbench import LayerBench, Workbench, _Snapshot, check_alone, synthetic_input
from minidl.initializers import Ones


class Messy(Layer):
    """Changes all that a layer can change."""

    def __init__(self, fail=False):
        self.gain = Parameter((2,), init=Ones())
        self.table = np.arange(4.0)
        self.counts = {"calls": 0, "inner": {"array": np.zeros(2)}, "gone": 1}
        self.history = [1, np.ones(2), [3]]
        self.generator = np.random.default_rng(3)
        self.legacy = np.random.RandomState(4)
        self.locked = np.ones(2)
        self.locked.flags.writeable = False
        self.number, self.removed = 5, "here"
        self.child = Linear(2, 2)
        self.fail = fail

    def forward(self, x, *, training=False):
        self.table[1] = np.nan
        self.counts["calls"] += 1
        self.counts["inner"]["array"] += 1
        self.counts["inner"]["new"] = 1
        self.counts.pop("gone", None)
        self.history[1] += 1
        self.history[2].append(4)
        self.history.append(x)
        self.generator.standard_normal()
        self.legacy.standard_normal()
        self.number = 6
        self.added = x
        vars(self).pop("removed", None)
        y = self.child.forward(x) * self.gain.value
        if self.fail:
            raise RuntimeError("in the middle")
        return y

    def backward(self, dy):
        self.gain.grad[...] = dy.sum(axis=0)
        self.gain.value[...] = 7
        return self.child.backward(dy)


def frozen(held):
    """Return the content of anything, with the identity of arrays, to be compared."""
    if isinstance(held, np.ndarray):
        return ("array", id(held), held.dtype, held.shape, held.tobytes())
    if isinstance(held, np.random.Generator):
        return ("generator", id(held), repr(held.bit_generator.state))
    if isinstance(held, np.random.RandomState):
        return ("legacy", id(held), repr([np.asarray(part).tolist() for part in held.get_state()]))
    if isinstance(held, dict):
        return {name: frozen(value) for name, value in held.items()}
    if isinstance(held, list | tuple):
        return [frozen(value) for value in held]
    if isinstance(held, Layer | Parameter):
        return (id(held), frozen(vars(held)))
    return repr(held)


@pytest.fixture
def messy():
    layer = Messy()
    layer.child.forward(np.ones((3, 2), np.float32))  # buffers and caches of an earlier use
    assert layer.gain.value.shape == layer.gain.grad.shape == (2,)
    return layer


def use(layer, kinds=("real", "complex")):
    with Workbench([layer]) as bench:
        for kind in kinds:
            bench.use(kind)
            y = layer.forward(np.ones((5, 2)) * (1j if kind == "complex" else 1))
            layer.backward(np.ones_like(y))
    return bench


def test_everything_comes_back_bit_for_bit(messy):
    before = frozen(vars(messy))
    use(messy)
    assert frozen(vars(messy)) == before


def test_everything_comes_back_when_the_layer_raises_in_the_middle(messy):
    messy.fail = True
    before = frozen(vars(messy))
    with pytest.raises(RuntimeError, match="middle"):
        use(messy)
    assert frozen(vars(messy)) == before


def test_without_the_workbench_the_layer_would_have_changed(messy):
    before = frozen(vars(messy))
    messy.forward(np.ones((5, 2), np.float32))
    assert frozen(vars(messy)) != before


def test_other_objects_come_back_too():
    class Other:
        pass

    other = Other()
    other.array = np.ones(3)
    with Workbench([Tanh()], others=(other,)):
        other.array[...] = 2
        other.extra = 1
    assert list(vars(other)) == ["array"]
    np.testing.assert_array_equal(other.array, np.ones(3))


def test_a_shared_object_is_not_copied(messy):
    table, generator = messy.table, messy.generator
    with Workbench([messy]):
        assert messy.table is table
    assert messy.table is table
    assert messy.generator is generator


def test_integer_parameters_are_refused_and_nothing_has_changed():
    layer = Linear(2, 3)
    layer.weight.bind(np.ones((3, 2), np.int64), np.ones((3, 2), np.int64))
    before = frozen(vars(layer))
    with pytest.raises(DtypeError, match=r"int64 for weight of layer 1, Linear\(2, 3\)"), Workbench([Tanh(), layer]):
        pass
    assert frozen(vars(layer)) == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_are_lent_in_double_and_in_complex(dtype):
    layer = Linear(2, 3)
    layer.weight.bind(np.empty((3, 2), dtype), np.empty((3, 2), dtype))
    layer.weight.initialize(np.random.default_rng(0))
    value, grad = layer.weight.value, layer.weight.grad
    kept = value.copy()
    with Workbench([layer]) as bench:
        for kind, lent in (("real", np.float64), ("complex", np.complex128), ("real", np.float64)):
            bench.use(kind)
            assert layer.weight.value.dtype == layer.weight.grad.dtype == lent
            assert layer.weight.value is bench.arrays((0, "weight"))[kind]
            np.testing.assert_array_equal(layer.weight.value, kept)
            assert np.isnan(layer.weight.grad).all()
            assert not np.shares_memory(layer.weight.value, value)
    assert layer.weight.value is value
    assert layer.weight.grad is grad


def test_each_arithmetic_has_scratch_buffers_of_its_own():
    layer = Tanh()
    real = layer.forward(np.ones((2, 2)))
    with Workbench([layer]) as bench:
        lent = layer.forward(np.zeros((2, 2)))
        bench.use("complex")
        layer.forward(np.zeros((2, 2), np.complex128))
        bench.use("real")
        assert layer.forward(np.zeros((2, 2))) is lent
    np.testing.assert_array_equal(real, np.tanh(np.ones((2, 2))))  # what the layer gave before is still whole


def test_moved_moves_every_arithmetic_for_a_while():
    layer = Linear(2, 1)
    with Workbench([layer]) as bench:
        kept = layer.weight.value.copy()
        with bench.moved({(0, "weight"): kept + 1}):
            for array in bench.arrays((0, "weight")).values():
                np.testing.assert_array_equal(array, (kept + 1).astype(array.dtype))
        for array in bench.arrays((0, "weight")).values():
            np.testing.assert_array_equal(array, kept.astype(array.dtype))


def test_moved_may_move_one_arithmetic_and_puts_back_after_an_error():
    layer = Linear(2, 1)
    with Workbench([layer]) as bench:
        kept = layer.weight.value.copy()

        def fail():
            with bench.moved({(0, "weight"): kept + 1}, kinds=("real",)):
                np.testing.assert_array_equal(bench.arrays((0, "weight"))["complex"], kept)
                np.testing.assert_array_equal(bench.arrays((0, "weight"))["real"], kept + 1)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        np.testing.assert_array_equal(bench.arrays((0, "weight"))["real"], kept)


def test_set_value_sets_every_arithmetic():
    with Workbench([Linear(2, 1)]) as bench:
        bench.set_value((0, "bias"), np.array([5.0]))
        assert [array[0] for array in bench.arrays((0, "bias")).values()] == [5, 5, 5]


@pytest.mark.parametrize("stream", [np.random.default_rng(3), np.random.RandomState(3)], ids=["Generator", "RandomState"])
def test_rewinding_draws_the_same_again(stream):
    layer = Dropout(0.5)
    layer.rng = stream
    with Workbench([layer]) as bench:
        first = stream.random(9)
        bench.rewind(layer)
        np.testing.assert_array_equal(stream.random(9), first)
    np.testing.assert_array_equal(stream.random(9), first)  # and at the end


def test_a_stochastic_layer_without_a_stream_gets_one_for_a_while():
    layer = Dropout(0.5)
    assert layer.rng is None
    with Workbench([layer]) as bench:
        masks = []
        for _ in range(2):
            bench.rewind(layer)
            masks.append(layer.forward(np.ones((4, 9)), training=True).copy())
        np.testing.assert_array_equal(*masks)
    assert layer.rng is None


def test_the_parameters_of_layers_of_layers_are_named():
    with Workbench([Tanh(), Messy()]) as bench:
        assert list(bench.parameters) == [(1, "gain"), (1, "child.weight"), (1, "child.bias")]


def test_a_layer_that_makes_another_one_in_forward_is_put_back():
    class Lazy(Layer):
        def forward(self, x, *, training=False):
            self.child = getattr(self, "child", Tanh())
            return self.child.forward(x)

        def backward(self, dy):
            return self.child.backward(dy)

    layer = Lazy()
    with Workbench([layer]) as bench:
        layer.forward(np.ones((2, 2)))
        bench.rewind(layer)
        assert not bench.drawn(layer)
        bench.reset(layer)
        assert not hasattr(layer, "child")


# Snapshots.


def owner(**attributes):
    return SimpleNamespace(**attributes)


@pytest.mark.parametrize(
    ("make", "change", "look"),
    [
        (lambda: np.zeros(2), lambda held: held.__setitem__(0, 7), lambda held: held.tolist()),
        (lambda: [1, np.zeros(1)], lambda held: held.append(3), lambda held: len(held)),
        (lambda: [1, np.zeros(1)], lambda held: held[1].fill(5), lambda held: held[1][0]),
        (lambda: (np.zeros(1),), lambda held: held[0].fill(5), lambda held: held[0][0]),
        (lambda: {"a": np.zeros(1)}, lambda held: held.update(b=1), lambda held: sorted(held)),
        (lambda: {"a": {"b": np.zeros(1)}}, lambda held: held["a"]["b"].fill(5), lambda held: held["a"]["b"][0]),
        (lambda: {1, 2}, lambda held: held.add(3), lambda held: sorted(held)),
        (lambda: owner(count=0), lambda held: setattr(held, "count", 9), lambda held: held.count),
        (lambda: owner(deep=[np.zeros(1)]), lambda held: held.deep[0].fill(5), lambda held: held.deep[0][0]),
        (lambda: np.random.default_rng(1), lambda held: held.random(), lambda held: held.bit_generator.state["state"]["state"]),
        (lambda: [np.random.RandomState(1)], lambda held: held[0].rand(), lambda held: held[0].get_state()[2]),
    ],
)
def test_what_is_held_comes_back_as_it_was(make, change, look):
    thing = owner(held=make())
    held, before = thing.held, look(thing.held)
    snapshot = _Snapshot(thing)
    change(thing.held)
    assert look(thing.held) != before
    thing.held = None
    thing.added = 1
    snapshot.put_back()
    assert thing.held is held
    assert look(thing.held) == before
    assert not hasattr(thing, "added")


def test_it_can_be_put_back_more_than_once():
    thing = owner(numbers=[1], array=np.zeros(1))
    snapshot = _Snapshot(thing)
    for _ in range(2):
        thing.numbers.append(2)
        thing.array += 1
        snapshot.put_back()
        assert (thing.numbers, thing.array[0]) == ([1], 0)


def test_rewinding_sets_back_the_streams_alone():
    thing = owner(streams=[np.random.default_rng(3)], count=0)
    snapshot = _Snapshot(thing)
    first = thing.streams[0].random()
    thing.count = 5
    snapshot.rewind()
    assert thing.streams[0].random() == first
    assert thing.count == 5


def test_a_structure_that_holds_itself_is_no_trap():
    thing = owner(items=[])
    thing.items.append(thing.items)
    snapshot = _Snapshot(thing)
    thing.items.append(1)
    snapshot.put_back()
    assert len(thing.items) == 1


class Counting(Layer):
    """Adds noise while training, from a stream in a list, and counts in places where arrays hide."""

    def __init__(self):
        self.hidden = (np.zeros(1),)
        self.helper = owner(calls=0)
        self.streams = [np.random.default_rng(3)]

    def forward(self, x, *, training=False):
        self.hidden[0][...] += 1
        self.helper.calls += 1
        return x + self.streams[0].standard_normal(x.shape) if training else x * 1

    def backward(self, dy):
        return dy * 1


def test_a_check_leaves_hidden_state_as_it_was():
    layer = Counting()
    model = Sequential([Linear(2, 3), layer, Linear(3, 1)], loss=MeanSquaredError())
    state = layer.streams[0].bit_generator.state
    assert GradientChecker(model).check(np.eye(2), [0.5, 1]).ok
    assert (layer.hidden[0][0], layer.helper.calls) == (0, 0)
    assert layer.streams[0].bit_generator.state == state


# One layer alone: what is right passes at every input, what is wrong fails, by elements and by probes.


BUILT_IN = {
    "Linear": lambda: Linear(4, 3),
    "square Linear": lambda: Linear(4, 4, bias=False),
    "ReLU": ReLU,
    "LeakyReLU": lambda: LeakyReLU(0.2),
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "Softmax": Softmax,
    "Flatten": Flatten,
    "Dropout": lambda: Dropout(0.6),
}
OWN = {
    "Gain": lambda: Gain(4),
    "Slope": Slope,
    "Residual": lambda: Residual(4),
    "Tied": lambda: Tied(4, 2),
    "UnitRows": UnitRows,
    "MaxPair": MaxPair,
    "Both": Both,
    "Noise": Noise,
}
UNSAFE = {"Abs": Abs, "Expit": Expit, "SoftSign": SoftSign, "Clip": Clip}


def alone(layer, x, *, limit=10_000, training=False, step=None, seed=0, **more):
    """Return what the check of the layer alone finds."""
    with Workbench([layer]) as bench:
        return check_alone(LayerBench(bench, 0, training=training, step=step), x, np.random.default_rng(seed), limit=limit, **more)


def verdicts(found):
    return {check.parameter: check.verdict for check in found.checks}


def batch(m=5, features=4, seed=3):
    return np.random.default_rng(seed).standard_normal((m, features))


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", [*BUILT_IN, *OWN])
def test_a_right_layer_passes(name, training, limit):
    found = alone({**BUILT_IN, **OWN}[name](), batch(), limit=limit, training=training)
    assert set(verdicts(found).values()) == {"pass"}
    assert max(check.difference for check in found.checks) < 1e-13
    assert found.note == ""
    assert bool(found.numeric) == (limit > 0)
    assert bool(found.probed) == (limit == 0)


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("x", [np.zeros((3, 4)), -np.ones((1, 4)), 40 * batch(), synthetic_input(batch(), np.random.default_rng(0))])
def test_a_built_in_layer_passes_at_every_input(name, x):
    found = alone(BUILT_IN[name](), x)
    assert "fail" not in verdicts(found).values()


@pytest.mark.parametrize("name", UNSAFE)
def test_a_layer_that_is_not_complex_safe_passes_by_central_differences(name):
    found = alone(UNSAFE[name](), batch())
    assert verdicts(found) == {"input": "pass"}
    if name != "Clip":  # np.clip is complex-safe
        assert "not complex-safe" in found.note
        assert found.checks[0].method.startswith("central differences")


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("name", ["Abs", "Expit", "SoftSign"])
def test_a_bug_is_found_by_central_differences_too(name, limit):
    layer = UNSAFE[name]()
    right = layer.backward
    layer.backward = lambda dy: right(dy) * (1 + 1e-4)
    assert verdicts(alone(layer, batch(), limit=limit)) == {"input": "fail"}


def test_a_parameter_lost_in_complex_arithmetic_is_noticed():
    class RealGain(Gain):
        def forward(self, x, *, training=False):
            self.x = x
            return x * self.gain.value.real

    layer = RealGain(4)
    found = alone(layer, batch())
    assert "derivative for gain got lost" in found.note
    assert set(verdicts(found).values()) == {"pass"}
    right = layer.backward

    def wrong(dy):
        dx = right(dy)
        layer.gain.grad[2] *= 1.001
        return dx

    layer.backward = wrong
    assert verdicts(alone(layer, batch())) == {"gain": "fail", "input": "pass"}


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("parameter", ["weight", "bias", "input"])
def test_a_wrong_gradient_fails_alone(parameter, limit):
    layer = Linear(4, 3)
    right = layer.backward

    def wrong(dy):
        dx = right(dy).copy()
        {"weight": layer.weight.grad, "bias": layer.bias.grad, "input": dx}[parameter].flat[1] *= 1 + 1e-9
        return dx

    layer.backward = wrong
    found = alone(layer, batch(), limit=limit)
    assert [name for name, verdict in verdicts(found).items() if verdict == "fail"] == [parameter]


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
def test_a_gradient_of_another_shape_fails(limit):
    layer = Tanh()
    right = layer.backward
    layer.backward = lambda dy: right(dy)[:, :1]
    found = alone(layer, batch(), limit=limit)
    assert verdicts(found) == {"input": "fail"}
    assert "shape (5, 1)" in found.checks[0].diagnosis


def test_a_missing_input_gradient_fails():
    layer = Linear(4, 3)
    right = layer.backward

    def forgetful(dy):
        right(dy)

    layer.backward = forgetful
    found = alone(layer, batch())
    assert verdicts(found) == {"weight": "pass", "bias": "pass", "input": "fail"}
    assert "None" in found.checks[2].diagnosis


def test_the_input_may_have_a_limit_of_its_own():
    found = alone(Linear(4, 3), batch(), limit=10_000, input_limit=0)
    assert set(found.numeric) == {"weight", "bias"}
    assert set(found.probed) == {"input"}


def test_a_step_that_is_given_is_kept():
    found = alone(Tanh(), batch(), step=CourseStep(1e-5))
    assert found.checks[0].method == CourseStep(1e-5).name


def test_the_mask_of_dropout_is_frozen_while_training():
    found = alone(Dropout(0.5), batch(40), training=True)
    slopes = found.analytic["input"] / found.cotangent
    assert set(np.unique(slopes.round(12))) == {0.0, 2.0}
    assert verdicts(found) == {"input": "pass"}


def test_a_mask_that_backward_forgets_is_found_while_training_only():
    layer = Dropout(0.5)
    layer.backward = lambda dy: dy * 1.0
    assert verdicts(alone(layer, batch())) == {"input": "pass"}
    assert verdicts(alone(layer, batch(), training=True)) == {"input": "fail"}


def test_the_numeric_gradient_for_the_cotangent_of_the_net_comes_from_the_same_calls():
    x, c = batch(), np.random.default_rng(9).standard_normal((5, 3))
    layer = Linear(4, 3)
    found = alone(layer, x, carried=Numeric(c, np.zeros(c.shape), "complex step"))
    np.testing.assert_allclose(found.carried["weight"].value, c.T @ x, rtol=1e-12)
    np.testing.assert_allclose(found.carried["input"].value, c @ layer.weight.value, rtol=1e-12)


def test_dead_units_count_as_untested_under_probes_too():
    found = alone(Linear(4, 3), np.zeros((5, 4)), limit=0)
    assert {check.parameter: check.untested for check in found.checks}["weight"] == 12


@pytest.mark.parametrize(("shape", "m"), [((5, 4), 61), ((61, 4), 63), ((2, 20), 7), ((7, 4, 4), 9)])
def test_a_synthetic_input_has_another_length_and_every_kind_of_number(shape, m):
    x = synthetic_input(np.zeros(shape), np.random.default_rng(0))
    assert x.shape == (m, *shape[1:])
    assert (x < 0).any()
    assert (x > 1).any()
    assert (np.abs(x) < 1e-2).any()
    assert (x != 0).all()


def test_the_steps_are_chosen_by_the_layer():
    for layer, kind in ((Tanh(), ComplexStep), (Expit(), CentralStep)):
        with Workbench([layer]) as bench:
            lone = LayerBench(bench, 0, training=False)
            lone.choose_step(batch(), np.random.default_rng(0))
            assert isinstance(lone.step, kind)
