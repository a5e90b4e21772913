import functools
import inspect

import pytest

from minidl import L2, ArgumentError, Chain, Concat, Dropout, LeakyReLU, Linear, ReLU, Residual
from minidl.utils.settings import argument_names, construct, settings_of


@pytest.mark.parametrize(
    ("owner", "settings"),
    [
        (ReLU(), {}),
        (LeakyReLU(0.3), {"slope": 0.3}),
        (Dropout(0.8), {"keep_prob": 0.8}),
        (L2(0.1), {"strength": 0.1, "layers": None}),
        (L2(0.1, layers=(0, 2)), {"strength": 0.1, "layers": [0, 2]}),
        (Linear(4, 3, bias=False), {"in_features": 4, "out_features": 3, "bias": False}),
    ],
)
def test_settings_recreate_the_object(owner, settings):
    assert settings_of(owner) == settings
    assert repr(type(owner)(**settings)) == repr(owner)


class WithoutAttribute:
    def __init__(self, width):
        self._width = width


class WithValue:
    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        (WithoutAttribute(3), "no attribute 'width'"),
        (WithValue(object()), "value = <object"),
        (WithValue([{}]), "value"),
    ],
)
def test_settings_that_json_cannot_store_are_refused(owner, message):
    with pytest.raises(
        ArgumentError,
        match=rf"{type(owner).__name__} cannot be saved: it .*{message}.*settings\(\)",
    ):
        settings_of(owner)


def test_the_settings_of_a_container_are_its_layers():
    first, second = Linear(2, 2), ReLU()
    assert settings_of(Chain(first, second)) == {"layers": [first, second]}
    assert settings_of(Residual(first)) == {"layers": [first], "shortcut": None}
    concat = Concat(first, [second], axis=1)
    assert settings_of(concat) == {"branches": list(concat.branches), "axis": 1}


class Starred:
    def __init__(self, a, b=2, *rest, c):
        self.all = a, b, rest, c


def test_construct_passes_a_list_for_a_starred_argument():
    assert construct(Starred, {"a": 1, "b": 3, "rest": [4, 5], "c": 6}).all == (1, 3, (4, 5), 6)
    assert construct(WithValue, {"value": [1]}).value == [1]
    for settings in ({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "rest": "ab", "c": 3}):
        with pytest.raises(TypeError, match="rest must be a list"):
            construct(Starred, settings)
    with pytest.raises((TypeError, KeyError)):
        construct(Starred, {"a": 1, "rest": [], "c": 3})
    with pytest.raises(TypeError, match="unexpected keyword"):
        construct(Starred, {"a": 1, "b": 2, "rest": [], "c": 3, "d": 4})


def decorated(constructor):
    @functools.wraps(constructor)
    def counted(self, *arguments, **keywords):
        constructor(self, *arguments, **keywords)

    return counted


class Decorated:
    @decorated
    def __init__(self, a, *, b):
        self.a, self.b = a, b


class WithKeywords:
    def __init__(self, a, **b):
        self.a, self.b = a, b


class PositionalOnly:
    def __init__(self, a, /, b, *, c=1):
        local = a
        self.b, self.c = local, c


@pytest.mark.parametrize(
    "owner_class", [Starred, WithValue, Decorated, WithKeywords, PositionalOnly, int, object]
)
def test_the_names_of_arguments_are_those_of_the_signature(owner_class):
    expected = []
    if owner_class.__init__ is not object.__init__:
        expected = list(inspect.signature(owner_class.__init__).parameters)[1:]
    assert argument_names(owner_class) == expected
