"""Edits of matrix products."""

from __future__ import annotations

import ast
from collections.abc import Iterator

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
    for value in scope.values:
        yield Edit("the result is not transposed", {value: expression("e.T", e=value)})


def order_of_factors(scope: Scope) -> Iterator[Edit]:
    """Exchange the factors of a matrix product, transposed or not."""
    words = "the factors of a matrix product are on the wrong sides"
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            for template in ("b @ a", "b.T @ a", "b @ a.T", "b.T @ a.T"):
                yield Edit(words, {node: expression(template, a=node.left, b=node.right)})
