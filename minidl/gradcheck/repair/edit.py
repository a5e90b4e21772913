"""An edit of a syntax tree, and helpers to write one down."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeGuard

from .source import Definition, local_names


class Edit(NamedTuple):
    """One change of a function.

    Attributes
    ----------
    words : str
        The mistake that it undoes.
    changes : dict
        Which node stands for which.
    function : str
        The name of the function.
    lines_before : int
        How many lines of the file are before the function.
    whole : ast.AST, optional
        What is shown in place of the nodes: a statement that contains them all.
    """

    words: str
    changes: dict[ast.AST, ast.AST]
    function: str = ""
    lines_before: int = 0
    whole: ast.AST | None = None

    @property
    def before(self) -> str:
        """The source of the nodes before."""
        if self.whole is not None:
            return _text(self.whole)
        return "; ".join(dict.fromkeys(map(_text, self.changes)))

    @property
    def after(self) -> str:
        """Their source after."""
        if self.whole is not None:
            return _text(_changed(self.whole, self.changes))
        return "; ".join(dict.fromkeys(map(_text, self.changes.values())))

    @property
    def line(self) -> int:
        """The number of the line."""
        first = min(getattr(node, "lineno", 1) for node in self.changes)
        return self.lines_before + int(first)

    def of(self, function: str, lines_before: int) -> Edit:
        """Return the edit of a function that begins after so many lines of its file."""
        return self._replace(function=function, lines_before=lines_before)


@dataclass(frozen=True)
class Scope:
    """A function to be edited.

    Attributes
    ----------
    nodes : list of ast.AST
        Everything in its body.
    names : list of str
        What may be read, as source: the arguments and variables, attributes of ``self`` and items
        of dictionaries that it reads, such as ``cache["x"]``, and what else is known.
    arguments : list of str
        Its arguments without ``self``.
    outer : list of str
        Names of other scopes that it reads, such as constants; no functions and no modules.
    function : str
        Its name.
    first_line : int
        The number of its first line in the file, less one.
    parents : dict
        The node that contains each node.
    """

    nodes: list[ast.AST]
    names: list[str]
    arguments: list[str]
    outer: list[str]
    function: str
    first_line: int
    parents: dict[ast.AST, ast.AST] = field(repr=False)

    @classmethod
    def of(cls, definition: Definition, known: Iterable[str] = ()) -> Scope:
        """Return the scope of a function, in which `known` names may be read, too."""
        nodes = [node for statement in definition.body for node in ast.walk(statement)]
        parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        parts = [ast.unparse(node) for node in nodes if _is_named_part(node)]
        names = [name for name in local_names(definition.tree) if name != "self"]
        arguments = [each.arg for each in definition.tree.args.args if each.arg != "self"]
        every = list(dict.fromkeys([*names, *parts, *known]))
        outer = [node.id for node in nodes if is_value_name(node, parents) and node.id not in names]
        return cls(
            nodes,
            every,
            arguments,
            list(dict.fromkeys(outer)),
            definition.name,
            definition.first_line,
            parents,
        )

    @property
    def computes(self) -> bool:
        """Whether it has formulas: it does not only pass on, choose or convert arrays."""
        return any(map(_is_formula, self.nodes))

    @property
    def results(self) -> Iterator[ast.expr]:
        """What is returned."""
        for node in self.nodes:
            value = node.value if isinstance(node, ast.Return) else None
            yield from value.elts if isinstance(value, ast.Tuple) else filter(None, [value])

    @property
    def values(self) -> Iterator[ast.expr]:
        """What is returned or assigned, and the terms and matrix factors of these."""
        for node in self.nodes:
            parent = self.parents.get(node)
            grandparent = None if parent is None else self.parents.get(parent)
            if isinstance(node, ast.expr) and _is_value(node, parent, grandparent):
                yield node


_ARITHMETIC = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow | ast.MatMult
_CONVERTING = ("array", "asarray", "ascontiguousarray", "asanyarray", "float32", "float64")


def _is_formula(node: ast.AST) -> bool:
    """Return whether this is arithmetic, a transpose, or a call of NumPy that converts nothing."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, _ARITHMETIC)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and number_of(node.operand) is None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    is_numpy = isinstance(owner, ast.Name) and owner.id in ("np", "numpy")
    return is_numpy and node.func.attr not in _CONVERTING


