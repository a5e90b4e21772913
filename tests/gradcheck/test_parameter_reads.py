"""Reads of parameters are recorded in a context and by one thread, and nowhere else."""

from threading import Thread

import numpy as np
import pytest

from minidl import Buffer, Ones, Parameter, Zeros
from minidl.gradcheck.parameter_reads import recorded_reads


@pytest.fixture
def parameter():
    return Parameter((2,), init=Ones())


def test_each_way_to_read_or_assign_is_recorded(parameter):
    buffer = Buffer((2,), init=Zeros())
    with recorded_reads() as reads:
        np.testing.assert_array_equal(parameter.value, [1, 1])
        parameter.grad[...] = 3
        buffer.value += 1
        parameter.value = [4, 5]
        parameter.grad = [6, 7]
    expected = [parameter, parameter, buffer, buffer, parameter, parameter]
    assert all(read is member for read, member in zip(reads, expected, strict=True))
    np.testing.assert_array_equal(parameter.value, [4, 5])
    np.testing.assert_array_equal(parameter.grad, [6, 7])
    np.testing.assert_array_equal(buffer.value, [1, 1])
    assert len(reads) == len(expected)


def test_afterwards_the_classes_are_as_they_were(parameter):
    def properties():
        return [Parameter.value, Parameter.grad, Buffer.value]

    before = properties()
    with recorded_reads():
        assert all(now is not then for now, then in zip(properties(), before, strict=True))
        assert Parameter.value.__doc__ == before[0].__doc__
    with pytest.raises(ZeroDivisionError), recorded_reads():
        raise ZeroDivisionError
    assert all(now is then for now, then in zip(properties(), before, strict=True))


def test_contexts_nest(parameter):
    with recorded_reads() as outer:
        with recorded_reads() as inner:
            _ = parameter.value
        _ = parameter.grad
    assert inner == outer == [parameter]
    assert "value" in vars(Parameter)


def test_threads_record_their_own_reads(parameter):
    other = Parameter((3,), init=Ones())
    reads_of_threads = []

    def read(member, *, record):
        if not record:
            _ = member.value
            return
        with recorded_reads() as reads:
            _ = member.value
        reads_of_threads.append(reads)

    with recorded_reads() as reads:
        for record in (False, True):
            thread = Thread(target=read, args=(other,), kwargs={"record": record})
            thread.start()
            thread.join()
        _ = parameter.value
    assert reads == [parameter]
    assert reads_of_threads == [[other]]
