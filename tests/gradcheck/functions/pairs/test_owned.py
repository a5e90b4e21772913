"""Objects with forward, backward and parameters of their own."""

import numpy as np
import pytest

from minidl import check_function

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 4))


class Attributes:
    """Parameters W and b, gradients dW and db."""

    def __init__(self):
        self.W, self.b = RNG.standard_normal((4, 3)), RNG.standard_normal(3)
        self.dW = self.db = self.x = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
        self.dx = dy @ self.W.T
        return self.dx


class Lists:
    """Lists of parameters and gradients, which are written in place."""

    def __init__(self):
        self.params = [RNG.standard_normal((4, 3)), RNG.standard_normal(3)]
        self.grads = [np.zeros((4, 3)), np.zeros(3)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dy):
        self.grads[0][...] = self.x.T @ dy
        self.grads[1][...] = dy.sum(axis=0)
        return dy @ self.params[0].T


class Dictionaries:
    """Dictionaries under longer names; a second reference to one parameter, a view of another."""

    dtype = float

    def __init__(self):
        self.parameters = {
            "W": RNG.standard_normal((4, 3)).astype(self.dtype),
            "inner": {"b": RNG.standard_normal(3).astype(self.dtype)},
        }
        self.gradients = {}
        self.weight = self.parameters["W"]
        self.row = self.parameters["inner"]["b"][None]

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.row

    def backward(self, dy):
        self.gradients = {"dW": self.x.T @ dy, "inner": {"db": dy.sum(axis=0)}}
        return dy @ self.weight.T


class SinglePrecision(Dictionaries):
    """Without the view, which would keep its dtype."""

    dtype = np.float32

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.parameters["inner"]["b"]


class PilesUp(Attributes):
    """Gradients are added to what is there."""

    def backward(self, dy):
        zero = np.zeros(())
        self.dW = (zero if self.dW is None else self.dW) + self.x.T @ dy
        self.db = (zero if self.db is None else self.db) + dy.sum(axis=0)
        return dy @ self.W.T


def contents(layer):
    if hasattr(layer, "W"):
        return [layer.W, layer.b]
    if hasattr(layer, "params"):
        return layer.params
    return [layer.parameters["W"], layer.weight, layer.parameters["inner"]["b"]]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Attributes, ["x", "W", "b"]),
        (Lists, ["x", "params[0]", "params[1]"]),
        (Dictionaries, ["x", "W", "inner.b"]),
        (SinglePrecision, ["x", "W", "inner.b"]),
        (PilesUp, ["x", "W", "b"]),
    ],
)
def test_parameters_are_found_checked_and_restored(kind, names):
    layer = kind()
    before = [(array, array.copy()) for array in contents(layer)]
    attributes = dict(vars(layer))
    report = check_function(layer.forward, layer.backward, X)
    assert [c.parameter for c in report.checks if c.term != "protocol"] == names
    assert report.ok, str(report)
    for (array, copy), now in zip(before, contents(layer), strict=True):
        assert now is array
        np.testing.assert_array_equal(array, copy)
    assert vars(layer).keys() == attributes.keys()
    assert any("pile up" in note for note in report.notes) == (kind is PilesUp)


@pytest.mark.parametrize("kind", [Attributes, Lists, Dictionaries, SinglePrecision])
def test_a_wrong_gradient_of_a_parameter_is_found(kind):
    class Wrong(kind):
        def backward(self, dy):
            dx = super().backward(dy)
            super().backward(2 * dy)
            return dx

    layer = Wrong()
    report = check_function(layer.forward, layer.backward, X)
    assert len(report.failures) == 2
    assert all("factor of 2" in check.diagnosis for check in report.failures)


def test_a_missing_gradient_of_a_parameter_is_a_failed_row():
    class Wrong(Dictionaries):
        def backward(self, dy):
            dx = super().backward(dy)
            del self.gradients["dW"]
            return dx

    layer = Wrong()
    report = check_function(layer.forward, layer.backward, X)
    assert [check.parameter for check in report.failures] == ["W"]


def test_backward_may_return_nothing():
    class Embedding:
        def __init__(self):
            self.W, self.dW = RNG.standard_normal((4, 3)), None

        def forward(self, indices):
            self.indices = indices
            return self.W[indices]

        def backward(self, dy):
            self.dW = np.zeros_like(self.W)
            np.add.at(self.dW, self.indices, dy)

    layer = Embedding()
    report = check_function(layer.forward, layer.backward, np.array([0, 2, 2]))
    assert report.ok
    assert [c.parameter for c in report.checks if c.term != "protocol"] == ["W"]

    class Last(Attributes):
        def backward(self, dy):
            super().backward(dy)

    layer = Last()
    report = check_function(layer.forward, layer.backward, X)
    assert report.ok
    assert any("not differentiated: x" in note for note in report.notes)


def test_names_that_an_input_has_are_told_apart():
    class Layer(Attributes):
        def forward(self, W):  # the input, in spite of its name
            return super().forward(W)

    layer = Layer()
    report = check_function(layer.forward, layer.backward, X)
    names = [c.parameter for c in report.checks if c.term != "protocol"]
    assert names == ["W", "self.W", "b"]


