"""Edits of what is read: another array, another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from ..edit import Edit, Scope, expression, number_of, reads_of_statements, with_fields


def other_name(scope: Scope) -> Iterator[Edit]:
    """Read another variable, argument or attribute."""
    for node in scope.nodes:
        is_named = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        if not is_named or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        before = ast.unparse(node)
        known = [*scope.names, *scope.outer]
        if before in known:
            for name in known:
                if name != before:
                    words = f"{before} is read where {name} is right"
                    yield Edit(words, {node: expression(name)})


def number_for_name(scope: Scope) -> Iterator[Edit]:
    """Read a variable in place of a factor of 0 or 1."""
    for node in scope.nodes:
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
            continue
        for factor in (node.left, node.right):
            if number_of(factor) in (0, 1):
                number = ast.unparse(factor)
                for name in scope.names:
                    words = f"a factor of {number} where {name} is right"
                    yield Edit(words, {factor: expression(name)}, whole=node)


def exchanged(scope: Scope) -> Iterator[Edit]:
    """Exchange two items of a tuple or list, two arguments, or two results."""
    for node in scope.nodes:
        items = _items(node)
        field = "args" if isinstance(node, ast.Call) else "elts"
        for i, j in combinations(range(len(items)), 2):
            swapped = list(items)
            swapped[i], swapped[j] = items[j], items[i]
            first, second = ast.unparse(items[i]), ast.unparse(items[j])
            parent = scope.parents.get(node)
            changed: dict[ast.AST, ast.AST] = {node: with_fields(node, **{field: swapped})}
            whole = parent if isinstance(parent, ast.Subscript) else None
            yield Edit(f"{first} and {second} are exchanged", changed, whole=whole)


def exchanged_names(scope: Scope) -> Iterator[Edit]:
    """Exchange two variables wherever a statement reads them."""
    for statement, reads in reads_of_statements(scope):
        for first, second in combinations(reads, 2):
            changes: dict[ast.AST, ast.AST] = {
                node: with_fields(node, id=other)
                for name, other in ((first, second), (second, first))
                for node in reads[name]
            }
            yield Edit(f"{first} and {second} are exchanged", changes, whole=statement)


def _items(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List):
        return node.elts
    return node.args if isinstance(node, ast.Call) else []
