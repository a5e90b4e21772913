import pytest

from minidl import L2, ArgumentError, Dropout, LeakyReLU, Linear, ReLU
from minidl.utils.settings import settings_of


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
