"""Edits of sums, products, quotients and powers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..edit import (
    Edit,
    Scope,
    complemented,
    expression,
    number_of,
    reads_of_statements,
    with_fields,
)

_OTHER_OPERATOR: dict[type[ast.operator], tuple[ast.operator, str]] = {
    ast.Add: (ast.Sub(), "the sign of a term is wrong: + where - is right"),
    ast.Sub: (ast.Add(), "the sign of a term is wrong: - where + is right"),
    ast.Mult: (ast.Div(), "a product where a quotient is right"),
    ast.Div: (ast.Mult(), "a quotient where a product is right"),
}


def other_operator(scope: Scope) -> Iterator[Edit]:
    """Exchange + and -, * and /."""
    for node in scope.nodes:
        if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OTHER_OPERATOR:
            operator, words = _OTHER_OPERATOR[type(node.op)]
            yield Edit(words, {node: with_fields(node, op=operator)})


def other_sign(scope: Scope) -> Iterator[Edit]:
    """Insert or remove a minus."""
    for node in scope.nodes:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield Edit("the sign is wrong", {node: node.operand})
    arguments = [
        argument
        for node in scope.nodes
        if isinstance(node, ast.Call)
        for argument in node.args
        if isinstance(argument, ast.Name | ast.BinOp | ast.Subscript)
    ]
    for value in [*scope.values, *arguments]:
        yield Edit("the sign is wrong", {value: expression("-e", e=value)})
    for statement, reads in reads_of_statements(scope):
        for name, nodes in reads.items():
            if len(nodes) > 1:
                words = f"the sign of {name} is wrong, as of a rotation in the wrong direction"
                changes: dict[ast.AST, ast.AST] = {n: expression("-e", e=n) for n in nodes}
                yield Edit(words, changes, whole=statement)


def other_grouping(scope: Scope) -> Iterator[Edit]:
    """Move parentheses: (a + b) * c for a + b * c, a / (b * c) for a / b * c, and the reverse."""
    words = "grouped otherwise: parentheses at another place"
    for node in scope.nodes:
        if not isinstance(node, ast.BinOp):
            continue
        left, right = node.left, node.right
        if isinstance(left, ast.BinOp):  # (a o b) p c -> a o (b p c)
            inner = with_fields(node, left=left.right)
            yield Edit(words, {node: with_fields(left, right=inner)})
        if isinstance(right, ast.BinOp):  # a o (b p c) -> (a o b) p c
            inner = with_fields(node, right=right.left)
            yield Edit(words, {node: with_fields(right, left=inner)})


def superfluous_factor(scope: Scope) -> Iterator[Edit]:
    """Leave out a factor or a term."""
    for node in scope.nodes:
        if not isinstance(node, ast.BinOp):
            continue
        name = (
            "factor" if isinstance(node.op, ast.Mult | ast.Div | ast.Pow | ast.MatMult) else "term"
        )
        if not isinstance(node.op, ast.MatMult):
            yield Edit(f"a superfluous {name}", {node: node.left})
        if isinstance(node.op, ast.Mult | ast.Add):
            yield Edit(f"a superfluous {name}", {node: node.right})


def epsilon(scope: Scope) -> Iterator[Edit]:
    """Move an added number into a root or out of it."""
    inside = "epsilon outside of the root, where forward has it inside"
    outside = "epsilon inside of the root, where forward has it outside"
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            root = node.left
            if isinstance(root, ast.Call) and len(root.args) == 1:
                moved = with_fields(node, left=root.args[0])
                yield Edit(inside, {node: with_fields(root, args=[moved])})
            if isinstance(root, ast.BinOp) and isinstance(root.op, ast.Pow):
                moved = with_fields(node, left=root.left)
                yield Edit(inside, {node: with_fields(root, left=moved)})
        if isinstance(node, ast.Call) and len(node.args) == 1:
            argument = node.args[0]
            if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add):
                moved = with_fields(node, args=[argument.left])
                yield Edit(outside, {node: with_fields(argument, left=moved)})


def other_derivative(scope: Scope) -> Iterator[Edit]:
    """Take the derivative of tanh by its value, 1 - v**2, for that of a sigmoid, or the reverse."""
    for node in scope.nodes:
        if not isinstance(node, ast.BinOp):
            continue
        v = complemented(node)
        squared = None if v is None else _square_root(v)
        if squared is not None:
            after = expression("v * (1 - v)", v=squared)
            yield Edit("the derivative of tanh where that of a sigmoid is right", {node: after})
        v = complemented(node.right) if isinstance(node.op, ast.Mult) else None
        factor = node.left
        if v is None:
            continue
        words = "the derivative of a sigmoid where that of tanh is right"
        if ast.unparse(factor) == ast.unparse(v):
            yield Edit(words, {node: expression("1 - v**2", v=v)})
        elif isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult):
            for part, d in ((factor.right, factor.left), (factor.left, factor.right)):
                if ast.unparse(part) == ast.unparse(v):
                    yield Edit(words, {node: expression("d * (1 - v**2)", d=d, v=v)})


def _square_root(node: ast.expr) -> ast.expr | None:
    """Return v of v**2 and v * v."""
    if not isinstance(node, ast.BinOp):
        return None
    is_power = isinstance(node.op, ast.Pow) and number_of(node.right) == 2
    is_product = isinstance(node.op, ast.Mult) and ast.unparse(node.left) == ast.unparse(node.right)
    return node.left if is_power or is_product else None
