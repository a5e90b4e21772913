"""Mutants of minidl's own backward passes: each differs from the source by one operator, axis,
factor, work array or statement.

`python -m tests.gradcheck.mutations` prints which of them the gradient checker detects, which
survive, and which are not bugs.
"""

import ast
import contextlib
import copy
import importlib
import inspect
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

import minidl
from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Conv2D,
    Dropout,
    Hinge,
    Layer,
    Linear,
    Loss,
    MeanSquaredError,
    Penalty,
    Poisson,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from minidl.gradcheck import GradientChecker
from minidl.losses.cross_entropy import BaseBinaryCrossEntropy, BaseCategoricalCrossEntropy
from minidl.utils.parts import exported_parts

# The methods of the parts that compute gradients, or that a gradient is computed from.
METHODS = {
    Layer: (
        "backward",
        "backward_parameters",
        "backward_through",
        "activation_gradient",
        "_write_positive_mask",
        "spread",
        "_backward_parameters",
        "_output_gradient",
        "run_backward",
        "input_gradient",
    ),
    Loss: ("backward",),
    Penalty: ("value", "gradient"),
}
# What stands in for a method of a base class: a part that inherits it.
EXAMPLES = {
    "Activation.backward": "Tanh",
    "Activation._write_positive_mask": "ReLU",
    "Convolution.backward": "Conv2D",
    "Convolution.backward_parameters": "Conv2D",
    "Pooling.backward": "MaxPool2D",
    "Recurrent.backward": "RNN",
    "Recurrent.backward_parameters": "RNN",
    "Recurrent._backward_parameters": "RNN",
    "Recurrent._output_gradient": "RNN",
}
# Functions outside of classes that compute gradients, and the module that calls them.
FUNCTIONS = {
    "layers.correlation": (
        "layers.convolution",
        ("input_gradient", "_phases", "kernel_gradient", "sum_pixels"),
    )
}
PARTS = [
    *exported_parts(minidl.layers, Layer),
    *exported_parts(minidl.losses, Loss),
    *exported_parts(minidl.penalties, Penalty),
]


# What only moves numbers has nothing to mutate.
WITHOUT_MUTANTS = {
    ("layers.flatten", "Flatten", "backward"),
    ("layers.positional_encoding", "PositionalEncoding", "backward"),
    ("layers.reshape", "Reshape", "backward"),
    ("layers.container", "Container", "backward"),
    ("layers.recurrent", "Recurrent", "input_gradient"),
}


def _targets():
    """Yield the functions to mutate: of which module, class and method."""
    for base, methods in METHODS.items():
        for kind in PARTS:
            if issubclass(kind, base):
                for owner, method in product(kind.__mro__[: kind.__mro__.index(base)], methods):
                    function = vars(owner).get(method)
                    is_defined_here = getattr(function, "__module__", None) == owner.__module__
                    if is_defined_here and not getattr(function, "__isabstractmethod__", False):
                        yield owner.__module__.removeprefix("minidl."), owner.__name__, method
    for module, (_, names) in FUNCTIONS.items():
        yield from ((module, "", name) for name in names)
    yield "objective", "Objective", "backward"
    yield "objective", "Objective", "loss_backward"
    yield "objective", "Objective", "add_penalty_gradient"
    yield "objective", "Objective", "value_and_gradient"


TARGETS = sorted(set(_targets()) - WITHOUT_MUTANTS)

