"""Run the syntax tree of a function, with some of its nodes replaced.

Only what formulas need is understood: assignments, loops over a sequence, conditions, calls and
expressions. All else is refused, above all ``while``, which an edit could keep from ending.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType, MethodType
from typing import Any

from .expressions import BINARY, Edits, Expressions, NotUnderstoodError
from .harmless import is_harmless
from .source import Definition, find_definition, is_users_function, outer_names

_STEPS_OF_A_RUN = 100  # for what is called as it is: forward, functions that are not understood
_MAX_DEPTH = 20  # of calls within calls


class _HarmfulError(NotUnderstoodError):
    """A call of a function that may do more than compute."""


class _Leave(Exception):
    """Leaves a loop or the function."""


class _Break(_Leave):
    pass


class _Continue(_Leave):
    pass


class _Return(_Leave):
    def __init__(self, value: Any) -> None:
        self.value = value


class Closure:
    """A lambda or a function defined inside of one that is run."""

    def __init__(
        self, run: Callable[..., Any], tree: ast.FunctionDef | ast.Lambda, defaults: list[Any]
    ) -> None:
        self._run, self.tree, self.defaults = run, tree, defaults

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._run(self, *arguments, **keywords)


class Interpreter(Expressions):
    """Runs functions with edits, and the user's functions that they call.

    Parameters
    ----------
    max_steps : int
        How many nodes it may evaluate over all calls.
    known : mapping of str to object, optional
        What edits may read besides the names of a function.

    Attributes
    ----------
    definitions : dict
        The source of each function that was run; None for one that is called as it is.
    objects : list of object
        The objects whose methods were run: an edit may write into them.
    """

    def __init__(self, max_steps: int, known: Mapping[str, Any] | None = None) -> None:
        super().__init__(max_steps)
        self._known = known or {}
        self._depth = 0
        self.definitions: dict[CodeType, Definition | None] = {}
        self.objects: list[object] = []
        self._harmful: set[CodeType] = set()

    def edited(self, function: Callable[..., Any], edits: Edits) -> Callable[..., Any]:
        """Return the function with these nodes replaced."""

        def run(*arguments: Any, **keywords: Any) -> Any:
            self.edits, self._depth = edits, 0
            self.steps_left -= _STEPS_OF_A_RUN
            return self.call(function, *arguments, **keywords)

        return run

    @contextmanager
    def knowing(self, known: Mapping[str, Any]) -> Iterator[None]:
        """Let edits read other values of what is known."""
        before, self._known = self._known, known
        try:
            yield
        finally:
            self._known = before

    def forget_functions(self) -> None:
        """Forget which functions were run, but for those that are called as they are."""
        self.definitions = {code: None for code, d in self.definitions.items() if d is None}

    def call(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call a function: one of the user's by its source, one that only computes as it is."""
        if function is print:
            return None
        if isinstance(function, Closure):
            return function(*arguments, **keywords)
        if not is_users_function(function):
            if self._depth and not is_harmless(function):
                raise _HarmfulError(getattr(function, "__name__", type(function).__name__))
            return function(*arguments, **keywords)
        if isinstance(function, MethodType):
            owner = function.__self__
            if not any(owner is each for each in self.objects):
                self.objects.append(owner)
            return self.call(function.__func__, owner, *arguments, **keywords)
        assert isinstance(function, FunctionType)
        code = function.__code__
        if code not in self.definitions:
            self.definitions[code] = find_definition(code)
        definition = self.definitions[code]
        if definition is None or self._depth >= _MAX_DEPTH:
            if self.edits and self._depth and code in self._harmful:
                raise NotUnderstoodError(function.__name__)
            return function(*arguments, **keywords)
        return self._run(function, definition, *arguments, **keywords)

    def _run(
        self, function: FunctionType, definition: Definition, *arguments: Any, **keywords: Any
    ) -> Any:
        defaults = function.__defaults__ or (), function.__kwdefaults__ or {}
        names = bound_arguments(definition.tree, *defaults, *arguments, **keywords)
        try:
            return self._result(definition.body, names, {**outer_names(function), **self._known})
        except NotUnderstoodError as error:
            if not self.edits and not error.is_noted:  # it is called as it is from now on
                error.is_noted = True
                self.definitions[function.__code__] = None
                if isinstance(error, _HarmfulError):
                    self._harmful.add(function.__code__)
            raise

    def _result(self, body: list[ast.stmt], names: dict[str, Any], outer: Mapping[str, Any]) -> Any:
        """Return what statements return, run with these names."""
        caller = self.names, self.outer_names
        self.names, self.outer_names = names, outer
        for value in names.values():
            self.noticed(value)
        self._depth += 1
        try:
            self._block(body)
        except _Return as result:
            return result.value
        finally:
            self._depth -= 1
            self.names, self.outer_names = caller
        return None

    def _closure(self, tree: ast.FunctionDef | ast.Lambda, body: list[ast.stmt]) -> Closure:
        """Return a function that knows the names of this run, also those assigned later."""
        known, outer = self.names, self.outer_names
        if tree.args.kwonlyargs or tree.args.kwarg:
            raise NotUnderstoodError("arguments")

        def run(closure: Closure, *arguments: Any, **keywords: Any) -> Any:
            if self._depth >= _MAX_DEPTH:
                raise NotUnderstoodError("calls within calls")
            names = bound_arguments(tree, closure.defaults, {}, *arguments, **keywords)
            return self._result(body, names, {**outer, **known})

        return Closure(run, tree, [self.value(each) for each in tree.args.defaults])

    def _visit_Lambda(self, node: ast.Lambda) -> Closure:
        return self._closure(node, [ast.copy_location(ast.Return(node.body), node.body)])

    def _visit_FunctionDef(self, statement: ast.FunctionDef) -> None:
        if statement.decorator_list:
            raise NotUnderstoodError("a decorator")
        self.names[statement.name] = self._closure(statement, statement.body)

    def _block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.visit(self.current(statement))

    def _visit_Expr(self, statement: ast.Expr) -> None:
        self.value(statement.value)

    def _visit_Pass(self, statement: ast.Pass) -> None:
        pass

    def _visit_Return(self, statement: ast.Return) -> None:
        raise _Return(None if statement.value is None else self.value(statement.value))

    def _visit_Break(self, statement: ast.Break) -> None:
        raise _Break

    def _visit_Continue(self, statement: ast.Continue) -> None:
        raise _Continue

    def _visit_Assign(self, statement: ast.Assign) -> None:
        value = self.value(statement.value)
        for target in statement.targets:
            self.store(target, value)

    def _visit_AnnAssign(self, statement: ast.AnnAssign) -> None:
        if statement.value is not None:
            self.store(statement.target, self.value(statement.value))

    def _visit_AugAssign(self, statement: ast.AugAssign) -> None:
        inplace = BINARY[type(statement.op)][1]
        target = self.current(statement.target)
        amount = self.value(statement.value)
        if isinstance(target, ast.Subscript):
            container, index = self.value(target.value), self.value(target.slice)
            before = container[index]
            self.count(statement.op, before, amount)
            container[index] = inplace(before, amount)
        elif isinstance(target, ast.Attribute):
            owner = self.value(target.value)
            setattr(owner, target.attr, inplace(getattr(owner, target.attr), amount))
        else:
            before = self.look_up(target.id)
            self.count(statement.op, before, amount)
            self.store(target, inplace(before, amount))

    def _visit_If(self, statement: ast.If) -> None:
        self._block(statement.body if self.value(statement.test) else statement.orelse)

    def _visit_For(self, statement: ast.For) -> None:
        for item in self.value(statement.iter):
            self.store(statement.target, item)
            try:
                self._block(statement.body)
            except _Break:
                return
            except _Continue:
                continue
        self._block(statement.orelse)

    def _visit_With(self, statement: ast.With) -> None:
        with ExitStack() as stack:
            for item in statement.items:
                entered = stack.enter_context(self.value(item.context_expr))
                if item.optional_vars is not None:
                    self.store(item.optional_vars, entered)
            self._block(statement.body)


def bound_arguments(
    tree: ast.FunctionDef | ast.Lambda,
    defaults: Sequence[Any],
    keyword_defaults: Mapping[str, Any],
    *arguments: Any,
    **keywords: Any,
) -> dict[str, Any]:
    """Return the arguments of a call by their names in the function."""
    signature = tree.args
    names = [each.arg for each in (*signature.posonlyargs, *signature.args)]
    if signature.kwarg or (len(arguments) > len(names) and not signature.vararg):
        raise NotUnderstoodError("arguments")
    known = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    known |= keyword_defaults
    known |= zip(names, arguments, strict=False)
    if signature.vararg:
        known[signature.vararg.arg] = arguments[len(names) :]
    return known | keywords
