"""Buffers: arrays that a layer keeps but does not learn."""

import copy
import pickle

import numpy as np
import pytest

from minidl import ArgumentError, Buffer, Ones, Parameter, Random, ShapeError, Zeros


def test_the_value_is_drawn_when_it_is_needed():
    buffer = Buffer((2, 3), init=Ones())
    assert buffer.memory is None
    np.testing.assert_array_equal(buffer.value, np.ones((2, 3), np.float32))
    assert buffer.value.dtype == np.float32
    assert buffer.size == 6


def test_one_number():
    buffer = Buffer((), init=Zeros())
    buffer.value += 1
    assert buffer.value == 1
    assert buffer.size == 1


def test_what_is_assigned_is_copied():
    buffer, new = Buffer((2,), init=Zeros()), np.array([1.0, 2.0])
    memory = buffer.value
    buffer.value = new
    new[:] = 9
    assert buffer.value is memory
    np.testing.assert_array_equal(memory, [1, 2])
    with pytest.raises(ShapeError, match=r"a Buffer's value has shape \(2,\), got \(3,\)"):
        buffer.value = [1, 2, 3]


@pytest.mark.parametrize("kind", [Buffer, Parameter])
@pytest.mark.parametrize(
    ("shape", "init", "expected"),
    [
        (3, Zeros(), r"shape must be a tuple, got 3: write \(3,\)"),
        ((3,), Zeros, r"init must fill an array, got .*Zeros'>: it is a class; write Zeros\(\)"),
        ((3,), "zeros", "init must fill an array, got 'zeros': it is a text"),
        ((3,), None, "init must fill an array, got None"),
    ],
)
def test_wrong_arguments_are_refused_when_it_is_made(kind, shape, init, expected):
    with pytest.raises(ArgumentError, match=f"a {kind.__name__}'s {expected}"):
        kind(shape, init=init)


@pytest.mark.parametrize("shape", [(0,), (2, -1), (1.5,), ("a",)])
def test_the_shape_must_be_integers(shape):
    with pytest.raises(ArgumentError, match=r"a Buffer's shape must be integers >= 1, got \("):
        Buffer(shape, init=Zeros())


def test_a_dtype_is_converted_to_and_drawn_in():
    buffer = Buffer((2,), init=Random(1.0))
    buffer.convert(np.dtype(np.float64), np.random.default_rng(3))
    expected = np.random.default_rng(3).standard_normal(2)
    np.testing.assert_array_equal(buffer.value, expected)
    buffer.convert(np.dtype(np.float32), np.random.default_rng(4))
    np.testing.assert_array_equal(buffer.value, expected.astype(np.float32))


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))]
)
def test_a_copy_has_its_own_memory_and_is_in_no_model(duplicate):
    buffer = Buffer((2,), init=Zeros())
    buffer.value = [1.0, 2.0]
    buffer.in_model = True
    other = duplicate(buffer)
    buffer.value[:] = 0
    np.testing.assert_array_equal(other.value, [1, 2])
    assert not other.in_model
    assert duplicate(Buffer((1,), init=Zeros())).memory is None


def test_the_representation():
    assert repr(Buffer((3,), init=Zeros())) == "Buffer((3,), init=Zeros())"
