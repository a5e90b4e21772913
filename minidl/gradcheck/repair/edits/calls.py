"""Edits of calls: another function, another axis, no function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..edit import Edit, Scope, expression, number_of, with_fields

_PAIRS = (
    ("mean", "sum"),
    ("sin", "cos"),
    ("sinh", "cosh"),
    ("maximum", "minimum"),
    ("max", "min"),
    ("exp", "log"),
    ("var", "std"),
    ("square", "sqrt"),
    ("cumsum", "cumprod"),
    ("zeros_like", "ones_like"),
    ("sign", "abs"),
    ("floor", "ceil"),
    ("tanh", "arctanh"),
    ("inv", "pinv"),
    ("rfft", "irfft"),
    ("fft", "ifft"),
    ("argmax", "argmin"),
)
_OTHER = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}


def other_function(scope: Scope) -> Iterator[Edit]:
    """Call the function with which it is mistaken."""
    for node in scope.nodes:
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "attr", getattr(function, "id", ""))
            if name in _OTHER:
                field = "attr" if isinstance(function, ast.Attribute) else "id"
                other = with_fields(function, **{field: _OTHER[name]})
                words = f"{name} where {_OTHER[name]} is right"
                yield Edit(words, {node: with_fields(node, func=other)})


def superfluous_call(scope: Scope) -> Iterator[Edit]:
    """Take the argument of a call itself."""
    for node in scope.nodes:
        if isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func)
            yield Edit(f"a superfluous {name}", {node: node.args[0]})
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield Edit(f"a superfluous {node.func.attr}", {node: node.func.value})


def axes(scope: Scope) -> Iterator[Edit]:
    """Add an axis to a call that has none, take it away, or keep the dimensions."""
    for node in scope.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        keywords = {each.arg: each for each in node.keywords}
        if "axis" in keywords:
            others = [each for each in node.keywords if each.arg not in ("axis", "keepdims")]
            yield Edit("over the wrong axis", {node: with_fields(node, keywords=others)})
            for template in ("e(axis=0, keepdims=True)", "e(axis=-1, keepdims=True)"):
                call = with_fields(node, keywords=others)
                added = getattr(expression(template, e=node.func), "keywords", [])
                yield Edit("over the wrong axis", {node: with_fields(call, keywords=added)})
        elif node.func.attr in ("sum", "mean", "max", "min", "prod", "cumsum", "std", "var"):
            for template in ("e(axis=0)", "e(axis=-1)", "e(axis=-1, keepdims=True)"):
                call = expression(template, e=node.func)
                added = getattr(call, "keywords", [])
                yield Edit(
                    "over the wrong axis", {node: with_fields(node, keywords=node.keywords + added)}
                )


_OTHER_COMPARISON: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(),
    ast.Gt: ast.Lt(),
    ast.LtE: ast.GtE(),
    ast.GtE: ast.LtE(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
}


def conditions(scope: Scope) -> Iterator[Edit]:
    """Turn a comparison around, or a mask."""
    for node in scope.nodes:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            other = _OTHER_COMPARISON.get(type(node.ops[0]))
            if other is not None:
                words = "the mask is inverted: a comparison is the wrong way round"
                yield Edit(words, {node: with_fields(node, ops=[other])})
    for value in scope.values:
        yield Edit("the mask is inverted", {value: expression("1 - e", e=value)})


def masks(scope: Scope) -> Iterator[Edit]:
    """Multiply by a comparison of a known array with a number of the function."""
    known = {number for node in scope.nodes if (number := number_of(node)) is not None}
    numbers = sorted(known | {0, 1})
    for name in scope.names:
        for number in numbers:
            for template in ("(v > {0})", "(v < {0})", "(np.abs(v) < {0})", "(np.abs(v) > {0})"):
                mask = expression(template.format(number), v=expression(name))
                words = f"a missing mask {ast.unparse(mask)}"
                for value in scope.values:
                    yield Edit(words, {value: expression("e * f", e=value, f=mask)})
