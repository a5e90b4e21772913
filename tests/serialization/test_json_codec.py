import json

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from minidl.serialization.json_codec import decode, encode

NUMBERS = (
    st.floats()
    | st.integers(-(2**80), 2**80)
    | st.integers(-(2**62), 2**62).map(np.int64)
    | st.floats(width=32).map(np.float32)
)


PLAIN = st.none() | st.booleans() | st.text(max_size=4) | NUMBERS | st.integers(0, 3).map(np.arange)


KEYS = st.sampled_from(["array", "float", "int", "dict", "other"])


STATES = st.recursive(
    PLAIN,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=3),
    max_leaves=8,
)


@example([{"array": "_0"}, {"float": "inf"}, {"int": "0x1"}, {"dict": {"dict": {"int": 2**60}}}])
@given(STATES)
def test_any_state_of_a_callback_is_the_same_after_json(state):
    arrays = {}
    tree = json.loads(json.dumps(encode(state, arrays), allow_nan=False))
    decoded = decode(tree, arrays)
    np.testing.assert_equal(decoded, state)  # to which NaN is NaN
    assert repr(decoded).count("array(") == repr(state).count("array(")
