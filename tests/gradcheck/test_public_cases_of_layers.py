"""As `test_public_cases`: pairs of forward and backward, layers, optimizers, conventions."""

import numpy as np
import public_cases as cases

from minidl import Adam, Layer, Ones, Optimizer, Parameter
from minidl.testing import check_layer, check_optimizer

# C10: conventions of courses.


def test_c10_the_functions_of_a_course_are_checked_as_they_are():
    from minidl.adapters import check_course

    net = cases.CourseNet()
    arguments = net.X, net.Y, net.parameters
    report = check_course(net.forward_propagation, net.backward_propagation, *arguments)
    assert report.ok

    def wrong(X, Y, cache):
        grads = net.backward_propagation(X, Y, cache)
        return grads | {"dW2": 2 * grads["dW2"]}

    failures = check_course(net.forward_propagation, wrong, *arguments).failures
    assert {check.parameter for check in failures} <= {"W2", "dW2"}
    assert failures


# C16 to C19: layers and functions.


class OwnEmbedding(Layer):
    """Rows of a table."""

    takes_integers = True

    def __init__(self, factor=1.0):
        self.table = Parameter((7, 3), init=Ones())
        self.factor = factor

    def forward(self, x, *, training=False):
        self.x = x
        return self.table.value[x]

    def backward(self, dy):
        self.table.grad[...] = 0
        np.add.at(self.table.grad, self.x, self.factor * dy)

    def output_shape(self, shape):
        return (*shape, 3)


INDICES = np.array([[0, 6, 2], [2, 2, 5]])


def test_c16_a_layer_of_integers_is_checked():
    assert check_layer(OwnEmbedding(), INDICES).ok
    failures = check_layer(OwnEmbedding(2.0), INDICES).failures
    assert "table" in {check.parameter for check in failures}


def test_c16_a_function_of_integers_is_checked():
    from minidl import check_function

    table = np.random.default_rng(0).standard_normal((7, 3))

    def backward(dy, indices, table, factor=1.0):
        grad = np.zeros(table.shape)
        np.add.at(grad, indices, factor * dy)
        return None, grad

    def forward(indices, table):
        return table[indices]

    assert check_function(forward, backward, INDICES, table, backward_inputs=True).ok
    report = check_function(
        forward,
        lambda dy, indices, table: backward(dy, indices, table, 2.0),
        INDICES,
        table,
        backward_inputs=True,
    )
    assert {check.parameter for check in report.failures} == {"table"}


def _scale_shift(x, gain, bias):
    return x * gain[:, None, None] + bias[:, None, None], (x, gain)


def _scale_shift_backward(dy, cache):
    x, gain = cache
    dgain, dbias = (dy * x).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3), keepdims=True)
    return dy * gain[:, None, None], dgain, dbias  # the last of shape (1, C, 1, 1)


def _scale_shift_inputs():
    rng = np.random.default_rng(0)
    return rng.standard_normal((2, 3, 4, 4)), rng.standard_normal(3), rng.standard_normal(3)


def test_c17_a_gradient_of_another_shape_is_a_failed_row_and_the_rest_is_checked():
    from minidl import check_function

    report = check_function(_scale_shift, _scale_shift_backward, *_scale_shift_inputs(), cache=True)
    assert {check.parameter for check in report.failures} == {"bias"}
    assert "(1, 3, 1, 1)" in str(report)
    assert {check.parameter for check in report.checks if check.verdict == "pass"} >= {"x", "gain"}


def test_c17_none_is_allowed_for_what_has_no_gradient():
    from minidl import check_function

    def backward(dy, mask):
        return dy * mask, None

    x = np.random.default_rng(0).standard_normal((3, 4))
    mask = x > 0
    report = check_function(
        lambda x, mask: (x * mask, mask), backward, x, mask, cache=True, wrt=["x"]
    )
    assert report.ok


class OnlyInTraining(Layer):
    """Batch normalization without gain, whose backward knows the statistics of training only."""

    couples_examples = True

    def forward(self, x, *, training=False):
        if not training:
            return x / 2
        self.root = np.sqrt(x.var(axis=0) + 1e-5)
        self.y = (x - x.mean(axis=0)) / self.root
        return self.y

    def backward(self, dy):
        if not hasattr(self, "root"):
            raise AttributeError("no statistics: backward exists in training only")
        y = self.y
        return (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0)) / self.root


def _batch():
    return np.random.default_rng(0).standard_normal((6, 3))


def test_c18_training_mode_alone_can_be_asked_for():
    assert check_layer(OnlyInTraining(), _batch(), training=True).ok


class BatchNormalization(Layer):
    """The same in both modes, but for the statistics; the mistake drops a term."""

    couples_examples = True

    def __init__(self, term=1.0):
        self.term = term

    def forward(self, x, *, training=False):
        self.training = training
        if not training:
            return x / 2
        self.root = np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0) + 1e-5)
        self.y = (x - x.mean(axis=0)) / self.root
        return self.y

    def backward(self, dy):
        if not self.training:
            return dy / 2
        y = self.y
        return (dy - dy.mean(axis=0) - self.term * y * (dy * y).mean(axis=0)) / self.root


def test_c19_batch_normalization_right_and_wrong():
    assert check_layer(BatchNormalization(), _batch()).ok
    failures = check_layer(BatchNormalization(term=0.0), _batch()).failures
    assert {check.parameter for check in failures} == {"input"}
    assert all(check.training for check in failures)


# C22: optimizers.


class WithoutRoot(Optimizer):
    """Adam that divides by v instead of its root."""

    state_names = ("m", "v", "t")

    def init_state(self, theta):
        self.m, self.v, self.t = np.zeros_like(theta), np.zeros_like(theta), 0

    def update(self, theta, grad):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * grad
        self.v = 0.999 * self.v + 0.001 * grad**2
        m, v = self.m / (1 - 0.9**self.t), self.v / (1 - 0.999**self.t)
        theta -= self.learning_rate * m / (v + 1e-8)


def adam(theta, gradient, step, state):
    """Return the step of Adam by its formula."""
    state["m"] = 0.9 * state.get("m", 0) + 0.1 * gradient
    state["v"] = 0.999 * state.get("v", 0) + 0.001 * gradient**2
    m, v = state["m"] / (1 - 0.9**step), state["v"] / (1 - 0.999**step)
    return theta - 0.01 * m / (np.sqrt(v) + 1e-8)


def test_c22_an_optimizer_that_is_another_than_its_formula_fails():
    assert check_optimizer(lambda: Adam(0.01), reference=adam).ok
    assert check_optimizer(lambda: WithoutRoot(0.01), reference=adam).failures
