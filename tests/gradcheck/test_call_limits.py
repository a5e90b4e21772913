"""How many calls of a function a check may take."""

from minidl.gradcheck import call_limits


def test_limits_are_numbers_of_calls():
    limits = {name: value for name, value in vars(call_limits).items() if name.isupper()}
    assert len(limits) >= 8
    for value in limits.values():
        for number in value if isinstance(value, tuple) else (value,):
            assert isinstance(number, int)
            assert number >= 1
    assert call_limits.BUDGET[0] <= call_limits.BUDGET[1]