def test_wrt_selects_parameters_too():
    layer = Attributes()
    report = check_function(layer.forward, layer.backward, X, wrt="b")
    assert [c.parameter for c in report.checks if c.term != "protocol"] == ["b"]


def test_parameters_without_gradients_are_noted():
    class Fixed:
        def __init__(self):
            self.params = {"W": RNG.standard_normal((4, 3))}

        def forward(self, x):
            return x @ self.params["W"]

        def backward(self, dy):
            return dy @ self.params["W"].T

    layer = Fixed()
    report = check_function(layer.forward, layer.backward, X)
    assert report.ok
    assert any("not differentiated: W of the object" in note for note in report.notes)
    layer.grads = {}  # it has a place for gradients, and leaves it empty
    report = check_function(layer.forward, layer.backward, X)
    assert [check.parameter for check in report.failures] == ["W"]


class Net:
    """Layers in a list, each with its own parameters; one list of all gradients is a property."""

    def __init__(self, scale=1.0):
        self.layers = [Dictionaries(), Attributes()]
        self.layers[1].W, self.layers[1].b = RNG.standard_normal((3, 2)), RNG.standard_normal(2)
        self.scale = scale

    def forward(self, x):
        for layer in self.layers:
            x = np.tanh(layer.forward(x))
            layer.y = x
        return x

    def backward(self, dy):
        for layer in reversed(self.layers):
            dy = layer.backward(dy * (1 - layer.y**2))
        self.layers[1].db *= self.scale
        return dy


def test_the_layers_of_a_network_are_checked_too():
    net = Net()
    report = check_function(net.forward, net.backward, X)
    assert report.ok, str(report)
    names = [c.parameter for c in report.checks if c.term != "protocol"]
    assert names == ["x", "layers[0].W", "layers[0].inner.b", "layers[1].W", "layers[1].b"]
    net = Net(scale=1.5)
    report = check_function(net.forward, net.backward, X)
    assert [check.parameter for check in report.failures] == ["layers[1].b"]


def test_parameters_may_be_a_property():
    class Layer(Attributes):
        @property
        def params(self):
            return {"W": self.W, "b": self.b}

        @property
        def grads(self):
            return {"W": self.dW, "b": 2 * self.db}

    layer = Layer()
    report = check_function(layer.forward, layer.backward, X)
    assert [check.parameter for check in report.failures] == ["b"]
    assert len([c for c in report.checks if c.term != "protocol"]) == 3


class Slots:
    """Parameters and gradients in slots; what a backward pass does with them is an argument."""

    __slots__ = ("W", "dW", "then", "x")

    def __init__(self, then=lambda self: None):
        self.W, self.then = RNG.standard_normal((4, 3)), then

    def forward(self, x):
        self.x = x
        return np.sin(x) @ self.W

    def backward(self, dy):
        self.dW, dx = np.sin(self.x).T @ dy, np.cos(self.x) * (dy @ self.W.T)
        self.then(self)
        return dx


class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, None


class OfParameters:
    """Its parameters are objects with the array and its gradient."""

    def __init__(self):
        self.w = Parameter(RNG.standard_normal((4, 3)))
        self.parameters = [self.w]

    def forward(self, x):
        self.x = x
        return np.sin(x) @ self.w.data

    def backward(self, dy):
        self.w.grad = 7 * np.sin(self.x).T @ dy
        return np.cos(self.x) * (dy @ self.w.data.T)


def halve(layer):
    layer.dW *= 0.5


def test_parameters_in_slots_and_objects_that_are_parameters_are_checked():
    layer = Slots()
    before = layer.W.copy()
    assert check_function(layer.forward, layer.backward, X).ok
    assert np.array_equal(layer.W, before)
    assert not hasattr(layer, "dW")
    for layer, name in ((Slots(halve), "W"), (OfParameters(), "w")):
        report = check_function(layer.forward, layer.backward, X)
        assert [check.parameter for check in report.failures] == [name]


def step_in_place(layer):
    layer.W -= 1e-9 * layer.dW


def step(layer):
    layer.W = layer.W - 1e-9 * layer.dW


def copy(layer):
    layer.W = layer.W.copy()


@pytest.mark.parametrize("then", [step_in_place, step, copy])
def test_no_step_is_taken_within_backward(then):
    layer = Slots(then)
    report = check_function(layer.forward, layer.backward, X)
    broken = [check for check in report.failures if check.parameter == "parameters untouched"]
    assert bool(broken) == (then is not copy)
    for check in broken:
        assert check.diagnosis == "backward writes into W, which is the optimizer's work"


class NewDictionaries:
    """Each backward pass makes a new dictionary of parameters."""

    def __init__(self):
        self.params, self.grads = {"W": RNG.standard_normal((4, 3))}, {}

    def forward(self, x):
        self.x = x
        return np.sin(x) @ self.params["W"]

    def backward(self, dy):
        self.grads = {"W": np.sin(self.x).T @ dy}
        dx = np.cos(self.x) * (dy @ self.params["W"].T)
        self.params = {"W": self.params["W"] * 0.999}
        return dx


def test_parameters_in_another_dictionary_have_changed_too():
    layer = NewDictionaries()
    report = check_function(layer.forward, layer.backward, X)
    assert any("writes into W" in check.diagnosis for check in report.failures), str(report)
