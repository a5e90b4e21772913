"""Whether the edit that a diagnosis names makes the backward right, at other inputs as well."""

import ast
import inspect
import linecache
import re

import numpy as np

from .truth import analytic, cotangents, forward_of, outputs, relative_sizes

NAMED = re.compile(r"right with `(.*)` for `(.*)` in line (\d+)(?: of (\w+))?$")
AGREEMENT = 1e-7
POINTS = (101, 102, 103)


def is_repaired(case, wrong, diagnosis, parameter):
    """Return whether the named edit is right; None if the diagnosis names none of the case."""
    found = NAMED.search(diagnosis)
    if not found:
        return None
    after, before, line, function = found.groups()
    if function and f"def {function}(" not in _source(wrong.backward):
        return None  # of what stands around the case, such as the noise
    try:
        sources = list(_edited_sources(wrong, before, after, int(line)))
    except SyntaxError:  # nobody can write that
        return False
    return any(
        all(_is_right(case, wrong, source, parameter, seed) for seed in POINTS)
        for source in sources
    )


def _edited_sources(wrong, before, after, line):
    """Yield the source with each of the nodes of that text in that line replaced."""
    source = _source(wrong.backward)
    pairs = [(before, after)]
    if len(before.split("; ")) == len(after.split("; ")) > 1:
        pairs = list(zip(before.split("; "), after.split("; "), strict=True))
    count = len(list(_nodes(ast.parse(source), *pairs[0], line, in_line=len(pairs) == 1)))
    for number in range(count):
        tree = ast.parse(source)
        for old, new in pairs:
            nodes = list(_nodes(tree, old, new, line, in_line=len(pairs) == 1))
            if nodes:
                node = nodes[number if (old, new) == pairs[0] else 0]
                replacement = _parsed(new)
                if isinstance(node, ast.stmt) and isinstance(replacement, ast.expr):
                    replacement = ast.Expr(replacement)
                tree = _Replace(node, replacement).visit(tree)
        yield ast.unparse(ast.fix_missing_locations(tree))


def _source(thing):
    code = getattr(thing, "__code__", None) or thing.forward.__code__  # of a function or a class
    return "".join(linecache.getlines(code.co_filename))


def _nodes(tree, before, after, line, *, in_line):
    """Yield the nodes of that text: in that line, or after it."""
    kinds = (ast.expr,) if isinstance(_parsed(after), ast.expr) else (ast.stmt,)
    if "np.add.at" in after or "np.subtract.at" in after:  # in place of a statement
        kinds = (ast.stmt,)
    for node in ast.walk(tree):
        if not isinstance(node, kinds) or node.lineno < line:
            continue
        if in_line and node.lineno > line:
            continue
        if ast.unparse(node).split("\n")[0] == before:
            yield node


def _parsed(text):
    """Return an expression, a slice or a statement."""
    try:
        node = ast.parse(text).body[0]
    except SyntaxError:
        node = None
    if node is None or isinstance(node, ast.AnnAssign):  # "a:b"
        return ast.parse(f"x[{text}]").body[0].value.slice
    return node.value if isinstance(node, ast.Expr) else node


class _Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else super().visit(node)


def _is_right(case, wrong, source, parameter, seed):
    inputs = case.inputs(seed)
    dy = cotangents(case, inputs, seed)
    arrays = outputs(case, forward_of(case), [np.array(x) for x in inputs.values()])
    output = arrays[0] if len(arrays) == 1 else np.concatenate([np.ravel(y) for y in arrays])
    namespace = {**inspect.getmodule(case.backward).__dict__, "np": np, "forward_output": output}
    try:
        exec(compile(source, "<repaired>", "exec"), namespace)
        found = analytic(case, namespace[wrong.backward.__name__], inputs, dy)
        right = analytic(case, case.backward, inputs, dy)
        return relative_sizes(found, right)[parameter] < AGREEMENT
    except Exception:
        return False
