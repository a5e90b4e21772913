"""Arrays and wrong gradients for the tests of error patterns."""

import re

import numpy as np

from minidl.gradcheck.diagnosis.diagnose import diagnose
from minidl.gradcheck.diagnosis.evidence import Evidence
from minidl.gradcheck.diagnosis.patterns import ALL_PATTERNS
from minidl.gradcheck.diagnosis.patterns.pattern import Pattern

N = np.random.default_rng(0).standard_normal((5, 6))
SQUARE = np.random.default_rng(1).standard_normal((4, 4))
X = np.random.default_rng(2).standard_normal((5, 6))


def changed(index, factor=0.0, n=N):
    a = n.copy()
    a[index] *= factor
    return a


def masked(*, of):
    """Return N with zeros where the mask of a seed has them."""
    return N * (np.random.default_rng(of).random(N.shape) < 0.5)


def evidence(a, n=N, **fields):
    return Evidence(np.asarray(a, float), np.asarray(n, float), **fields)


def diagnosis_of(a, n=N, **fields):
    return diagnose(evidence(a, n, **fields))


def patterns_in(module):
    """Return the names of the patterns that a module defines."""
    return {
        value.name
        for value in vars(module).values()
        if isinstance(value, Pattern) and value.match.__module__ == module.__name__
    }


def assert_diagnosed(case):
    """Check that the evidence of a case is diagnosed by its pattern, in these words."""
    name, build, words = case
    diagnosis = diagnose(build())
    assert diagnosis == ALL_PATTERNS[name].match(build())
    assert re.search(words, diagnosis)
