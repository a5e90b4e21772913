"""The workbench lends the layers and gives everything back bit for bit, whatever they do to themselves."""

import numpy as np
import pytest

from minidl import Dropout, Layer, Linear, Parameter, Tanh
from minidl.errors import DtypeError
from minidl.gradcheck.workbench import Workbench
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
