"""torch.check: Functions and modules, right and wrong, with the rules of a Function."""

import sys

import numpy as np
import pytest
from docstring_examples import run_examples

from minidl import ArgumentError, MissingDependencyError
from minidl.adapters import torch as adapter

X = np.array([[0.5, -1.0, 2.0], [0.1, 0.7, -0.3]])
W = np.array([[0.3, -0.2], [0.8, 1.1], [-0.6, 0.4]])


def test_without_torch_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "torch'):
        adapter.check(np.tanh, X)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def product(torch):
    """Return a maker of tanh(x @ w) with a mistake."""

    def make(mistake=""):
        class Product(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w, scale=1.0):
                y = torch.tanh(x @ w)
                ctx.save_for_backward(x, w, y)
                ctx.scale = scale
                return scale * y

            @staticmethod
            def backward(ctx, dy):
                if mistake == "raises":
                    raise LookupError("no such gradient")
                x, w, y = ctx.saved_tensors
                if mistake == "view":
                    dy = dy.view(-1).view(dy.shape)
                dz = ctx.scale * dy * (1 - y if mistake == "derivative" else 1 - y**2)
                dx = dw = None
                if ctx.needs_input_grad[0]:
                    dx = dz @ w.T
                if ctx.needs_input_grad[1 if mistake != "needs" else 0]:
                    dw = x.T @ dz * (1.001 if mistake == "factor" else 1)
                return dx, dw, None

        return Product

    return make


def failed(report):
    return {check.parameter for check in report.failures}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_function(product, torch, dtype):
    report = adapter.check(product(), torch.from_numpy(X).float(), W, 2.0, dtype=dtype)
    assert not report.failures, report
    assert report.title.startswith("Product: ")
    assert {check.parameter for check in report.checks} >= {
        "x",
        "w",
        "gradients alone",
        "any memory layout",
    }
    rules = [check for check in report.checks if check.term == "protocol"]
    assert {check.method for check in rules} == {"no derivative needed"}
    if dtype == "float64":
        assert report.ok, report


@pytest.mark.parametrize(
    ("mistake", "rows"),
    [
        ("derivative", {"x", "w"}),
        ("factor", {"w"}),
        ("needs", {"gradients alone"}),
        ("view", {"any memory layout"}),
    ],
)
def test_wrong_functions(product, mistake, rows):
    assert failed(adapter.check(product(mistake), X, W)) == rows


def test_a_backward_that_raises_fails_alone(product):
    """Rules that could not be tried are no rows."""
    report = adapter.check(product("raises"), X, W)
    (row,) = report.failures
    assert "LookupError: no such gradient" in row.diagnosis
    assert {"gradients alone", "any memory layout"}.isdisjoint(c.parameter for c in report.checks)


def test_integers_lists_and_several_outputs(torch):
    class Gather(torch.autograd.Function):
        @staticmethod
        def forward(table, rows):
            return table[rows], table.sum(), rows

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.rows, ctx.size = inputs[1], len(inputs[0])

        @staticmethod
        def backward(ctx, dy, dsum, drows):
            gradient = torch.zeros(ctx.size, dy.shape[1], dtype=dy.dtype)
            return gradient.index_add(0, ctx.rows, dy) + dsum, None

    report = adapter.check(Gather, W, torch.tensor([0, 2, 2]))
    assert not report.failures, report
    assert any("rows contains integers" in note for note in report.notes)
    both = adapter.check(lambda pair: pair[0] * pair[1], [X, X + 1])
    assert both.ok, both
    assert {check.parameter for check in both.checks} >= {"pair[0]", "pair[1]"}


def test_a_module_with_parameters_buffers_and_dropout(torch, product):
    class Net(torch.nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function
            self.norm = torch.nn.BatchNorm1d(3)
            self.drop = torch.nn.Dropout(0.5)
            self.weight = torch.nn.Parameter(torch.tensor(W, dtype=torch.float32))
            self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)

        def forward(self, x):
            return {"y": self.function.apply(self.drop(self.norm(x)), self.weight) * self.frozen}

    x = torch.randn(6, 3, generator=torch.manual_seed(0))
    net = Net(product())
    before = {name: value.clone() for name, value in net.state_dict().items()}
    report = adapter.check(net, x)
    assert not report.failures, report
    assert {check.parameter for check in report.checks if check.term != "protocol"} == {
        "weight",
        "norm.weight",
        "norm.bias",
        "x",
    }
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert "weight" in failed(adapter.check(Net(product("factor")), x))
    assert failed(adapter.check(Net(product("factor")).eval(), x)) == {"weight"}


