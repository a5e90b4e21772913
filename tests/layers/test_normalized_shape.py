import pytest

from minidl import ShapeError
from minidl.layers.base import UnknownRank
from minidl.layers.normalized_shape import features_last


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