# Mutants equivalent to the source, by their class and the end of their description, with the
# reason. Each must pass the check.
EQUIVALENT = {
    (
        "Activation",
        "without repeat_without_underflow(self.activation_gradient, y, dy, dx)",
    ): "nothing raises while models are checked",
    ("BinaryCrossEntropy", "np.divide(t, p, out=gradient)"): "0 / p is 0 unless p is 0 too",
    (
        "BinaryCrossEntropy",
        "np.divide(t, p, out=gradient, where=t >= 0)",
    ): "0 / p is 0 unless p is 0 too",
    ("BinaryCrossEntropy", "np.divide(1 - t, 1 - p, out=other)"): "0 / (1 - p) is 0 unless p is 1",
    (
        "BinaryCrossEntropy",
        "np.divide(1 - t, 1 - p, out=other, where=t <= 1)",
    ): "0 / (1 - p) is 0 unless p is 1",
    (
        "BinaryCrossEntropy",
        "np.divide(1 - t, 1 - p, out=other, where=t < 2)",
    ): "0 / (1 - p) is 0 unless p is 1",
    (
        "BinaryCrossEntropy",
        "np.multiply(gradient, 1.0 / self._divisor(p), out=other)",
    ): "another array of the loss's own, not needed any more",
    (
        "SigmoidCrossEntropy",
        "np.multiply(gradient, factor, out=work)",
    ): "another array of the loss's own, not needed any more",
    ("CategoricalCrossEntropy", "np.divide(t, p, out=gradient)"): "0 / p is 0 unless p is 0 too",
    (
        "CategoricalCrossEntropy",
        "np.divide(t, p, out=gradient, where=t >= 0)",
    ): "0 / p is 0 unless p is 0 too",
    (
        "GELU",
        "np.multiply(slope, slope, out=slope)  ->  np.multiply(x, slope, out=slope)",
    ): "slope is x there, but where x is so far out that the density is 0",
    (
        "GELU",
        "np.multiply(slope, slope, out=slope)  ->  np.multiply(slope, x, out=slope)",
    ): "slope is x there, but where x is so far out that the density is 0",
    ("Poisson", "np.divide(target, counts, out=gradient)"): "0 / p is 0 unless p is 0 too",
    (
        "Poisson",
        "np.divide(target, counts, out=gradient, where=target >= 0)",
    ): "0 / p is 0 unless p is 0 too",
    ("Embedding", "n = tokens.size"): "an array of one axis",
    ("LayerNorm", "weight[:z.size], out=product)"): "all rows are in one block here",
    ("Objective", "dtype = parameter.grad.dtype"): "the same dtype",
    ("Objective", "out=dy)"): "the loss's array, not needed any more",
    (
        "Linear",
        "without if dy.ndim == 2:;     return matmul_into(dy, weight, dx)",
    ): "what follows does the same for rows, slower",
    ("Linear", "if dy.ndim == 1:"): "what follows does the same for rows, slower",
    ("Linear", "if dy.ndim > 1:"): "rows keep their shape",
    ("Linear", "if dy.ndim >= 2:"): "rows keep their shape",
    (
        "Linear",
        "dy = dy.reshape(-2, self.out_features)",
    ): "NumPy takes any negative number for the length that it finds itself",
    (
        "Linear",
        "matmul_into(dy.reshape(-2, self.out_features), weight, dx)",
    ): "NumPy takes any negative number for the length that it finds itself",
    ("Chain", "if first <= len(self.layers):"): "there are parameters",
    (
        "Chain",
        "zip(self._names[::1], self.layers[::-1], strict=True):",
    ): "names only say where something is",
    ("Chain", "self.layers[::-1], strict=False):"): "equal lengths",
    (
        "Concat",
        "without if any((term is None for term in terms)):;     return None",
    ): "no integers here",
    ("Concat", "if len(terms) == 0:"): "more than one branch here",
    ("Concat", "without if len(terms) == 1:;     return terms[0]"): "more than one branch here",
    ("Concat", "return terms[0]  ->  return terms[1]"): "more than one branch here",
    ("Concat", "'dx', terms[1].shape, np.result_type(*terms))"): "equal shapes",
    (
        "Residual",
        "without if through_body is None or through_shortcut is None:;     return None",
    ): "no integers here",
    ("Residual", "out=through_body)"): "the body's array, not needed any more",
    (
        "",
        "np.matmul(ones.T, rows, out=sums)",
    ): "a vector, which has no other order of axes",
    ("", "if 0 in (len(pixels), taps.size):"): "nothing is computed for no pixels",
    ("", "in zip(totals, taps, strict=False):"): "equal lengths",
    (
        "",
        "return loops.kernel_gradient(x, dy, kernel_size, grid, workspace)",
    ): "compiled loops have tests of their own: the checker computes in float64",
    (
        "LayerNorm",
        "return self._run_compiled_backward(dy, normalized, dx)",
    ): "the checker computes in float64, which is not compiled",
    (
        "LayerNorm",
        "if self._is_compiled and dy.dtype != np.float32:",
    ): "the checker computes in float64, which is not compiled",
    (
        "LSTM",
        "self._run_compiled_backward(dstates, dz);     return",
    ): "the checker computes in float64, which is not compiled",
    (
        "LSTM",
        "if self._is_compiled and dtype != np.float32:",
    ): "the checker computes in float64, which is not compiled",
    (
        "LSTM",
        "without self._run_compiled_backward(dstates, dz)",
    ): "the checker computes in float64, which is not compiled",
    ("Objective", "without if first_layer is None:;     return"): "all models here have parameters",
}

