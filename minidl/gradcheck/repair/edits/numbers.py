"""Edits of numbers: constants, axes, powers, slices."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..edit import Edit, Scope, expression, number_of, with_fields

_MAX_NUMBER = 1_000  # twice a larger one may be the size of an array


def other_number(scope: Scope) -> Iterator[Edit]:
    """Take another number."""
    for node in scope.nodes:
        number = number_of(node)
        if number is None or abs(number) > _MAX_NUMBER:
            continue
        words = _words(node, scope)
        others: list[float] = [number + 1, number - 1, -number]
        if words.startswith("a wrong"):
            others += [2 * number, number / 2, 1 - number, number**2]
        else:
            others += [number + 2, number - 2]
        for other in dict.fromkeys(others):
            if other != number:
                yield Edit(words, {node: with_fields(node, value=other)})


def _words(node: ast.AST, scope: Scope) -> str:
    child = node
    while (parent := scope.parents.get(child)) is not None:
        if isinstance(parent, ast.keyword) and parent.arg == "axis":
            return "over the wrong axis"
        if isinstance(parent, ast.Slice) or (
            isinstance(parent, ast.Subscript) and child is parent.slice
        ):
            return "an off-by-one in an index or a slice"
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow):
            return "a wrong power" if child is parent.right else "a wrong constant"
        if isinstance(parent, ast.Call) and ast.unparse(parent.func) == "range":
            return "a loop begins or ends one step off"
        if not isinstance(parent, ast.UnaryOp):
            break
        child = parent
    return "a wrong constant"


def other_power(scope: Scope) -> Iterator[Edit]:
    """Take another power."""
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            for template in ("e - 1", "e + 1", "-e", "2 * e"):
                power = node.right
                yield Edit("a wrong power", {power: expression(template, e=power)})


def missing_number(scope: Scope) -> Iterator[Edit]:
    """Multiply or divide by a small number."""
    for value in scope.values:
        for template, words in (
            ("e * 2", "a missing factor of 2"),
            ("e / 2", "a superfluous factor of 2"),
            ("e * 3", "a missing factor of 3"),
            ("e / 3", "a superfluous factor of 3"),
            ("e * 4", "a missing factor of 4"),
            ("e / 4", "a superfluous factor of 4"),
            ("e ** 2", "a square is missing"),
            ("e ** 0.5", "a square root is missing"),
        ):
            yield Edit(words, {value: expression(template, e=value)})


_BOUNDS = (("lower", 1), ("upper", -1), ("lower", 2), ("upper", -2))


def slices(scope: Scope) -> Iterator[Edit]:
    """Shift a slice by one, [1:] for [:-1] and the like, or to a number of the function."""
    words = "a slice is shifted"
    known = {number for node in scope.nodes if type(number := number_of(node)) is int}
    bounds = [*_BOUNDS, *((bound, number) for number in known for bound in ("lower", "upper"))]
    for node in scope.nodes:
        if isinstance(node, ast.Slice):
            bare = with_fields(node, lower=None, upper=None)
            yield Edit(words, {node: bare})
            yield from (Edit(words, {node: moved}) for moved in _moved(node, scope))
            for bound, number in dict.fromkeys(bounds):
                index = expression(str(number))
                yield Edit(words, {node: with_fields(bare, **{bound: index})})
            yield Edit(words, {node: with_fields(node, step=expression("-1"))})


def equal_slices(scope: Scope) -> Iterator[Edit]:
    """Shift all equal slices of one index, as those of the rows and columns of a picture."""
    for node in scope.nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
            continue
        same: dict[str, list[ast.Slice]] = {}
        for each in node.slice.elts:
            if isinstance(each, ast.Slice) and (each.lower or each.upper):
                same.setdefault(ast.unparse(each), []).append(each)
        for first, *others in same.values():
            for moved in _moved(first, scope) if others else ():
                changes: dict[ast.AST, ast.AST] = dict.fromkeys((first, *others), moved)
                yield Edit("slices are shifted", changes)


def missing_strides(scope: Scope) -> Iterator[Edit]:
    """Let all slices of an index that begin at a number and take n elements have a stride."""
    steps = [name for name in scope.names if name.split(".")[-1] == "stride"] or ["2", "3"]
    for node in scope.nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
            continue
        found = [(each, _length(each)) for each in node.slice.elts if isinstance(each, ast.Slice)]
        for step in steps:
            changes: dict[ast.AST, ast.AST] = {
                part: with_fields(
                    part,
                    upper=expression(f"a + {step} * n", a=part.lower, n=n),
                    step=expression(step),
                )
                for part, n in found
                if n is not None and part.lower is not None
            }
            if changes:
                yield Edit(f"slices lack a stride of {step}", changes, whole=node)


def _length(part: ast.Slice) -> ast.expr | None:
    """Return n of a slice a : a + n."""
    upper = part.upper
    if part.step is not None or part.lower is None or not isinstance(upper, ast.BinOp):
        return None
    starts_there = ast.unparse(upper.left) == ast.unparse(part.lower)
    return upper.right if isinstance(upper.op, ast.Add) and starts_there else None


def _moved(node: ast.Slice, scope: Scope) -> Iterator[ast.expr]:
    """Yield a slice moved by one, or by the variable of a loop."""
    loops = [each.target for each in scope.nodes if isinstance(each, ast.For)]
    steps: list[int | str] = [1, -1, *(each.id for each in loops if isinstance(each, ast.Name))]
    for step in steps:
        lower = ast.Constant(0) if node.lower is None else node.lower
        start, end = _shifted(lower, step), _shifted(node.upper, step)
        if start is not None and not (node.lower is None and step == -1):
            yield with_fields(node, lower=start, upper=end)


def _shifted(bound: ast.expr | None, step: int | str) -> ast.expr | None:
    """Return a bound of a slice plus a step; None for the end of the array."""
    if bound is None:
        return None
    try:
        number = ast.literal_eval(bound)
    except ValueError:
        number = None
    if isinstance(number, int) and isinstance(step, int):
        is_end = number == -1 and step == 1
        return None if is_end else expression(str(number + step))
    if number == 0:
        return expression(str(step))
    if isinstance(step, int) and step < 0:
        return expression(f"b - {-step}", b=bound)
    return expression(f"{step} + b" if isinstance(step, str) else f"b + {step}", b=bound)


def flipped_indices(scope: Scope) -> Iterator[Edit]:
    """Let indices run forwards where they run backwards, and the reverse."""
    words = "indices run in the wrong direction, as of a flipped kernel"
    for node in scope.nodes:
        if not isinstance(node, ast.Subscript):
            continue
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        backwards: dict[ast.AST, ast.AST] = {
            part: part.right
            for part in parts
            if isinstance(part, ast.BinOp)
            and isinstance(part.op, ast.Sub)
            and isinstance(part.right, ast.Name)
        }
        if backwards:
            yield Edit(words, backwards, whole=node)
        forwards: dict[ast.AST, ast.AST] = {
            part: expression(f"a.shape[{axis}] - 1 - i", a=node.value, i=part)
            for axis, part in enumerate(parts)
            if isinstance(part, ast.Name)
        }
        if forwards and isinstance(node.ctx, ast.Load):
            yield Edit(words, forwards, whole=node)


def summed_elements(scope: Scope) -> Iterator[Edit]:
    """Sum along axes of which one element is taken; take rows of a known index."""
    for node in scope.nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            continue
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        axes = [axis for axis, part in enumerate(parts) if number_of(part) is not None]
        if axes and not any(
            isinstance(part, ast.Constant) and part.value in (None, ...) for part in parts
        ):
            call = expression(f"a.sum(axis={(*axes,)})", a=node.value)
            yield Edit("one element is taken where a sum is right", {node: call})
        if isinstance(node.slice, ast.Slice):
            for name in scope.arguments:
                taken = expression(f"a[{name}]", a=node.value)
                yield Edit(f"a slice where {name} is right", {node: taken})


def indices(scope: Scope) -> Iterator[Edit]:
    """Shift an index that is a name or an expression by one, or by a number of the function."""
    words = "an off-by-one in an index or a slice"
    known = {number for node in scope.nodes if type(number := number_of(node)) is int}
    offsets = sorted(number for number in known if 1 < abs(number) <= _MAX_NUMBER)
    for node in scope.nodes:
        if not isinstance(node, ast.Subscript):
            continue
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in parts:
            if isinstance(part, ast.Name | ast.BinOp):
                for template in ("e + 1", "e - 1"):
                    yield Edit(words, {part: expression(template, e=part)})
            if isinstance(part, ast.Name | ast.BinOp | ast.Call):
                for offset in offsets:
                    for sign in "+-":
                        moved = expression(f"e {sign} {offset}", e=part)
                        yield Edit("an index lacks an offset", {part: moved})
    for node in scope.nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
            for argument in node.args:
                for template in ("e + 1", "e - 1"):
                    yield Edit(
                        "a loop begins or ends one step off",
                        {argument: expression(template, e=argument)},
                    )
