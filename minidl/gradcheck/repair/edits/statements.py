"""Edits of whole statements and of what assignments do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..edit import Edit, Scope, expression, with_fields


def accumulation(scope: Scope) -> Iterator[Edit]:
    """Exchange ``=`` and ``+=``."""
    stored: set[str] = set()
    for node in scope.nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            if isinstance(node.value, ast.Constant):  # += 0 would be an odd cure
                continue
            target = node.targets[0]
            if isinstance(target, ast.Subscript | ast.Name | ast.Attribute) and (
                isinstance(target, ast.Subscript) or ast.unparse(target) in stored
            ):
                added = ast.AugAssign(target=target, op=ast.Add(), value=node.value)
                yield Edit(
                    "it overwrites what it should add to: = where += is right",
                    {node: ast.copy_location(added, node)},
                )
            stored.add(ast.unparse(target))
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            assigned = ast.Assign(targets=[node.target], value=node.value)
            yield Edit(
                "it adds up what it should overwrite: += where = is right",
                {node: ast.copy_location(assigned, node)},
            )


def repeated_indices(scope: Scope) -> Iterator[Edit]:
    """Add at repeated indices by a ufunc's ``at``."""
    words = "duplicates overwrite each other: a repeated index counts once"
    for node in scope.nodes:
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Subscript) and _may_repeat(target.slice):
                is_minus = isinstance(getattr(node, "op", None), ast.Sub)
                call = expression(
                    f"np.{'subtract' if is_minus else 'add'}.at(a, i, v)",
                    a=target.value,
                    i=_as_argument(target.slice),
                    v=node.value,
                )
                yield Edit(words, {node: ast.copy_location(ast.Expr(call), node)})


def _may_repeat(index: ast.expr) -> bool:
    """Return whether an index has a part that is no number and no slice."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return not all(isinstance(part, ast.Constant | ast.Slice) for part in parts)


def _as_argument(index: ast.expr) -> ast.expr:
    """Return an index as it is written outside of brackets."""
    if not isinstance(index, ast.Tuple):
        return index
    none = ast.Constant(None)
    parts = [
        expression("slice(a, b, c)", a=i.lower or none, b=i.upper or none, c=i.step or none)
        if isinstance(i, ast.Slice)
        else i
        for i in index.elts
    ]
    return ast.Tuple(parts, ast.Load())


def left_out(scope: Scope) -> Iterator[Edit]:
    """Leave out a statement."""
    for node in scope.nodes:
        if isinstance(node, ast.Break):
            yield Edit(
                "a loop is left after its first turn",
                {node: ast.copy_location(ast.Pass(), node)},
            )
        elif isinstance(node, ast.AugAssign | ast.Assign | ast.Continue | ast.Expr):
            yield Edit("a superfluous statement", {node: ast.copy_location(ast.Pass(), node)})


def direction_of_loops(scope: Scope) -> Iterator[Edit]:
    """Run a loop in the other direction."""
    words = "a loop runs in the wrong direction"
    for node in scope.nodes:
        if isinstance(node, ast.For):
            items = node.iter
            function = ast.unparse(items.func) if isinstance(items, ast.Call) else ""
            if isinstance(items, ast.Call) and function == "reversed":
                yield Edit(words, {items: items.args[0]})
            elif function in ("range", "zip", "enumerate") or isinstance(items, ast.Name):
                yield Edit(words, {items: expression("list(e)[::-1]", e=items)})


def whole_lines(scope: Scope) -> Iterator[Edit]:
    """Write one element in each row in place of whole columns."""
    words = "whole rows or columns are written where one element is meant"
    for node in scope.nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            first, *others = node.slice.elts
            if isinstance(first, ast.Slice) and len(others) == 1:
                index = expression("(np.arange(len(a)), i)", a=node.value, i=others[0])
                yield Edit(words, {node: with_fields(node, slice=index)})
