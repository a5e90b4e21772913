"""Edits that add a factor or a term which was forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ..edit import Edit, Scope, complemented, expression, is_value_name

_VARIABLES = ("v", "1 / v")
_FACTORS = (
    "(1 - v)",
    "(1 - v**2)",
    "v * (1 - v)",
    "(v > 0)",
    "v**2",
    "1 / v**2",
    "np.sign(v)",
    "np.cos(v)",
    "-np.sin(v)",
    "np.exp(v)",
    "np.exp(-v)",
    "1 / (1 + v**2)",
    "len(v)",
    "1 / len(v)",
    "1 / v.size",
    "1 / v.shape[-1]",
)
"""What derivatives consist of."""

_OF_ITSELF = (
    ("e - e.mean(axis={axis}, keepdims=True)", "the mean's term is missing"),
    ("e - e.sum(axis={axis}, keepdims=True)", "the sum's term is missing"),
)
_WITH_ANOTHER = (
    ("e - v * (e * v).sum(axis={axis}, keepdims=True)", "the norm's term is missing"),
    ("e - v * (e * v).mean(axis={axis}, keepdims=True)", "the variance's term is missing"),
    ("e - (e * v).sum(axis={axis}, keepdims=True)", "the sum's term is missing"),
)
_AXES = ("-1", "0", "None")
_MAX_PARTS = 20  # expressions of the function that are tried as terms and factors
_MAX_PAIRS = 12  # names of which products are tried as terms


_FUNCTIONS = ("linalg.inv", "abs", "exp", "log", "sqrt", "tanh", "sign", "conj")
"""What is called on the way to a derivative."""


def missing_call(scope: Scope) -> Iterator[Edit]:
    """Call a function of what is read."""
    for function in _FUNCTIONS:
        for node in scope.nodes:
            if is_value_name(node, scope.parents):
                words = f"a missing {function.split('.')[-1]}"
                yield Edit(words, {node: expression(f"np.{function}(e)", e=node)})


def factor_of_incoming(scope: Scope) -> Iterator[Edit]:
    """Multiply the first argument, wherever it is read: the incoming gradient."""
    if not scope.arguments:
        return
    incoming = scope.arguments[0]
    reads = [
        node
        for node in scope.nodes
        if isinstance(node, ast.Name) and node.id == incoming and isinstance(node.ctx, ast.Load)
    ]
    for template in (*_VARIABLES, *_FACTORS) if reads else ():
        for name in scope.names:
            if name != incoming:
                factor = expression(template, v=expression(name))
                words = f"{incoming} is not multiplied by {ast.unparse(factor)}"
                yield Edit(words, {read: expression("e * f", e=read, f=factor) for read in reads})


def missing_variable(scope: Scope) -> Iterator[Edit]:
    """Multiply or divide by a variable."""
    yield from _products(scope, _VARIABLES)


def missing_factor(scope: Scope) -> Iterator[Edit]:
    """Multiply by what a derivative may contain."""
    yield from _products(scope, _FACTORS)


def _products(scope: Scope, templates: Iterable[str]) -> Iterator[Edit]:
    for template in templates:
        for value in scope.values:
            for name in scope.names:
                factor = expression(template, v=expression(name))
                words = f"a missing factor {ast.unparse(factor)}"
                if template.startswith("1 / "):
                    words = f"a missing division by {ast.unparse(factor)[4:]}"
                yield Edit(words, {value: expression("e * f", e=value, f=factor)})


def missing_part(scope: Scope) -> Iterator[Edit]:
    """Add or multiply by an expression that the function has elsewhere."""
    parts: dict[str, ast.expr] = {}
    for node in scope.nodes:
        if isinstance(node, ast.BinOp | ast.Call | ast.Compare):
            parts.setdefault(ast.unparse(node), node)
    for text, part in list(parts.items())[:_MAX_PARTS]:
        for value in scope.values:
            for template, words in (
                ("e + f", "a missing term + {}"),
                ("e - f", "a missing term - {}"),
                ("e * f", "a missing factor {}"),
                ("e / f", "a missing division by {}"),
            ):
                if value is not part:
                    other = expression(text)
                    yield Edit(words.format(text), {value: expression(template, e=value, f=other)})


def missing_term(scope: Scope) -> Iterator[Edit]:
    """Subtract what keeps a mean, a norm or a sum fixed; add known arrays."""
    values = list(scope.values)
    for axis in _AXES:
        for template, words in _OF_ITSELF:
            filled = template.format(axis=axis)
            yield from (Edit(words, {value: expression(filled, e=value)}) for value in values)
    for name in scope.names:
        other = expression(name)
        for axis in _AXES:
            for template, words in _WITH_ANOTHER:
                filled = template.format(axis=axis)
                for value in values:
                    yield Edit(words, {value: expression(filled, e=value, v=other)})
    names = scope.names[:_MAX_PAIRS]
    pairs = [(a, b) for a in names for b in names]
    terms = [*names, *(f"{a} * {b}" for a, b in pairs if a <= b)]
    terms += [f"{a} * (1 - {b})" for a, b in pairs]
    for term in [*terms, "1"]:
        for sign in "+-":
            for value in values:
                after = expression(f"e {sign} ({term})", e=value)
                yield Edit(f"a missing term {sign} {term}", {value: after})
    for value in values:
        yield Edit("a missing term: its transpose", {value: expression("e + e.T", e=value)})


def missing_sum_of_softmax(scope: Scope) -> Iterator[Edit]:
    """Make a (d - sum(d a)) of a product of d and a, also of d (1 - a)."""
    for node in scope.nodes:
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            continue
        left, right = node.left, node.right
        after = [
            expression("a * (d - (d * a).sum(axis=-1, keepdims=True))", a=a, d=d)
            for a, d in ((left, right), (right, left))
        ]
        for complement, d in ((right, left), (left, right)):
            a = complemented(complement)
            if a is not None:
                after.append(expression("d - (d * a).sum(axis=-1, keepdims=True)", a=a, d=d))
        for each in after:
            yield Edit("the sum over the row of a softmax is missing", {node: each})


def missing_derivative(scope: Scope) -> Iterator[Edit]:
    """Multiply by the derivative of a tanh or of a sigmoid."""
    calls = {
        ast.unparse(node): node
        for node in scope.nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("tanh")
    }
    for value in scope.values:
        for text, call in calls.items():
            if value is not call:
                after = expression("e * (1 - f ** 2)", e=value, f=call)
                yield Edit(f"the derivative of {text} is missing", {value: after})
    whole = [value for value in scope.values if _is_whole(value, scope)]
    names = [name for name in scope.names if name.isidentifier()]
    for template, kind in (("v * (1 - v)", "a sigmoid"), ("(1 - v**2)", "a tanh")):
        for value in whole:
            for name in names:
                factor = expression(template, v=expression(name))
                words = f"a missing derivative of {kind}, {ast.unparse(factor)}"
                yield Edit(words, {value: expression("e * f", e=value, f=factor)})


def _is_whole(value: ast.expr, scope: Scope) -> bool:
    """Return whether a value is assigned, or an item of a list, as a whole."""
    return isinstance(scope.parents.get(value), ast.Assign | ast.AugAssign | ast.Tuple | ast.List)
