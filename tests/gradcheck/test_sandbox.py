"""The sandbox restores everything bit for bit, whatever the layers do to themselves."""

from types import SimpleNamespace

import numpy as np
import pytest

from minidl import (
    Buffer,
    Dropout,
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    Parameter,
    Sequential,
    Tanh,
)
from minidl.errors import DtypeError
from minidl.gradcheck.sandbox import DTYPES, ModelSandbox
from minidl.initializers import Ones
from minidl.utils.random import set_rng_state


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


def frozen(obj):
    """Return the content of anything, with the identity of arrays, to be compared."""
    if isinstance(obj, np.ndarray):
        return ("array", id(obj), obj.dtype, obj.shape, obj.tobytes())
    if isinstance(obj, np.random.Generator):
        return ("generator", id(obj), repr(obj.bit_generator.state))
    if isinstance(obj, np.random.RandomState):
        return ("legacy", id(obj), repr([np.asarray(item).tolist() for item in obj.get_state()]))
    if isinstance(obj, dict):
        return {name: frozen(value) for name, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [frozen(value) for value in obj]
    if isinstance(obj, Layer | Parameter):
        return (id(obj), frozen(vars(obj)))
    return repr(obj)


@pytest.fixture
def messy():
    layer = Messy()
    layer.child.forward(np.ones((3, 2), np.float32))  # buffers and caches of an earlier use
    assert layer.gain.value.shape == layer.gain.grad.shape == (2,)
    return layer


def use(layer, kinds=("real", "complex")):
    with ModelSandbox([layer]) as sandbox:
        for kind in kinds:
            sandbox.set_dtype(kind)
            y = layer.forward(np.ones((5, 2)) * (1j if kind == "complex" else 1))
            layer.backward(np.ones_like(y))
    return sandbox


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


def test_without_the_sandbox_the_layer_would_have_changed(messy):
    before = frozen(vars(messy))
    messy.forward(np.ones((5, 2), np.float32))
    assert frozen(vars(messy)) != before


def test_other_objects_come_back_too():
    class Other:
        pass

    other = Other()
    other.array = np.ones(3)
    with ModelSandbox([Tanh()], others=(other,)):
        other.array[...] = 2
        other.extra = 1
    assert list(vars(other)) == ["array"]
    np.testing.assert_array_equal(other.array, np.ones(3))


def test_a_shared_object_is_not_copied(messy):
    table, generator = messy.table, messy.generator
    with ModelSandbox([messy]):
        assert messy.table is table
    assert messy.table is table
    assert messy.generator is generator


def test_integer_parameters_are_refused_and_nothing_has_changed():
    layer = Linear(2, 3)
    layer.weight.bind(np.ones((3, 2), np.int64), np.ones((3, 2), np.int64))
    before = frozen(vars(layer))
    with (
        pytest.raises(DtypeError, match=r"int64 for weight of layer 1, Linear\(2, 3\)"),
        ModelSandbox([Tanh(), layer]),
    ):
        pass
    assert frozen(vars(layer)) == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_are_lent_in_double_and_in_complex(dtype):
    layer = Linear(2, 3)
    layer.weight.bind(np.empty((3, 2), dtype), np.empty((3, 2), dtype))
    layer.weight.initialize(np.random.default_rng(0))
    value, grad = layer.weight.value, layer.weight.grad
    original = value.copy()
    with ModelSandbox([layer]) as sandbox:
        for kind, lent in (("real", np.float64), ("complex", np.complex128), ("real", np.float64)):
            sandbox.set_dtype(kind)
            assert layer.weight.value.dtype == layer.weight.grad.dtype == lent
            assert layer.weight.value is sandbox.arrays[0, "weight"][kind]
            np.testing.assert_array_equal(layer.weight.value, original)
            assert np.isnan(layer.weight.grad).all()
            assert not np.shares_memory(layer.weight.value, value)
    assert layer.weight.value is value
    assert layer.weight.grad is grad


def test_each_arithmetic_has_scratch_buffers_of_its_own():
    layer = Tanh()
    real = layer.forward(np.ones((2, 2)))
    with ModelSandbox([layer]) as sandbox:
        lent = layer.forward(np.zeros((2, 2)))
        sandbox.set_dtype("complex")
        layer.forward(np.zeros((2, 2), np.complex128))
        sandbox.set_dtype("real")
        assert layer.forward(np.zeros((2, 2))) is lent
    np.testing.assert_array_equal(
        real, np.tanh(np.ones((2, 2)))
    )  # what the layer gave before is still whole


def test_moved_moves_every_arithmetic_for_a_while():
    layer = Linear(2, 1)
    with ModelSandbox([layer]) as sandbox:
        original = layer.weight.value.copy()
        with sandbox.perturbed({(0, "weight"): original + 1}):
            for array in sandbox.arrays[0, "weight"].values():
                np.testing.assert_array_equal(array, (original + 1).astype(array.dtype))
        for array in sandbox.arrays[0, "weight"].values():
            np.testing.assert_array_equal(array, original.astype(array.dtype))


def test_moved_may_move_one_arithmetic_and_puts_back_after_an_error():
    layer = Linear(2, 1)
    with ModelSandbox([layer]) as sandbox:
        original = layer.weight.value.copy()

        def fail():
            with sandbox.perturbed({(0, "weight"): original + 1}, dtypes=("real",)):
                np.testing.assert_array_equal(sandbox.arrays[0, "weight"]["complex"], original)
                np.testing.assert_array_equal(sandbox.arrays[0, "weight"]["real"], original + 1)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        np.testing.assert_array_equal(sandbox.arrays[0, "weight"]["real"], original)


def test_what_is_moved_may_be_a_single_parameter():
    with (
        ModelSandbox([Linear(2, 1)]) as sandbox,
        sandbox.perturbed({(0, "bias"): np.array([5.0])}),
    ):
        assert [array[0] for array in sandbox.arrays[0, "bias"].values()] == [5, 5, 5]


def rewind(sandbox):
    """Set the random streams of the only layer back, as each forward pass of a harness does."""
    for generator, state in sandbox.random_states[0]:
        set_rng_state(generator, state)


@pytest.mark.parametrize(
    "generator",
    [np.random.default_rng(3), np.random.RandomState(3)],
    ids=["Generator", "RandomState"],
)
def test_rewinding_draws_the_same_again(generator):
    layer = Dropout(0.5)
    layer.rng = generator
    with ModelSandbox([layer]) as sandbox:
        first = generator.random(9)
        rewind(sandbox)
        np.testing.assert_array_equal(generator.random(9), first)
    np.testing.assert_array_equal(generator.random(9), first)  # and at the end


def test_a_stochastic_layer_without_a_stream_gets_one_for_a_while():
    layer = Dropout(0.5)
    assert layer.rng is None
    with ModelSandbox([layer]) as sandbox:
        masks = []
        for _ in range(2):
            rewind(sandbox)
            masks.append(layer.forward(np.ones((4, 9)), training=True).copy())
        np.testing.assert_array_equal(*masks)
    assert layer.rng is None


def test_the_parameters_of_layers_of_layers_are_named():
    with ModelSandbox([Tanh(), Messy()]) as sandbox:
        assert list(sandbox.parameters) == [(1, "gain"), (1, "child.weight"), (1, "child.bias")]


def test_a_layer_that_makes_another_one_in_forward_is_put_back():
    class Lazy(Layer):
        def forward(self, x, *, training=False):
            self.child = getattr(self, "child", Tanh())
            return self.child.forward(x)

        def backward(self, dy):
            return self.child.backward(dy)

    layer = Lazy()
    with ModelSandbox([layer]) as sandbox:
        layer.forward(np.ones((2, 2)))
        rewind(sandbox)
        assert sandbox.random_states == [[]]
        sandbox.reset(layer)
        assert not hasattr(layer, "child")


class Counting(Layer):
    """Adds noise in training, from a stream in a list, and counts in places where arrays hide."""

    def __init__(self):
        self.hidden = (np.zeros(1),)
        self.helper = SimpleNamespace(calls=0)
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


def test_a_reset_restores_the_buffers_in_each_arithmetic():
    class Counter(Layer):
        def __init__(self):
            self.calls = Buffer((2,), init=Ones())

        def forward(self, x, *, training=False):
            self.calls.value += 1
            return x

        def backward(self, dy):
            return dy

    layer = Counter()
    with ModelSandbox([layer]) as sandbox:
        for name in DTYPES:
            sandbox.set_dtype(name)
            layer.forward(np.ones((1, 2)))
        np.testing.assert_array_equal(layer.calls.value, [2, 2])
        sandbox.reset(layer)
        for name, dtype in DTYPES.items():
            sandbox.set_dtype(name)
            assert layer.calls.value.dtype == dtype
            np.testing.assert_array_equal(layer.calls.value, [1, 1])
        layer.forward(np.ones((1, 2)))
    np.testing.assert_array_equal(layer.calls.value, [1, 1])