Kind = Callable[[Scope], Iterator[Edit]]
"""A kind of edit: yields all edits of that kind that a function allows."""


def _is_value(node: ast.expr, parent: Any, grandparent: Any) -> bool:
    if isinstance(node, ast.Tuple | ast.Dict | ast.List | ast.Constant):
        return False
    if isinstance(parent, ast.Tuple | ast.List | ast.Dict):
        # An item of a list in a call is a part of what is joined.
        joined = isinstance(grandparent, ast.Call) and isinstance(parent, ast.List)
        return (joined or isinstance(grandparent, ast.Return | ast.Assign)) and _is_read(node)
    if isinstance(parent, ast.Return):
        return True
    if isinstance(parent, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return node is parent.value
    if isinstance(parent, ast.BinOp):
        return isinstance(parent.op, ast.Add | ast.Sub | ast.MatMult | ast.Mult | ast.Div)
    return isinstance(parent, ast.Attribute) and isinstance(grandparent, ast.Call)


def is_value_name(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> TypeGuard[ast.Name]:
    """Return whether this is a name that is read: of no function that is called, and no module."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id == "self":
        return False
    parent = parents.get(node)
    if isinstance(parent, ast.Call) and node is parent.func:
        return False
    return not (isinstance(parent, ast.Attribute) and node.id in ("np", "numpy", "math", "scipy"))


def _is_named_part(node: ast.AST) -> bool:
    """Return whether this is an attribute of ``self``, or an item with a name of a variable."""
    if not isinstance(node, ast.Attribute | ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return False
    owner = node.value
    if isinstance(node, ast.Attribute):
        return isinstance(owner, ast.Name) and owner.id == "self"
    key = node.slice
    return (
        isinstance(owner, ast.Name) and isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


def _is_read(node: ast.expr) -> bool:
    return not isinstance(getattr(node, "ctx", None), ast.Store)


def reads_of_statements(scope: Scope) -> Iterator[tuple[ast.stmt, dict[str, list[ast.Name]]]]:
    """Yield each statement and where it reads each variable."""
    for statement in scope.nodes:
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.Return | ast.Expr):
            reads: dict[str, list[ast.Name]] = {}
            for node in ast.walk(statement):
                if is_value_name(node, scope.parents):
                    reads.setdefault(node.id, []).append(node)
            yield statement, reads


def expression(template: str, **holes: ast.expr) -> ast.expr:
    """Return an expression in which names are replaced by nodes.

    Each node is copied, not its children: edits know nodes by identity, and one that contains the
    node that it replaces would contain itself.
    """
    filled: ast.expr = _filled(_parsed(template), holes)
    return filled


@cache
def _parsed(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


def _filled(node: Any, holes: dict[str, ast.expr]) -> Any:
    if isinstance(node, list):
        return [_filled(each, holes) for each in node]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.Name) and node.id in holes:
        return copy.copy(holes[node.id])
    return type(node)(**{name: _filled(part, holes) for name, part in ast.iter_fields(node)})


def with_fields(node: Any, **fields: Any) -> Any:
    """Return a copy of a node with other fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def number_of(node: ast.AST) -> int | float | None:
    """Return the number that a node stands for, None if it is no number."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        number: int | float = node.value  # type: ignore[assignment]
        return number
    return None


def complemented(node: ast.AST) -> ast.expr | None:
    """Return v of an expression 1 - v, None of another one."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return None
    return node.right if number_of(node.left) == 1 else None


def _changed(node: Any, changes: Mapping[ast.AST, ast.AST]) -> Any:
    """Return a copy of a tree with the nodes replaced."""
    if isinstance(node, list):
        return [_changed(each, changes) for each in node]
    if not isinstance(node, ast.AST):
        return node
    if node in changes:
        return changes[node]
    fields = {name: _changed(part, changes) for name, part in ast.iter_fields(node)}
    return with_fields(node, **fields)


def _text(node: ast.AST) -> str:
    return ast.unparse(node).split("\n")[0]
