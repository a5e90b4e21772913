"""Functions that are run from their source."""

import ast

import numpy as np
import pytest

from minidl.gradcheck.repair.expressions import NotUnderstoodError
from minidl.gradcheck.repair.interpreter import Interpreter

KEPT = np.ones(3)


def helper(x, scale=2):
    return x * scale


def everything(x, *rest, power=2):
    """Use every statement that is understood."""
    total: float = 0.0
    parts = np.zeros_like(x)
    with np.errstate(all="ignore"):
        for i, each in enumerate(x):
            if each < 0:
                continue
            if i > 3:
                break
            parts[i] = helper(each) ** power
            parts[i] += rest[0]
        else:
            total -= 1
    holder = helper(x, scale=1)
    holder *= 3
    assert_free = [holder.sum(), total]
    pass
    return parts, assert_free


def endless(x):
    while True:
        x = x + 1


def calls_endless(x):
    return x if x is not None else endless(x)


def run(function, *arguments, **keywords):
    interpreter = Interpreter(100_000)
    return interpreter.edited(function, {})(*arguments, **keywords)


@pytest.mark.parametrize("x", [np.array([1.0, -2, 3, 4, 5, 6]), np.array([1.0, -2])])
def test_a_function_gives_what_it_gives(x):
    np.testing.assert_equal(run(everything, x, 0.5, power=3), everything(x, 0.5, power=3))


def test_a_method_is_run_with_its_object():
    class Layer:
        def __init__(self):
            self.grad = 0.0

        def backward(self, dy):
            self.grad += dy.sum()
            return 2 * dy

    layer = Layer()
    assert np.array_equal(run(layer.backward, np.ones(3)), [2, 2, 2])
    assert layer.grad == 3


def test_what_is_outside_is_not_written_to():
    def writes(x):
        kept = KEPT
        kept += x
        return kept

    assert np.array_equal(run(writes, 1.0), [2, 2, 2])
    assert np.array_equal(KEPT, np.ones(3))


def test_loops_that_may_not_end_are_called_as_they_are_or_refused():
    interpreter = Interpreter(100_000)
    assert interpreter.edited(calls_endless, {})(3) == 3
    with pytest.raises(NotUnderstoodError, match="While"):
        interpreter.edited(endless, {})(3)
    assert interpreter.definitions[endless.__code__] is None


def test_nothing_outside_is_done(capsys, tmp_path):
    def prints(x):
        print("hello")
        return x

    def opens(x):
        return open(tmp_path / "file", "w")

    assert run(prints, 1) == 1
    assert capsys.readouterr().out == ""
    with pytest.raises(NotUnderstoodError, match="open"):
        run(opens, 1)
    assert not list(tmp_path.iterdir())


def test_recursion_ends():
    def again(x):
        return again(x) if x > 0 else x

    assert run(again, 0) == 0


def test_an_edit_never_changes_what_acts_on_the_world(tmp_path):
    def logs(x, path):
        path.write_text(str(x))
        return x

    def backward(x):
        logs(x, tmp_path / "log")
        return 2 * x

    interpreter = Interpreter(100_000)
    with pytest.raises(NotUnderstoodError, match="write_text"):
        interpreter.edited(backward, {})(1)
    assert interpreter.edited(backward, {})(1) == 2  # as it is, it may
    assert (tmp_path / "log").read_text() == "1"
    (product,) = (
        node
        for node in ast.walk(interpreter.definitions[backward.__code__].tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    )
    with pytest.raises(NotUnderstoodError, match="logs"):
        interpreter.edited(backward, {product: product.right})(3)
    assert (tmp_path / "log").read_text() == "1"


def test_functions_inside_of_a_function_are_run():
    def outer(x):
        def times(y, factor=2):
            return y * factor * scale

        scale = 5
        return [times(x), times(x, factor=1), sorted([3, 1], key=lambda y: -y), (lambda: x)()]

    assert run(outer, 3) == [30, 15, [3, 1], 3]
    interpreter = Interpreter(100_000)
    interpreter.edited(outer, {})(3)
    (definition,) = interpreter.definitions.values()
    (five,) = (
        node
        for node in ast.walk(definition.tree)
        if isinstance(node, ast.Constant) and node.value == 5
    )
    assert interpreter.edited(outer, {five: ast.Constant(7)})(3)[0] == 42
