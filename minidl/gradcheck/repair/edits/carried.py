"""Edits of what a loop carries from one turn to the next, and of paths through parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..edit import Edit, Scope, expression, number_of


def missing_recurrence(scope: Scope) -> Iterator[Edit]:
    """Carry a product of a variable and a parameter's matrix back, where 0 is assigned."""
    zeros = [node for node in scope.nodes if _is_assigned_zero(node, scope)]
    for product in _products_with_parameters(scope):
        for zero in zeros:
            words = f"a missing product {product}: nothing is carried back"
            yield Edit(words, {zero: expression(product)})


def missing_carried(scope: Scope) -> Iterator[Edit]:
    """Add a product to what a loop carries on, or multiply it."""
    variables = [name for name in scope.names if name.isidentifier()]
    for name, value in _carried(scope):
        for product in _products_with_parameters(scope):
            words = f"a missing product {product}: it is not carried back"
            yield Edit(words, {value: expression(f"e + {product}", e=value)})
        for factor in variables:
            product = f"{factor} * {name}"
            words = f"a missing product {product}: it is not carried back"
            yield Edit(words, {value: expression(f"e + {product}", e=value)})
            words = f"a missing factor {factor} of {name}, which is carried back"
            yield Edit(words, {value: expression(f"e * {factor}", e=value)})


def _carried(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    """Yield the variables that a loop assigns which have a value before it, and these values."""
    loops = [node for node in scope.nodes if isinstance(node, ast.For)]
    inside = {node for loop in loops for part in loop.body for node in ast.walk(part)}
    before = {
        node.id
        for node in scope.nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in inside
    }
    for node in scope.nodes:
        if node in inside and isinstance(node, ast.Assign):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id in before:
                yield target.id, node.value


def missing_path(scope: Scope) -> Iterator[Edit]:
    """Add a product of a variable and a parameter's matrix to what is returned."""
    for product in _products_with_parameters(scope):
        for value in scope.results:
            after = expression(f"e + {product}", e=value)
            yield Edit(f"a missing term + {product}", {value: after})


def _products_with_parameters(scope: Scope) -> Iterator[str]:
    variables = [name for name in scope.names if name.isidentifier()]
    for matrix in (name for name in scope.names if name.endswith(".value")):
        for variable in variables:
            yield f"{variable} @ {matrix}"
            yield f"{variable} @ {matrix}.T"


def _is_assigned_zero(node: ast.AST, scope: Scope) -> bool:
    return number_of(node) == 0 and isinstance(scope.parents.get(node), ast.Assign | ast.Tuple)