_UFUNCS = {
    "add": ["subtract"],
    "subtract": ["add"],
    "multiply": ["divide", "add"],
    "divide": ["multiply"],
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "greater": ["greater_equal", "less"],
    "less": ["less_equal", "greater"],
    "sign": ["abs"],
    "negative": ["positive"],
}
_OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
}
_COMPARISONS = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
_CONSTANTS = {0: [1], 1: [2, 0], 2: [1], -1: [1]}
_ORDERED = {"subtract", "divide", "matmul"}


@dataclass(frozen=True)
class Mutant:
    """A function of the source with one change."""

    module: str
    owner: str
    method: str
    change: str
    tree: ast.Module

    @property
    def name(self):
        return f"{self.module}.{self.owner}.{self.method}: {self.change}"

    @property
    def equivalent(self):
        """Why the mutant is equivalent to the source; "" if it is not."""
        return next(
            (
                why
                for (owner, end), why in EQUIVALENT.items()
                if self.owner == owner and self.change.endswith(end)
            ),
            "",
        )

    @property
    def differs_on_ties_only(self):
        """Whether the change only adds equality to a comparison: no gradient need show it."""
        before, _, after = self.change.partition("  ->  ")
        for with_equality, strict in (
            (">=", ">"),
            ("<=", "<"),
            ("r_equal(", "r("),
            ("s_equal(", "s("),
        ):
            before = before.replace(with_equality, strict)
            after = after.replace(with_equality, strict)
        return before == after

    def function(self):
        """Compile the module with the change, and return the mutated function."""
        space = self.namespace()
        return vars(space[self.owner])[self.method] if self.owner else space[self.method]

    def namespace(self):
        """Compile the module with the change, and return its names."""
        real = importlib.import_module(f"minidl.{self.module}")
        space = {
            "__name__": f"{real.__name__}_mutant",
            "__package__": real.__package__,
            "__file__": real.__file__,
        }
        sys.modules[space["__name__"]] = (
            real  # where dataclasses and the like look up the module of a class
        )
        try:
            exec(compile(ast.fix_missing_locations(self.tree), real.__file__, "exec"), space)
        finally:
            del sys.modules[space["__name__"]]
        return space


def _find(tree, owner, method):
    body = tree.body
    if owner:
        classes = (node for node in body if isinstance(node, ast.ClassDef))
        body = next(node for node in classes if node.name == owner).body
    return next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == method)


def _is_validation(node):
    return isinstance(node, ast.If) and all(isinstance(inner, ast.Raise) for inner in node.body)


def _nodes(function):
    """Return the nodes of the function in a fixed order, without annotations and validation."""

    def walk(node):
        yield node
        for field, value in ast.iter_fields(node):
            if field in (
                "annotation",
                "returns",
                "args" if isinstance(node, ast.FunctionDef) else "",
                "ctx",
            ):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_validation(child):
                    yield from walk(child)

    return list(walk(function))