@pytest.mark.parametrize("factor", [1.0, 1.05])
def test_a_reference_judges_half_precision(torch, factor):
    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            y = torch.tanh(x.bfloat16() @ w.bfloat16())
            ctx.save_for_backward(x, w, y)
            return y.to(x.dtype)

        @staticmethod
        def backward(ctx, dy):
            x, w, y = ctx.saved_tensors
            dz = dy.bfloat16() * (1 - y**2)
            return (dz @ w.bfloat16().T).to(x.dtype), (factor * x.bfloat16().T @ dz).to(x.dtype)

    report = adapter.check(Half, X, W, reference=lambda x, w: torch.tanh(x @ w))
    assert failed(report) == ({"w"} if factor > 1 else set()), report
    module = torch.nn.Linear(3, 2)
    with pytest.raises(ArgumentError, match=r"must have the parameters of the module"):
        adapter.check(module, X, reference=torch.tanh)
    assert adapter.check(module, X, dtype="float32", reference=module).ok


def test_a_function_in_place(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, dy):
            return 2 * dy

    assert adapter.check(Double, X).ok


def test_what_is_no_function_is_refused(torch):
    with pytest.raises(ArgumentError, match=r"an autograd.Function, a module or a callable"):
        adapter.check(3, X)
    with pytest.raises(ArgumentError, match=r"reference must be an autograd.Function.*got 3: pass"):
        adapter.check(torch.tanh, X, reference=3)
    with pytest.raises(ArgumentError, match=r'"float64" or "float32", got .float16.'):
        adapter.check(torch.tanh, X, dtype="float16")


def test_the_example_of_the_docstring(torch):
    run_examples(adapter.check)


def test_tensors_that_are_not_dense_are_refused(torch):
    sparse, meta = torch.eye(3).to_sparse(), torch.eye(3, device="meta")
    with pytest.raises(ArgumentError, match=r"layout sparse_coo and shape \(3, 3\): pass x"):
        adapter.check(torch.sin, sparse)
    with pytest.raises(ArgumentError, match=r"inputs must hold numbers, got a meta tensor"):
        adapter.check(torch.sin, {"x": meta})


def test_the_callers_gradient_mode_changes_nothing(torch):
    x, linear = torch.randn(2, 3), torch.nn.Linear(3, 2)
    with torch.no_grad():
        assert adapter.check(linear, x).ok
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        assert adapter.check(linear, x).ok
        assert torch.is_inference_mode_enabled()


def make_double(torch, backward):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, dy):
            return backward(dy)

    return Double


@pytest.mark.parametrize("shape", [(3, 2), (4,)])
def test_a_backward_that_takes_the_order_in_memory_for_granted(torch, shape):
    x = torch.randn(shape)
    contiguous = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))

    def assumes_order(dy):
        # Only zero strides are taken care of, so that a constant gradient shows nothing.
        return 2 * (dy if 0 in dy.stride() else torch.as_strided(dy, shape, contiguous))

    report = adapter.check(make_double(torch, assumes_order), x)
    assert failed(report) == {"any memory layout"}, report
    assert adapter.check(make_double(torch, lambda dy: 2 * dy), x).ok


def test_a_backward_that_piles_up_is_told_first(torch):
    total = torch.zeros(3, dtype=torch.float64)
    report = adapter.check(make_double(torch, lambda dy: total.add_(2 * dy).clone()), X[0])
    assert report.guilty.parameter == "the same twice"
    assert "piles up" in report.guilty.diagnosis
    assert failed(report) == {"the same twice", "x"}
    fills = lambda dy: torch.mul(dy, 2, out=total)  # noqa: E731
    assert adapter.check(make_double(torch, fills), X[0]).ok
