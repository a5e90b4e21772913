"""Edits of sums, products, quotients and powers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..edit import Edit, Scope, expression, reads_of_statements, with_fields

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