def _ufunc(node):
    """Return the name of the NumPy function that is called."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        module = node.func.value
        if isinstance(module, ast.Name) and module.id == "np":
            return node.func.attr
    return None


def _arrays(function):
    """Return the names of the arrays in the function: what is passed to NumPy or written by it."""
    names = []
    for node in ast.walk(function):
        if _ufunc(node):
            arguments = [*node.args, *(k.value for k in node.keywords if k.arg == "out")]
            names += [argument.id for argument in arguments if isinstance(argument, ast.Name)]
    return list(dict.fromkeys(names))


def _changes(node, arrays):
    """Yield functions that change a copy of the node in place, or give what replaces it."""
    ufunc = _ufunc(node)
    if ufunc:
        for other in _UFUNCS.get(ufunc, []):
            yield lambda n, other=other: setattr(n.func, "attr", other)
        if ufunc in _ORDERED:
            yield lambda n: n.args.__setitem__(slice(0, 2), n.args[1::-1])
        for position, argument in enumerate(node.args[:2]):
            if isinstance(argument, ast.Name):
                for name in arrays:
                    if name != argument.id:
                        yield lambda n, i=position, name=name: setattr(n.args[i], "id", name)
                if ufunc == "matmul":
                    yield lambda n, i=position: n.args.__setitem__(
                        i, ast.Attribute(n.args[i], "T", ast.Load())
                    )
        for position, keyword in enumerate(node.keywords):
            if keyword.arg == "where":
                yield lambda n, i=position: n.keywords.__delitem__(i)
            if keyword.arg == "out" and isinstance(keyword.value, ast.Name):
                for name in arrays:
                    if name != keyword.value.id:
                        yield lambda n, i=position, name=name: setattr(
                            n.keywords[i].value, "id", name
                        )
    if isinstance(node, ast.BinOp):
        for operator in _OPERATORS.get(type(node.op), []):
            yield lambda n, operator=operator: setattr(n, "op", operator())
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield lambda n: setattr(n, "op", ast.Sub())
    if isinstance(node, ast.UnaryOp):
        yield lambda n: n.operand
    if isinstance(node, ast.Compare):
        for comparison in _COMPARISONS.get(type(node.ops[0]), []):
            yield lambda n, comparison=comparison: n.ops.__setitem__(0, comparison())
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield lambda n: n.value
    if isinstance(node, ast.Attribute) and node.attr == "grad":
        yield lambda n: setattr(n, "attr", "value")
    if isinstance(node, ast.Attribute) and node.attr == "value":
        yield lambda n: setattr(n, "attr", "grad")
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ):
        for value in _CONSTANTS.get(node.value, []):
            yield lambda n, value=value: setattr(n, "value", type(n.value)(value))
    if isinstance(node, ast.Constant) and node.value is True:
        yield lambda n: setattr(n, "value", False)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        yield lambda n: ast.Attribute(n.args[0], "size", ast.Load())
    if isinstance(node, ast.Attribute) and node.attr == "size":
        yield lambda n: ast.Call(ast.Name("len", ast.Load()), [n.value], [])
    if isinstance(node, ast.Expr | ast.AugAssign | ast.If | ast.For) and not (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ):
        yield lambda n: ast.Pass()
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        yield lambda n: ast.Pass()
        for name in arrays:
            if isinstance(node.value, ast.Name) and name != node.value.id:
                yield lambda n, name=name: setattr(n.value, "id", name)
    if isinstance(node, ast.Return) and _ufunc(node.value):  # the last step forgotten
        for keyword in node.value.keywords:
            if keyword.arg == "out" and isinstance(keyword.value, ast.Name):
                yield lambda n, name=keyword.value.id: setattr(
                    n, "value", ast.Name(name, ast.Load())
                )


class _Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else super().generic_visit(node)


def _statement(function, node):
    """Return the innermost statement around a node, as text."""
    around = [
        s
        for s in ast.walk(function)
        if isinstance(s, ast.stmt) and any(inner is node for inner in ast.walk(s))
    ]
    innermost = min(around, key=lambda s: len(list(ast.walk(s))))
    return ast.unparse(innermost).replace("\n", "; ")


def mutants() -> Iterator[Mutant]:
    """Yield every mutant of every target."""
    for module, owner, method in TARGETS:
        source = inspect.getsource(importlib.import_module(f"minidl.{module}"))
        tree = ast.parse(source)
        original = _find(tree, owner, method)
        arrays = _arrays(original)
        seen = set()
        for position, node in enumerate(_nodes(original)):
            before = _statement(original, node) if node is not original else ""
            for number in range(len(list(_changes(node, arrays)))):
                twin = copy.deepcopy(tree)
                function = _find(twin, owner, method)
                target = _nodes(function)[position]
                change = list(_changes(target, arrays))[number]
                replaced = change(target)
                if isinstance(replaced, ast.AST):
                    _Replace(target, replaced).visit(twin)
                after = [
                    s for s, t in zip(_lines(function), _lines(original), strict=False) if s != t
                ]
                name = f"{before}  ->  {after[0] if after else 'nothing'}"
                if isinstance(replaced, ast.Pass):
                    name = f"without {before}"
                if name not in seen:
                    seen.add(name)
                    yield Mutant(module, owner, method, name, twin)


def _lines(function):
    """Return each statement as text; of one that contains others, what stands in its first line."""
    lines = []
    for statement in ast.walk(function):
        if isinstance(statement, ast.stmt) and statement is not function:
            if hasattr(statement, "body"):
                statement = copy.copy(statement)
                statement.body, statement.orelse = [ast.Pass()], []
            lines.append(ast.unparse(statement).replace("\n    pass", "").replace("\n", "; "))
    return lines


def _subclass(owner, method, function):
    real = next(kind for kind in PARTS if kind.__name__ == owner)
    return type(owner, (real,), {method: function})


def planted(mutant: Mutant):
    """Yield models into which the mutant is put, and X, Y and weights."""
    function = mutant.function()
    rng = np.random.default_rng(11)
    if mutant.module == "penalties":
        chosen = _subclass(mutant.owner, mutant.method, function)
        layers = [Linear(4, 4), Tanh(), Linear(4, 2)]
        yield (
            Sequential(layers, loss=MeanSquaredError(), penalties=[chosen(0.3)], dtype=np.float64),
            rng.standard_normal((6, 4)),
            rng.standard_normal((6, 2)),
            None,
        )
        return
    owner = EXAMPLES.get(f"{mutant.owner}.{mutant.method}", mutant.owner) or "Conv2D"
    if owner in SEQUENCES:
        yield from _in_sequences(mutant, _subclass(owner, mutant.method, function), rng)
        return
    for case in PICTURES.get(owner, ()):
        yield *_in_picture_layer(mutant, owner, function, rng, *case), None
    for shape, weight in () if owner in PICTURES else BATCHES:
        if mutant.module.startswith("layers"):
            yield *_in_layer(mutant, function, rng, shape), weight
        elif mutant.module.startswith("losses"):
            yield *_in_loss(mutant, function, rng, shape), weight
        else:
            yield *_in_objective(mutant, function, rng, shape), weight


# The shape of examples and positions, (m, ...), and weights: rows, and sequences with a mask.
BATCHES = [((6,), None), ((3, 2), np.array([[1.0, 2.0], [0.5, 0.0], [1.0, 1.5]]))]


# The arguments of the layers that need some; each maps 5 features to 5.
ARGUMENTS = {
    "BatchNorm": (5,),
    "Dropout": (0.7,),
    "LeakyReLU": (0.2,),
    "Linear": (5, 5),
    "Reshape": ((5, -1),),
}


# Functions of the class of a layer with two ways: one for rows, another for sequences.
VARIANTS = {
    "GELU": (lambda mutated: mutated(), lambda mutated: mutated(approximate=True)),
    "LayerNorm": (lambda mutated: mutated(5), lambda mutated: mutated(5, skip_padding=True)),
    "Chain": (
        lambda mutated: mutated(Tanh(), Linear(5, 5), Tanh(), Linear(5, 5)),
        lambda mutated: mutated(Linear(5, 5), Tanh()),
    ),
    "Concat": (
        lambda mutated: mutated(Tanh(), [Linear(5, 3), Tanh()], Linear(5, 2)),
        lambda mutated: mutated(Linear(5, 5), Tanh()),
    ),
    "Residual": (
        lambda mutated: mutated(Linear(5, 5), Tanh(), shortcut=Linear(5, 5)),
        lambda mutated: mutated(Linear(5, 5), Tanh()),
    ),
}


# Layers of pictures and sequences: the shape of an example, and functions of the layer's class.
PICTURES = {
    "Conv1D": [((5, 2), lambda mutated: mutated(2, 2, 3, stride=2, padding=2))],
    "Conv2D": [
        ((3, 4, 2), lambda mutated: mutated(2, 1, (2, 3), padding=1)),
        ((2, 7, 2), lambda mutated: mutated(2, 1, 2, stride=3, padding=1, dilation=(2, 1))),
        ((4, 3, 2), lambda mutated: mutated(2, 3, 1, stride=(1, 2), bias=False)),
    ],
    "MaxPool2D": [
        ((4, 4, 2), lambda mutated: mutated((2, 3))),
        ((5, 6, 1), lambda mutated: mutated(3, stride=(2, 4), padding=(1, 0))),
    ],
    "AvgPool2D": [
        ((4, 4, 2), lambda mutated: mutated((2, 3))),
        ((5, 6, 1), lambda mutated: mutated(3, stride=(2, 4), padding=(1, 0))),
    ],
    "GlobalAvgPool2D": [((2, 3, 2), lambda mutated: mutated())],
    "Upsample2D": [((1, 2, 2), lambda mutated: mutated((2, 3)))],
}


def _in_picture_layer(mutant, owner, function, rng, shape, make):
    mutated = _subclass(owner, mutant.method, function) if mutant.owner else Conv2D
    made = make(mutated)
    before = [Linear(shape[-1], shape[-1]), Tanh()]
    if mutant.method in ("backward_parameters", "spread"):
        before = []
    (*_, features) = made.output_shape(shape)
    layers = [*before, made, Tanh(), Linear(features, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    X = rng.standard_normal((3, *shape))
    return model, X, rng.standard_normal(model.predict(X).shape)


@contextlib.contextmanager
def _in_its_callers(mutant):
    """Put a function that belongs to no class into the module that calls it."""
    if mutant.owner:
        yield
        return
    caller = importlib.import_module(f"minidl.{FUNCTIONS[mutant.module][0]}")
    own = importlib.import_module(f"minidl.{mutant.module}")
    space = mutant.namespace()
    names = [name for name, value in vars(own).items() if vars(caller).get(name) is value]
    functions = {name: vars(own)[name] for name in names if inspect.isfunction(vars(own)[name])}
    try:
        for name in functions:
            setattr(caller, name, space[name])
        yield
    finally:
        for name, function in functions.items():
            setattr(caller, name, function)


def _in_objective(mutant, function, rng, shape):
    layers = [Dropout(0.5), Linear(4, 4), Tanh(), Linear(4, 4), Tanh(), Linear(4, 2)]
    penalties = [L2(0.3), L1(0.2, layers=[1])]
    model = Sequential(layers, loss=MeanSquaredError(), penalties=penalties, dtype=np.float64)
    objective = model.objective_function
    setattr(objective, mutant.method, function.__get__(objective))
    return model, rng.standard_normal((*shape, 4)), rng.standard_normal((*shape, 2))


# The options of each model for a layer of sequences.
RECURRENT = (
    {"skip_padding": True, "learn_initial_state": True},
    {"skip_padding": True, "return_sequences": False},
)
SEQUENCES = {
    "Embedding": ({"padding": 0}, {}),
    "GRU": RECURRENT,
    "LSTM": RECURRENT,
    "RNN": RECURRENT,
    "SelfAttention": ({}, {"causal": True}, {"causal": True, "skip_padding": True}),
}


# Of the vocabulary and features; of features and heads: one head of two features has a scale.
SIZES = {"Embedding": (4, 2), "SelfAttention": (2, 1)}


def _in_sequences(mutant, mutated, rng):
    for options in SEQUENCES[mutated.__name__]:
        layers = [mutated(*SIZES.get(mutated.__name__, (2, 2)), **options)]
        if mutated.takes_integers:
            X = rng.integers(0, 4, (3, 3))
        else:
            X = rng.standard_normal((3, 3, 2))
            X[1, 1:] = X[2, 2:] = 0
            if mutant.method != "backward_parameters":  # called for the first with parameters
                layers[:0] = [Linear(2, 2, bias=False)]
        model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
        for name, parameter in model.parameters:
            if name.endswith(("bias", "initial_state", "initial_cell")):  # 0 at first
                parameter.value = rng.standard_normal(parameter.shape)
        shape = (3, 3, 2) if options.get("return_sequences", True) else (3, 2)
        yield model, X, rng.standard_normal(shape), None


def _in_layer(mutant, function, rng, shape):
    owner = EXAMPLES.get(f"{mutant.owner}.{mutant.method}", mutant.owner)
    mutated = _subclass(owner, mutant.method, function)
    try:
        if owner in VARIANTS:
            made = VARIANTS[owner][len(shape) - 1](mutated)
        else:
            made = mutated(*ARGUMENTS.get(owner, ()))
    except TypeError as error:
        raise TypeError(
            f"{error}: add the arguments of {owner} to ARGUMENTS in {__file__}"
        ) from None
    before = [Linear(4, 5), Tanh()]
    if mutant.method == "backward_parameters":  # it is called for the first layer with parameters
        before = []
    X = rng.standard_normal((*shape, 4 if before else 5))
    if getattr(made, "skip_padding", False):
        X[1, 1:] = 0
    layers = [*before, made, Linear(10 if owner == "Concat" else 5, 2)]
    Y = rng.standard_normal((*shape, 2))
    return Sequential(layers, loss=MeanSquaredError(), dtype=np.float64), X, Y


def _in_loss(mutant, function, rng, shape):
    X = rng.standard_normal((*shape, 4))
    layers = [Linear(4, 5), Tanh(), Linear(5, 3)]
    mutated = _subclass(mutant.owner, mutant.method, function)
    binary, categorical = (
        issubclass(mutated, base) for base in (BaseBinaryCrossEntropy, BaseCategoricalCrossEntropy)
    )
    if issubclass(mutated, Hinge):
        model = Sequential(layers, loss=mutated(), dtype=np.float64)
        model.layers[-1].weight.value[...] *= 4  # some examples are beyond the margin
        return model, X, rng.integers(0, 3, shape)
    if issubclass(mutated, Poisson):
        loss = mutated() if len(shape) == 1 else mutated(log_input=False)
        layers += [] if loss.log_input else [Softplus()]
        Y = rng.poisson(1.0, (*shape, 3))
        return Sequential(layers, loss=loss, dtype=np.float64), X, Y
    if not (binary or categorical):
        Y = rng.standard_normal((*shape, 3))
        return Sequential(layers, loss=mutated(), dtype=np.float64), X, Y
    Y = rng.random((*shape, 3)) if binary else rng.dirichlet(np.ones(3), shape)
    Y.reshape(-1, 3)[:3] = np.eye(3)  # targets of exactly 0 and 1 are separate cases
    layers.append(Sigmoid() if binary else Softmax())
    if mutant.owner not in ("SigmoidCrossEntropy", "SoftmaxCrossEntropy"):
        return Sequential(layers, loss=mutated(), dtype=np.float64), X, Y
    plain = BinaryCrossEntropy() if binary else CategoricalCrossEntropy()
    model = Sequential(layers, loss=plain, dtype=np.float64)
    training_loss = model.objective_function.training_loss
    training_loss.backward = function.__get__(training_loss)
    return model, X, Y


def verdict(mutant: Mutant) -> str:
    """Return "" if the checker passes the mutant, else its diagnosis."""
    for model, X, Y, sample_weight in planted(mutant):
        with _in_its_callers(mutant), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                report = GradientChecker(model).check(X, Y, sample_weight=sample_weight)
            except Exception as error:  # a mutant that cannot even be run shows itself
                return f"{type(error).__name__}: {error}"
        if not report.ok:
            return f"{report.guilty.location}: {report.guilty.diagnosis}"
    return ""


def table() -> str:
    """Return the table of all mutants."""
    rows, counts = [], {"killed": 0, "SURVIVED": 0, "equivalent": 0}
    for mutant in mutants():
        diagnosis = verdict(mutant)
        state = "equivalent" if mutant.equivalent else "SURVIVED"
        if diagnosis:
            state = "killed"
        counts[state] += 1
        rows.append(
            f"{state:10}  {mutant.name}\n            {diagnosis[:120] or mutant.equivalent}"
        )
    return "\n".join([*rows, ", ".join(f"{number} {state}" for state, number in counts.items())])


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        print(table())
