"""The syntax tree of a function."""

import ast

import numpy as np

from minidl.gradcheck.repair.source import (
    find_definition,
    is_users_function,
    local_names,
    outer_names,
)

SCALE = np.array([2.0, 3.0])


def scaled(dy, *, power=2):
    """Return dy in another scale."""
    result = dy * SCALE
    return result**power


class Layer:
    def backward(self, dy):
        return dy


def test_a_function_is_found_with_its_lines():
    definition = find_definition(scaled.__code__)
    assert isinstance(definition.tree, ast.FunctionDef)
    assert definition.first_line + 1 == scaled.__code__.co_firstlineno
    assert list(local_names(definition.tree)) == ["dy", "power", "result"]


def test_a_lambda_is_found_within_its_expression():
    functions = [lambda p: 2 * p, (lambda q: q + 1)]
    trees = [find_definition(function.__code__).tree for function in functions]
    assert [ast.unparse(tree.body) for tree in trees] == ["2 * p", "q + 1"]


def test_lambdas_of_one_line_that_look_alike_are_not_confused():
    first, second = (lambda p: 2 * p), (lambda p: 3 * p)
    assert find_definition(first.__code__) is None
    assert find_definition(second.__code__) is None


def test_a_wrapper_is_read_and_not_what_it_wraps():
    import functools

    @functools.wraps(scaled)
    def wrapper(dy):
        return -scaled(dy)

    definition = find_definition(wrapper.__code__)
    assert definition is None or "-scaled" in ast.unparse(definition.tree)


def test_functions_that_are_no_formulas_have_no_source():
    def generator():
        yield 1

    namespace = {}
    exec("def written(x):\n    return x", namespace)
    assert find_definition(generator.__code__) is None
    assert find_definition(namespace["written"].__code__) is None


def test_whose_functions_are_read():
    assert is_users_function(scaled)
    assert is_users_function(Layer().backward)
    assert not any(map(is_users_function, (np.mean, np.sin, len, Layer, find_definition)))


def test_names_stand_for_copies():
    names = outer_names(scaled)
    assert np.array_equal(names["SCALE"], SCALE)
    assert names["SCALE"] is not SCALE
    assert names["len"] is len


def test_names_within_comprehensions_are_found():
    def rows(dy):
        return [row * SCALE for row in dy], lambda dy: scaled(dy)

    names = outer_names(rows)
    assert np.array_equal(names["SCALE"], SCALE)
    assert names["scaled"] is scaled


def test_a_lambda_with_a_comprehension_is_found():
    first, second = (
        lambda p: {name: p[name] for name in p},
        lambda q: {name: 2 * q[name] for name in q},
    )
    for function in (first, second):
        tree = find_definition(function.__code__).tree
        assert [each.arg for each in tree.args.args] == [*function.__code__.co_varnames[:1]]
