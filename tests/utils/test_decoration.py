"""Decorating methods by name."""

import pytest

from minidl.utils.decoration import decorate_methods


def shout(method):
    return lambda self: method(self).upper()


def test_only_the_named_methods_of_the_class_itself_are_decorated():
    class Animal:
        def name(self):
            return "cat"

        def says(self):
            return "meow"

    class Kitten(Animal):
        def says(self):
            return "mew"

    assert decorate_methods(["says"], shout)(Kitten) is Kitten
    assert (Kitten().says(), Kitten().name(), Animal().says()) == ("MEW", "cat", "meow")
    with pytest.raises(KeyError, match="name"):
        decorate_methods(["name"], shout)(Kitten)
