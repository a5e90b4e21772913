import pytest

from minidl import ShapeError
from minidl.layers.base import UnknownRank
from minidl.layers.kept_shape import features_last, sequences_only


@pytest.mark.parametrize("shape", [(3,), (7, 3), (4, 4, 3), UnknownRank((3,))])
def test_the_shape_stays(shape):
    assert features_last(shape, 3) is shape


def test_an_unknown_shape_has_a_known_last_axis():
    assert isinstance(features_last(None, 3), UnknownRank)
    assert features_last(None, 3) == (3,)


@pytest.mark.parametrize(("shape", "got"), [((4,), "4"), ((3, 4), "4"), ((), "none")])
def test_another_last_axis_is_refused(shape, got):
    with pytest.raises(ShapeError, match=f"expects 3 features, got {got}"):
        features_last(shape, 3)


@pytest.mark.parametrize("shape", [(7, 3), UnknownRank((3,))])
def test_sequences_keep_their_shape(shape):
    assert sequences_only(shape, 3) is shape
    assert sequences_only(None, 3) == (3,)


@pytest.mark.parametrize("shape", [(3,), (2, 7, 3), (7, 4), (), UnknownRank((4,))])
def test_what_is_no_sequence_of_these_features_is_refused(shape):
    with pytest.raises(ShapeError, match=r"expects sequences \(t, 3\), got "):
        sequences_only(shape, 3)
