import enum
import json
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from minidl import ArgumentError
from minidl.serialization import json_codec
from minidl.serialization.container import DTYPES
from minidl.serialization.json_codec import LONG_LIST, MAX_DEPTH, decode, encode

DTYPE_NAMES = [*"?bBhHiIqQefdFD", ">f8", ">i2", ">c8"]
NUMBERS = (
    st.floats()
    | st.integers(-(2**80), 2**80)
    | st.integers(-(2**62), 2**62).map(np.int64)
    | st.floats(width=32).map(np.float32)
    | st.floats(width=16).map(np.float16)
    | st.booleans().map(np.bool_)
)
ARRAYS = st.sampled_from(DTYPE_NAMES).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=2, min_side=0))
)
PLAIN = st.none() | st.booleans() | st.text(max_size=4) | NUMBERS | ARRAYS
KEYS = (
    st.sampled_from(["array", "float", "int", "dict", "minidl", "other"])
    | st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats(allow_nan=False)
    | st.integers(0, 3).map(np.int8)
    | st.tuples(st.integers(0, 2), st.text(max_size=1))
)
STATES = st.recursive(
    PLAIN,
    lambda values: (
        st.lists(values, max_size=3)
        | st.lists(values, max_size=3).map(tuple)
        | st.dictionaries(KEYS, values, max_size=3)
    ),
    max_leaves=8,
)


def through_json(value, **options):
    arrays = {}
    tree = json.loads(json.dumps(encode(value, arrays, **options), allow_nan=False, sort_keys=True))
    assert all(array.dtype.str in DTYPES for array in arrays.values())
    return decode(tree, arrays)


def assert_same(value, other):
    """Compare types, order and bits."""
    assert type(value) is type(other)
    if isinstance(value, np.ndarray | np.generic):
        assert value.dtype == other.dtype
        assert value.shape == other.shape
        assert value.tobytes() == other.tobytes()
    elif isinstance(value, dict):
        for pair, other_pair in zip(value.items(), other.items(), strict=True):
            assert_same(pair, other_pair)
    elif isinstance(value, list | tuple):
        assert len(value) == len(other)
        for element, other_element in zip(value, other, strict=True):
            assert_same(element, other_element)
    else:
        assert repr(value) == repr(other)


@example([{"array": "_0"}, {"float": "inf"}, {"int": "0x1"}, {"dict": {"dict": {"int": 2**60}}}])
@example([{"minidl": ["tuple", [1]]}, {"minidl": ["dict", []]}, {"array": ["training.0"]}])
@example({1: 2.0, "1": 3.0, (2, "a"): 4, None: {"b": 1, "a": 2}})
@given(STATES)
def test_any_state_of_a_callback_is_the_same_after_json(state):
    assert_same(through_json(state, exact=True), state)


@pytest.mark.parametrize("length", [0, 1, LONG_LIST - 1, LONG_LIST, 3 * LONG_LIST])
@pytest.mark.parametrize(
    "element",
    [
        lambda i: i / 3,
        lambda i: float("nan") if i % 2 else -0.0,
        lambda i: -i * 2**50,
        lambda i: i * 2**60,
        lambda i: i % 3 == 0,
        lambda i: [True, 1, 1.0, None, "1"][i % 5],
        lambda i: np.float64(i / 3),
        lambda i: np.float16(i / 3),
        lambda i: np.bool_(i % 2),
        lambda i: [np.float32(i), np.float64(i)][i % 2],
        lambda i: (i, i / 3),
    ],
)
def test_long_lists_are_the_same_after_json(element, length):
    value = {"seen": [element(i) for i in range(length)]}
    assert_same(through_json(value, exact=True), value)


def test_a_long_list_of_numbers_takes_few_bytes_of_json():
    for kind in (float, int, bool, np.float64, np.int32):
        arrays = {}
        value = [kind(i) for i in range(250_000)]
        assert len(json.dumps(encode(value, arrays, exact=True))) < 100
        assert len(arrays) == 1


class Color(enum.IntEnum):
    RED = 1


