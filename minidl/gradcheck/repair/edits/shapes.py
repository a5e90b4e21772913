"""Edits of the order of axes: reshapes, transposes of more than two axes, letters of einsum."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, permutations, product

from ..edit import Edit, Scope, expression, with_fields

_MAX_AXES = 4
_MAX_LETTERS = 3
_MAX_EINSUMS = 60  # orders of letters of one call


def layouts(scope: Scope) -> Iterator[Edit]:
    """Transpose two axes after a reshape, or of a result."""
    for node in scope.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        sizes = node.args
        if node.func.attr != "reshape" or not 2 <= len(sizes) <= _MAX_AXES:
            continue
        words = "elements are in another order: reshaped where two axes are to be transposed"
        for i, j in combinations(range(len(sizes)), 2):
            swapped = list(sizes)
            swapped[i], swapped[j] = sizes[j], sizes[i]
            other = with_fields(node, args=swapped)
            turned = expression(f"e.swapaxes({i}, {j})", e=other)
            yield Edit(words, {node: turned})
            yield Edit(words, {node: expression(f"e.swapaxes({i}, {j})", e=node)})
    for value in scope.values:
        for i, j in combinations(range(_MAX_AXES - 1), 2):
            turned = expression(f"e.swapaxes({i}, {j})", e=value)
            yield Edit("two axes are not transposed", {value: turned})


def einsum_letters(scope: Scope) -> Iterator[Edit]:
    """Write the letters of the factors or of the result of an einsum in another order."""
    for node in scope.nodes:
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("einsum"):
            continue
        letters = node.args[0] if node.args else None
        if isinstance(letters, ast.Constant) and isinstance(letters.value, str):
            for other in _other_orders(letters.value):
                words = "einsum's letters are in another order"
                yield Edit(words, {letters: with_fields(letters, value=other)})


def _other_orders(letters: str) -> Iterator[str]:
    factors, _, result = letters.replace(" ", "").partition("->")
    parts = [*factors.split(","), result]
    orders = [
        ["".join(order) for order in permutations(part)] if len(part) <= _MAX_LETTERS else [part]
        for part in parts
    ]
    others = sorted(
        product(*orders), key=lambda new: sum(a != b for a, b in zip(new, parts, strict=True))
    )
    for new in others[1:_MAX_EINSUMS]:
        yield ",".join(new[:-1]) + "->" + new[-1]
