"""The syntax tree of a function, from its source file."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import sysconfig
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

_LIBRARIES = (
    *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
    str(Path(__file__).resolve().parents[2]),
)
"""Where functions are that no user has written: Python, its packages, and minidl."""


@dataclass(frozen=True)
class Definition:
    """The source of a function.

    Attributes
    ----------
    tree : ast.FunctionDef or ast.Lambda
        Its syntax tree.
    body : list of ast.stmt
        Its statements.
    name : str
        Its name, "<lambda>" if it has none.
    first_line : int
        The number of its first line in the file, less one.
    """

    tree: ast.FunctionDef | ast.Lambda
    body: list[ast.stmt]
    name: str
    first_line: int


def is_users_function(function: object) -> bool:
    """Return whether this is a function in Python that does not belong to a library."""
    if isinstance(function, MethodType):
        function = function.__func__
    if not isinstance(function, FunctionType):
        return False
    file = function.__code__.co_filename
    return not any(file.startswith(folder) for folder in _LIBRARIES)


def find_definition(code: CodeType) -> Definition | None:
    """Return the source of a function by its code, None if there is none."""
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(_as_block(lines))
    except (OSError, TypeError, SyntaxError):
        return None
    found = [node for node in ast.walk(tree) if _is_definition(node, code)]
    if len(found) != 1:
        return None
    node = found[0]
    if isinstance(node, ast.Lambda):
        returned = ast.copy_location(ast.Return(node.body), node.body)
        return Definition(node, [returned], code.co_name, max(first, 1) - 1)
    if isinstance(node, ast.FunctionDef) and _is_plain(node):
        return Definition(node, node.body, code.co_name, max(first, 1) - 1)
    return None


def outer_names(function: FunctionType) -> dict[str, Any]:
    """Return what the names that are not local to a function stand for, containers copied.

    An edit may write into what it reads: it must not reach the caller's arrays.
    """
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    free = {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}
    named = {
        name: function.__globals__[name]
        for name in ("np", *_names_in(code))
        if name in function.__globals__
    }
    own = {name: _copied(value) for name, value in (named | free).items()}
    return {**vars(builtins), **own}


def _names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function looks up, also in comprehensions and lambdas of its own."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _every_name(code: CodeType) -> Iterator[str]:
    """Yield all names in a function, also those of comprehensions."""
    yield from (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _every_name(constant)


def local_names(tree: ast.FunctionDef | ast.Lambda) -> Iterator[str]:
    """Yield the names of the arguments and of the variables that are assigned, in order."""
    arguments = tree.args
    yield from (each.arg for each in (*arguments.posonlyargs, *arguments.args))
    yield from (each.arg for each in arguments.kwonlyargs)
    yield from (
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def _as_block(lines: list[str]) -> str:
    """Return lines that can be parsed: those of a lambda may begin within an expression."""
    text = textwrap.dedent("".join(lines))
    start = text.find("lambda")
    if text.lstrip().startswith(("def ", "@", "async ")) or start < 0:
        return text
    with suppress(SyntaxError):
        ast.parse(text)
        return text
    text = text[start:]
    while text:  # until the end of the expression that the lambda stands in
        with suppress(SyntaxError):
            ast.parse(text)
            return text
        text = text[:-1]
    return text


def _is_definition(node: ast.AST, code: CodeType) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == code.co_name
    if not isinstance(node, ast.Lambda) or code.co_name != "<lambda>":
        return False
    # Of several lambdas in a line, the one that uses the same names.
    used = {each.id for each in ast.walk(node.body) if isinstance(each, ast.Name)}
    arguments = tuple(each.arg for each in node.args.args)
    return arguments == code.co_varnames[: code.co_argcount] and used <= set(_every_name(code))


def _is_plain(node: ast.FunctionDef) -> bool:
    """Return whether the body is what a call runs: no generator, no names of other scopes."""
    special = ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal | ast.Await
    return not any(isinstance(each, special) for each in ast.walk(node))


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray | list | dict | tuple):
        with suppress(Exception):  # of what cannot be copied
            return copy.deepcopy(value)
    return value


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is cell.cell_contents
    except ValueError:
        return False
