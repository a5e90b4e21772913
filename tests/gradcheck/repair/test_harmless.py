"""Which functions may be called with arguments that an edit has changed."""

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from minidl.gradcheck.repair.harmless import is_harmless


@pytest.mark.parametrize(
    "function",
    [
        np.sin,
        np.add.at,
        np.zeros,
        np.linalg.solve,
        np.ones(3).sum,
        np.random.default_rng(0).random,
        math.exp,
        len,
        range,
        sorted,
        [].append,
        {}.get,
        dict.fromkeys,
    ],
)
def test_what_computes(function):
    assert is_harmless(function)


@pytest.mark.parametrize(
    "function",
    [
        os.remove,
        os.rename,
        shutil.rmtree,
        Path("x").unlink,
        open,
        eval,
        setattr,
        np.save,
        np.savetxt,
        np.ones(3).tofile,
        np.random.seed,
    ],
)
def test_what_does_more(function):
    assert not is_harmless(function)
