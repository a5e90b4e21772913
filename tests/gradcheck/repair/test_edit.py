"""Edits and the helpers to write them down."""

import ast

from minidl.gradcheck.repair.edit import Edit, Scope, expression, number_of, with_fields
from minidl.gradcheck.repair.source import find_definition


class Layer:
    def backward(self, dy, w):
        dx = dy @ w.T
        return dx * self.mask, 2.0


def scope():
    return Scope.of(find_definition(Layer.backward.__code__), ["forward_output"])


def test_a_scope_knows_the_names_that_may_be_read():
    assert scope().names == ["dy", "w", "dx", "self.mask", "forward_output"]
    assert scope().arguments == ["dy", "w"]


def test_values_are_what_is_assigned_and_returned_and_their_parts():
    texts = [ast.unparse(value) for value in scope().values]
    assert texts == ["dy @ w.T", "dy", "w.T", "dx * self.mask", "dx", "self.mask"]


def test_an_expression_contains_copies():
    node = ast.parse("a + b", mode="eval").body
    product = expression("2 * e", e=node)
    assert ast.unparse(product) == "2 * (a + b)"
    assert product.right is not node
    assert product.right.left is node.left


def test_an_edit_describes_itself():
    node = ast.parse("x = a @ b").body[0].value
    edit = Edit("words", {node: with_fields(node, op=ast.Mult())}).of("backward", 10)
    assert (edit.before, edit.after, edit.line) == ("a @ b", "a * b", 11)


def test_numbers():
    assert [number_of(ast.Constant(value)) for value in (1, 2.5, True, "a")] == [1, 2.5, None, None]
