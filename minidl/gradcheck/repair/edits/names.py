"""Edits of what is read: another array, another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from ..edit import Edit, Scope, expression, with_fields


def other_name(scope: Scope) -> Iterator[Edit]:
    """Read another variable, argument or attribute."""
    for node in scope.nodes:
        is_named = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        if not is_named or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        before = ast.unparse(node)
        if before in scope.names:
            for name in scope.names:
                if name != before:
                    words = f"{before} is read where {name} is right"
                    yield Edit(words, {node: expression(name)})


def exchanged(scope: Scope) -> Iterator[Edit]:
    """Exchange two items of a tuple or list, two arguments, or two results."""
    for node in scope.nodes:
        items = _items(node)
        field = "args" if isinstance(node, ast.Call) else "elts"
        for i, j in combinations(range(len(items)), 2):
            swapped = list(items)
            swapped[i], swapped[j] = items[j], items[i]
            first, second = ast.unparse(items[i]), ast.unparse(items[j])
            yield Edit(
                f"{first} and {second} are exchanged", {node: with_fields(node, **{field: swapped})}
            )


def _items(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List):
        return node.elts
    return node.args if isinstance(node, ast.Call) else []
