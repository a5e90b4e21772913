import dataclasses

import pytest

from minidl.data import Field, Limits


def test_limits_are_those_of_the_documentation():
    assert dataclasses.astuple(Limits()) == (256 * 2**20, 100.0, 64 * 2**10, 65_536)
    assert Limits.max_bytes == Limits().max_bytes  # the default of `limit`


@pytest.mark.parametrize("value", [Limits(), Field(("m",), "f")])
def test_limits_and_fields_cannot_change(value):
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)
