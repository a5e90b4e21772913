import hashlib

import numpy as np
import pytest

from minidl.data.canvas import Canvas
from minidl.data.standin_signs import SIGN_CLASSES, _hand, draw_signs

PINNED = [
    "d70902fe21bfbea297a5837b52c27129d0f4157ed1d4705e723ee1dc7507fcc8",
    "242cadd16d4d7be0cb207f5152747809425e615f9f3340c515267c9f5833dd89",
]


def test_the_pictures_are_fixed_for_ever():
    digests = [hashlib.sha256(part.images.tobytes() + part.labels.astype("<i8").tobytes()).hexdigest() for part in draw_signs()]
    assert digests == PINNED


def test_every_sign_is_equally_frequent():
    train, test = draw_signs()
    assert SIGN_CLASSES == train.classes == ("0", "1", "2", "3", "4", "5")
    assert train.counts == (80,) * 6
    assert test.counts == (20,) * 6
    assert train.y.dtype == np.int64


@pytest.mark.parametrize("fingers", range(5))
def test_one_more_finger_changes_the_picture(fingers):
    fewer, more = (_hand(Canvas(np.random.RandomState(3)), count).astype(int) for count in (fingers, fingers + 1))
    assert (np.abs(fewer - more).max(axis=2) > 60).sum() > 25
