"""Evaluate the expressions of a syntax tree, with some of its nodes replaced."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Edits = Mapping[ast.AST, ast.AST]

BINARY: dict[type[ast.operator], tuple[Callable[..., Any], Callable[..., Any]]] = {
    ast.Add: (operator.add, operator.iadd),
    ast.Sub: (operator.sub, operator.isub),
    ast.Mult: (operator.mul, operator.imul),
    ast.Div: (operator.truediv, operator.itruediv),
    ast.FloorDiv: (operator.floordiv, operator.ifloordiv),
    ast.Mod: (operator.mod, operator.imod),
    ast.Pow: (operator.pow, operator.ipow),
    ast.MatMult: (operator.matmul, operator.imatmul),
    ast.BitAnd: (operator.and_, operator.iand),
    ast.BitOr: (operator.or_, operator.ior),
    ast.BitXor: (operator.xor, operator.ixor),
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}


_ELEMENTS_PER_STEP = 250  # take as long as a node
_SEQUENCES = (list, tuple, str, bytes, bytearray)
_MAX_INT_POWER = 1_000  # also of a product: it may be the power of the next turn
_GROWTH = 10  # of results by an edit: a missing sum over an axis


class NotUnderstoodError(Exception):
    """A node that is not run, or more steps than may be taken.

    `is_noted` says whether the innermost function in which it occurred is known.
    """

    is_noted = False


class Expressions:
    """Evaluates expressions.

    Attributes
    ----------
    outer_names, names : dict
        What names stand for outside of the function, and in it.
    edits : mapping
        Which node stands for which.
    steps_left : int
        How many more nodes may be evaluated.
    largest : int
        The size of the largest result without edits.
    """

    def __init__(self, max_steps: int) -> None:
        self.outer_names: Mapping[str, Any] = {}
        self.names: dict[str, Any] = {}
        self.edits: Edits = {}
        self.steps_left = max_steps
        self.largest = 1
        self._visitors = {
            getattr(ast, name.removeprefix("_visit_")): getattr(self, name)
            for name in dir(self)
            if name.startswith("_visit_")
        }

    def current(self, node: Any) -> Any:
        """Return the node that stands for `node`."""
        self.steps_left -= 1
        if self.steps_left < 0:
            raise NotUnderstoodError("too many steps")
        return self.edits.get(node, node)

    def visit(self, node: ast.AST) -> Any:
        """Evaluate an expression or run a statement; refuse what has no method."""
        visitor = self._visitors.get(type(node))
        if visitor is None:
            raise NotUnderstoodError(type(node).__name__)
        return visitor(node)

    def count(self, op: ast.operator, left: Any, right: Any) -> None:
        """Count a large result as several steps; refuse one that is larger than without edits.

        An edit may broadcast a column against a row in each turn of a loop: memory would run out.
        """
        is_sequence = isinstance(left, _SEQUENCES) or isinstance(right, _SEQUENCES)
        if self.edits and is_sequence and isinstance(op, ast.Mult):
            raise NotUnderstoodError("a list that is repeated")
        if self.edits and type(left) is type(right) is int and abs(right) > _MAX_INT_POWER:
            raise NotUnderstoodError("a power that is too large")
        if not isinstance(left, np.ndarray) or not isinstance(right, np.ndarray):
            return
        size = result_size(op, left, right)
        self.steps_left -= size // _ELEMENTS_PER_STEP
        if not self.edits:
            self.largest = max(self.largest, size)
        elif size > _GROWTH * self.largest:
            raise NotUnderstoodError("a result that is too large")

    def noticed(self, result: Any) -> Any:
        """Return a result; without edits, its size is one that results may have."""
        if not self.edits and isinstance(result, np.ndarray):
            self.largest = max(self.largest, result.size)
        return result

    def call(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call a function."""
        return function(*arguments, **keywords)

    def look_up(self, name: str) -> Any:
        """Return what a name stands for."""
        return self.names[name] if name in self.names else self.outer_names[name]

    def store(self, target: ast.expr, value: Any) -> None:
        """Assign a value to a name, tuple, element or attribute."""
        target = self.current(target)
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            values = list(value)
            for each, part in zip(target.elts, values, strict=True):
                self.store(each, part)
        elif isinstance(target, ast.Subscript):
            self.value(target.value)[self.value(target.slice)] = value
        elif isinstance(target, ast.Attribute):
            setattr(self.value(target.value), target.attr, value)
        else:
            raise NotUnderstoodError(type(target).__name__)

    def value(self, node: ast.AST) -> Any:
        """Return the value of an expression."""
        return self.visit(self.current(node))

    def _visit_Constant(self, node: ast.Constant) -> Any:
        return node.value

    def _visit_Name(self, node: ast.Name) -> Any:
        return self.look_up(node.id)

    def _visit_Attribute(self, node: ast.Attribute) -> Any:
        return getattr(self.value(node.value), node.attr)

    def _visit_BinOp(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        self.count(node.op, left, right)
        return BINARY[type(node.op)][0](left, right)

    def _visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        return _UNARY[type(node.op)](self.value(node.operand))

    def _visit_BoolOp(self, node: ast.BoolOp) -> Any:
        result = None
        for each in node.values:
            result = self.value(each)
            if bool(result) == isinstance(node.op, ast.Or):
                break
        return result

    def _visit_Compare(self, node: ast.Compare) -> Any:
        left, result = self.value(node.left), True
        for comparison, each in zip(node.ops, node.comparators, strict=True):
            right = self.value(each)
            result = _COMPARE[type(comparison)](left, right)
            if len(node.ops) > 1 and not result:
                break
            left = right
        return result

    def _visit_IfExp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _visit_Subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _visit_Slice(self, node: ast.Slice) -> Any:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))

    def _visit_Tuple(self, node: ast.Tuple) -> Any:
        return tuple(self._items(node.elts))

    def _visit_List(self, node: ast.List) -> Any:
        return self._items(node.elts)

    def _visit_Dict(self, node: ast.Dict) -> Any:
        result: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            result |= self.value(value) if key is None else {self.value(key): self.value(value)}
        return result

    def _visit_Call(self, node: ast.Call) -> Any:
        keywords: dict[str, Any] = {}
        for each in node.keywords:
            value = self.value(each.value)
            keywords |= value if each.arg is None else {each.arg: value}
        function, arguments = self.value(node.func), self._items(node.args)
        owner = getattr(function, "__self__", None)
        if isinstance(owner, _SEQUENCES) and any(each is owner for each in arguments):
            raise NotUnderstoodError("a list within itself, which NumPy would unfold for ever")
        return self.noticed(self.call(function, *arguments, **keywords))

    def _items(self, nodes: list[ast.expr]) -> list[Any]:
        items: list[Any] = []
        for each in nodes:
            current = self.current(each)
            if isinstance(current, ast.Starred):
                items += self.value(current.value)
            else:
                items.append(self.visit(current))
        return items

    def _visit_ListComp(self, node: ast.ListComp) -> Any:
        return self._comprehension(node.generators, lambda: self.value(node.elt))

    def _visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return self._comprehension(node.generators, lambda: self.value(node.elt))

    def _visit_DictComp(self, node: ast.DictComp) -> Any:
        return dict(
            self._comprehension(
                node.generators, lambda: (self.value(node.key), self.value(node.value))
            )
        )

    def _comprehension(
        self, generators: list[ast.comprehension], item: Callable[[], Any]
    ) -> list[Any]:
        if not generators:
            return [item()]
        first, *others = generators
        result: list[Any] = []
        outer = dict(self.names)
        for each in self.value(first.iter):
            self.store(first.target, each)
            if all(self.value(test) for test in first.ifs):
                result += self._comprehension(others, item)
        self.names = outer
        return result


def result_size(op: ast.operator, left: Any, right: Any) -> int:
    """Return how many elements the result of an operation has."""
    shapes: tuple[tuple[int, ...], ...] = np.shape(left), np.shape(right)
    if isinstance(op, ast.MatMult):
        return math.prod(shapes[0][:-1]) * math.prod(shapes[1][-1:])
    broadcast: int = math.prod(np.broadcast_shapes(*shapes))
    return broadcast