class Name(enum.StrEnum):
    RED = "red"


class Numbers(list):
    pass


Pair = namedtuple("Pair", "a b")
DERIVED = [
    (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (Numbers([1, 2]), [1, 2]),
    (Pair(1, 2), (1, 2)),
    (Color.RED, 1),
    (Name.RED, "red"),
    (np.ma.array([1.0, 2.0]), np.array([1.0, 2.0])),
]


@pytest.mark.parametrize(("value", "plain"), DERIVED)
def test_objects_of_derived_classes_are_refused_where_types_must_come_back(value, plain):
    with pytest.raises(ArgumentError, match=f"got an object of class {type(value).__name__} at"):
        encode({"value": value}, {}, exact=True)
    assert through_json(value) == plain if not isinstance(plain, np.ndarray) else True
    assert type(through_json(value)) is type(plain)


def test_without_exactness_numpy_scalars_are_python_numbers():
    value = {"b": np.float64(0.5), "a": np.float32(0.1), 1: [np.int64(3), np.bool_(True)]}
    decoded = through_json(value)
    assert decoded == {"b": 0.5, "a": float(np.float32(0.1)), 1: [3, True]}
    assert type(decoded["a"]) is float
    assert type(decoded[1][1]) is bool


REFUSED = [
    (object(), "an object of class object"),
    ({1}, "an object of class set"),
    (b"a", "an object of class bytes"),
    (1j, "an object of class complex"),
    (np.array(["a"]), "an array of dtype <U1"),
    (np.array([None]), "an array of dtype object"),
    (np.zeros(2, [("a", "i4")]), "an array of dtype"),
    (np.array(["2020"], "M8[Y]"), "an array of dtype datetime64"),
    (np.datetime64("2020"), "an object of class datetime64"),
    (np.str_("a"), "an object of class str_"),
    (np.random.default_rng(0), "an object of class Generator"),
    (float, "an object of class type"),
]


@pytest.mark.parametrize(("value", "found"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_would_not_come_back_is_refused_with_its_place(value, found):
    with pytest.raises(
        ArgumentError, match=rf"got {found}.* at Watch.state\(\)\['seen'\]\[1\]\[2\]"
    ):
        encode({"seen": [0, {2: value}]}, {}, exact=True, place="Watch.state()")
    value = {"first": [[[[{"a" * 99: {"last": value}}]]]]}
    place = r"state\['first'\]\[0\]\[0\]\.\.\.\['a{58}\['last'\]: convert it"  # 60 of each
    with pytest.raises(ArgumentError, match=place):
        encode(value, {}, exact=True)
    with pytest.raises(ArgumentError, match="must consist of None, bools, numbers"):
        encode({frozenset(): 1}, {}, exact=True)


@pytest.mark.skipif(np.longdouble is np.float64, reason="the same there")
def test_numbers_that_depend_on_the_platform_are_refused():
    with pytest.raises(ArgumentError, match="an array of dtype"):
        encode(np.ones(2, np.longdouble), {})


def test_what_contains_itself_or_is_too_deep_is_refused():
    circle, nested = [], 0
    circle.append(circle)
    for _ in range(MAX_DEPTH):
        nested = [nested]
    assert through_json(nested) == nested
    for value in (circle, [nested]):
        with pytest.raises(ArgumentError, match=r"more than 100 levels at state\[0\].*\.\.\.\[0\]"):
            encode(value, {}, exact=True)


@pytest.mark.parametrize(
    "content",
    [
        ["array", "training.0", "|O", [3]],
        ["array", "training.0", "<f16", [1]],
        ["array", "training.0", "<i4", [5]],
        ["scalar", "<f4", "00"],
        ["scalar", "<f4", ""],
        ["eval", "1"],
        ["list", "1"],
        ["dict", [1]],
    ],
)
def test_a_file_cannot_make_anything_else(content):
    with pytest.raises((ValueError, KeyError, TypeError, IndexError, AttributeError)):
        decode({"minidl": content}, {"training.0": np.zeros(12, np.uint8)})


BYTES = np.array([1, 2, 3], "<i4")
RATE = np.float32(0.1)


@pytest.mark.parametrize(
    ("value", "form", "array"),
    [
        *(
            (np.array([1, 2], kind), {"array": "training.0"}, np.array([1, 2], kind))
            for kind in DTYPES
        ),
        (BYTES, {"minidl": ["array", "training.0", "<i4", [3]]}, BYTES.view(np.uint8)),
        (np.array(True), {"minidl": ["array", "training.0", "|b1", []]}, np.ones(1, np.uint8)),
        (
            np.array([[1j]], ">c16"),
            {"minidl": ["array", "training.0", ">c16", [1, 1]]},
            np.array([1j], ">c16").view(np.uint8),
        ),
        (RATE, {"minidl": ["scalar", "<f4", "cdcccc3d"]}, None),
        ([0.5] * 999, [0.5] * 999, None),
        ([0.5] * 1000, {"minidl": ["list", {"array": "training.0"}]}, np.full(1000, 0.5)),
        ([2] * 1000, {"minidl": ["list", {"array": "training.0"}]}, np.full(1000, 2)),
        (
            [True] * 1000,
            {"minidl": ["list", {"minidl": ["array", "training.0", "|b1", [1000]]}]},
            np.ones(1000, np.uint8),
        ),
        ([RATE] * 1000, {"minidl": ["scalars", {"array": "training.0"}]}, np.full(1000, RATE)),
        ((1, None), {"minidl": ["tuple", [1, None]]}, None),
        ({1: 2}, {"minidl": ["dict", [[1, 2]]]}, None),
        ({"b": 1, "a": 2}, {"minidl": ["dict", [["b", 1], ["a", 2]]]}, None),
        ({"a": 2, "b": 1}, {"a": 2, "b": 1}, None),
        (np.inf, {"float": "inf"}, None),
        (-np.inf, {"float": "-inf"}, None),
        (2**53, {"int": "0x20000000000000"}, None),
        (-(2**53), {"int": "-0x20000000000000"}, None),
        (2**53 - 1, 2**53 - 1, None),
        ({"array": 1}, {"dict": {"array": 1}}, None),
        ({"minidl": 1, "array": 2}, {"minidl": ["dict", [["minidl", 1], ["array", 2]]]}, None),
        ({"array": 1, "minidl": 2}, {"array": 1, "minidl": 2}, None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_value_has_the_form_of_the_page(value, form, array):
    """Not only what is written, but what is in files must be read for ever."""
    arrays = {}
    assert encode(value, arrays, exact=True) == form
    expected = {} if array is None else {"training.0": array}
    assert_same(arrays, expected)
    assert_same(decode(form, expected), value)


def test_what_is_not_of_a_callback_keeps_neither_order_nor_scalars():
    assert encode({"b": 1, "a": 2}, {}) == {"a": 2, "b": 1}
    assert encode([RATE] * 1000, {}) == [float(RATE)] * 1000


def test_a_byte_that_is_no_bool_becomes_one():
    array = decode({"minidl": ["array", "x", "|b1", [2]]}, {"x": np.array([0, 7], np.uint8)})
    assert array.tobytes() == b"\0\1"


def test_what_earlier_versions_wrote_is_read():
    tree = {"a": {"array": "training.0"}, "b": {"float": "nan"}, "c": {"int": "0x3"}}
    tree["d"] = {"dict": {"int": [1, {"list": [2]}, {"tuple": 3}, {"scalar": None}]}}
    array = np.arange(3)
    decoded = decode(tree, {"training.0": array})
    assert decoded["a"] is array
    assert repr(decoded["b"]) == "nan"
    assert decoded["c"] == 3
    assert decoded["d"] == tree["d"]["dict"]


def test_arrays_that_the_format_has_are_stored_as_they_are():
    arrays = {}
    array = np.arange(3.0)
    assert encode([array], arrays) == [{"array": f"{json_codec.ARRAY_PREFIX}0"}]
    assert arrays["training.0"] is array
