"""Find what edits say of a wrong backward function."""

import numpy as np

from minidl import check_function


def explained(forward, backward, *inputs, **options):
    """Return the diagnosis of the first failed check."""
    report = check_function(forward, backward, *inputs, backward_inputs=True, **options)
    assert report.failures, "the backward function is right"
    return next(check for check in report.failures if check.term != "protocol").diagnosis


def draw(*shape):
    """Return standard normal numbers."""
    return np.random.default_rng(sum(shape)).standard_normal(shape)
