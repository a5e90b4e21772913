"""A write into a read-only array is detected; another error is not taken for one."""

import numpy as np
import pytest

from minidl.gradcheck.contract.writes import detect_write, read_only


def test_a_write_is_detected():
    array = np.zeros(3)
    locked = read_only(array)
    assert not np.shares_memory(locked, array)
    violation = detect_write("the input", lambda: np.add(locked, 1, out=locked))
    assert violation.startswith("it writes into the input: ")


def test_reading_is_no_write():
    assert detect_write("the input", lambda: read_only(np.zeros(3)).sum()) is None


def test_another_error_is_passed_on():
    with pytest.raises(ValueError, match="invalid literal"):
        detect_write("the input", lambda: int("x"))
