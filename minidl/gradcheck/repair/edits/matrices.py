"""Edits of matrix products."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import reduce
from itertools import permutations

from ..edit import Edit, Scope, expression, with_fields


def transposes(scope: Scope) -> Iterator[Edit]:
    """Transpose a factor of a matrix product, or leave a transpose out."""
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            for side in ("left", "right"):
                factor = getattr(node, side)
                if isinstance(factor, ast.Attribute) and factor.attr == "T":
                    continue
                turned = with_fields(node, **{side: expression("e.T", e=factor)})
                yield Edit("a matrix factor is not transposed", {node: turned})
    for node in scope.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "T":
            yield Edit("a superfluous transpose", {node: node.value})
    for node in scope.nodes:
        for argument in node.args if isinstance(node, ast.Call) else ():
            if isinstance(argument, ast.Name | ast.Subscript | ast.Call):
                words = "a matrix argument is not transposed"
                yield Edit(words, {argument: expression("e.T", e=argument)})
    for value in scope.values:
        yield Edit("the result is not transposed", {value: expression("e.T", e=value)})


def order_of_factors(scope: Scope) -> Iterator[Edit]:
    """Exchange the factors of a matrix product, transposed or not."""
    words = "the factors of a matrix product are on the wrong sides"
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            for template in ("b @ a", "b.T @ a", "b @ a.T", "b.T @ a.T"):
                yield Edit(words, {node: expression(template, a=node.left, b=node.right)})
    for chain in scope.nodes:
        factors = _factors(chain)
        if 2 < len(factors) <= _MAX_CHAIN and not _is_part_of_chain(chain, scope):
            for order in list(permutations(factors))[1:]:
                product = reduce(_times, order)
                yield Edit(words, {chain: ast.copy_location(product, chain)})


_MAX_CHAIN = 4  # factors, of which every order is tried


def _factors(node: ast.AST) -> list[ast.expr]:
    """Return the factors of a @ b @ c, grouped from the left."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)):
        return []
    return [*(_factors(node.left) or [node.left]), node.right]


def _is_part_of_chain(node: ast.AST, scope: Scope) -> bool:
    parent = scope.parents.get(node)
    return isinstance(parent, ast.BinOp) and node is parent.left and bool(_factors(parent))


def _times(left: ast.expr, right: ast.expr) -> ast.expr:
    return expression("a @ b", a=left, b=right)
