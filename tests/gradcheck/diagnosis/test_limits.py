"""The limits of the diagnosis."""

from minidl.gradcheck.diagnosis import limits


def test_every_limit_is_positive():
    names = [name for name in vars(limits) if name.isupper()]
    assert names
    assert all(getattr(limits, name) > 0 for name in names)
