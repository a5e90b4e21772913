"""Copies of functions with another numpy."""

import numpy as np

from minidl.gradcheck.copied_functions import FunctionCopies, OtherNumpy


class LoudNumpy(OtherNumpy):
    def sum(self, x):
        return "sum"


OLD, NEW = object(), object()


def helper(x):
    return np.sum(x)


def caller(x, default=OLD, *, keyword=OLD):
    return helper(x), default, keyword, "old text", np.max(x)


def copies():
    return FunctionCopies(LoudNumpy(), [(OLD, NEW)], {"old text": "new text"})


def test_functions_that_are_called_defaults_and_texts_are_replaced():
    copied = copies().of(caller)
    assert copied([1, 2]) == ("sum", NEW, NEW, "new text", 2)
    assert caller([1, 2]) == (3, OLD, OLD, "old text", 2)


def test_functions_that_share_a_variable_still_do():
    stored = None

    def write(x):
        nonlocal stored
        stored = np.sum(x)

    def read():
        return stored

    made = copies()
    write_copy, read_copy = made.of(write), made.of(read)
    write_copy(1)
    assert (read_copy(), read()) == ("sum", None)


def test_a_copy_of_a_copy_has_the_last_numpy():
    plain = FunctionCopies(OtherNumpy()).of(caller)
    assert copies().of(plain)([1, 2])[0] == "sum"


def test_methods_keep_their_object():
    class Scale:
        factor = 3

        def times(self, x):
            return self.factor, np.sum(x)

    assert copies().of(Scale().times)(2) == (3, "sum")


def test_other_callables_stay():
    assert copies().of(np.tanh) is np.tanh
