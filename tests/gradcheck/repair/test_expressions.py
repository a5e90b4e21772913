"""The values of expressions."""

import ast

import numpy as np
import pytest

from minidl.gradcheck.repair.expressions import Expressions, NotUnderstoodError
from minidl.gradcheck.repair.interpreter import Interpreter

X = np.arange(12.0).reshape(3, 4)

TEXTS = """
-x + 2 * x ** 2 - x / 3 // 1 % 2
x @ x.T
x[1:, ::2], x[..., None], x[0, 1], x[[0, 2]]
np.where((x > 3) & ~(x > 7), x, 0)
1 < n <= 3, n == 2 or n, n and 0, not n, n is None, n in (1, 2), n not in [3]
[a * b for a in range(3) for b in range(a) if b != 1]
{'a': n, **{'b': 2}}
{k: v for k, v in zip('ab', (1, 2))}
max(*[1, n], key=abs)
x.sum(axis=1, keepdims=True) if n else x
sum(i for i in range(n))
x.shape[-1] << 1 if False else x.T.reshape(-1)
"""


def evaluate(text, **changes):
    expressions = Expressions(1_000)
    expressions.outer_names = {"np": np, "range": range, "zip": zip, "max": max, "sum": sum}
    expressions.outer_names |= {"abs": abs}
    expressions.names = {"x": X, "n": 3}
    return expressions.value(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("text", TEXTS.strip().splitlines())
def test_values_are_those_of_python(text):
    expected = eval(text, {"np": np, "x": X, "n": 3})
    np.testing.assert_equal(evaluate(text), expected)


def test_what_is_not_understood_is_refused():
    with pytest.raises(NotUnderstoodError, match="Lambda"):
        evaluate("(lambda: 1)()")


def test_a_list_is_not_put_into_itself():
    text = "n.append(n)"
    expressions = Expressions(100)
    expressions.names = {"n": [1]}
    with pytest.raises(NotUnderstoodError, match="within itself"):
        expressions.value(ast.parse(text, mode="eval").body)
    assert expressions.names["n"] == [1]


def test_steps_are_limited():
    expressions = Expressions(10)
    with pytest.raises(NotUnderstoodError, match="steps"):
        expressions.value(ast.parse(" + ".join("1" * 20), mode="eval").body)


def test_a_node_is_replaced():
    tree = ast.parse("2 + 3", mode="eval").body
    expressions = Expressions(10)
    expressions.edits = {tree.right: ast.Constant(5)}
    assert expressions.value(tree) == 7


def test_targets_of_all_kinds():
    expressions = Expressions(100)
    expressions.names = {"x": X.copy()}
    target = ast.parse("a, (b, x[0, 1]) = 1, (2, 3)").body[0].targets[0]
    expressions.store(target, (1, (2, 30.0)))
    assert (expressions.names["a"], expressions.names["b"]) == (1, 2)
    assert expressions.names["x"][0, 1] == 30.0


def test_results_that_grow_by_an_edit_are_refused():
    def grows(x):
        for _ in range(6):
            x = x * x
        return x

    interpreter = Interpreter(10_000)
    interpreter.edited(grows, {})(np.ones(10))
    assert interpreter.largest == 10
    (product,) = (
        node
        for node in ast.walk(interpreter.definitions[grows.__code__].tree)
        if isinstance(node, ast.BinOp)
    )
    wider = ast.parse("x[..., None] * x", mode="eval").body
    with pytest.raises(NotUnderstoodError, match="too large"):
        interpreter.edited(grows, {product: wider})(np.ones(10))


@pytest.mark.parametrize("text", ["n * b", "b * n", "n * s", "n * [1]", "n * (1,)"])
def test_an_edit_repeats_no_sequence(text):
    """A checksum times the bytes of an array would fill the memory."""

    def sums(n, b, s):
        return n + len(b) + len(s)

    interpreter = Interpreter(10_000)
    body = interpreter.edited(sums, {})
    body(2, b"ab", "ab")
    (outer, _) = (
        node
        for node in ast.walk(interpreter.definitions[sums.__code__].tree)
        if isinstance(node, ast.BinOp)
    )
    with pytest.raises(NotUnderstoodError, match="repeated"):
        interpreter.edited(sums, {outer: ast.parse(text, mode="eval").body})(10**9, b"ab", "ab")
