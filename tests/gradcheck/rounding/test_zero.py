"""A gradient that is zero within the rounding of its terms passes; one that is hidden does not."""

import numpy as np
import pytest

from minidl.gradcheck.result import Check
from minidl.gradcheck.rounding.probes import Probe, ProbeValues
from minidl.gradcheck.rounding.zero import ZERO_HERE, accept_zero

COTANGENT = np.ones(4)


def accepted(analytic, numeric, bar, verdict="unresolved"):
    arrays = (np.full(3, value) for value in (analytic, numeric, bar))
    check = Check(
        0,
        "layer",
        "bias",
        0.5,
        verdict,
        **dict(zip(("analytic", "numeric", "bar"), arrays, strict=True)),
    )
    accept_zero(check, [], COTANGENT)
    return (check.verdict, check.diagnosis, check.difference) == ("pass", ZERO_HERE, 0.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1e-16, -1e-16, 1e-14), True),
        ((1e-16, 0.0, 1e-14, "pass"), True),
        ((0.0, 0.0, 1e-14, "pass"), False),  # exactly zero: not tested, as everywhere
        ((1e-13, 0.0, 1e-14, "fail"), False),
        ((1e-13, 1e-13, 1e-14), False),  # both sides say that there is a gradient
        ((1e-3, 0.0, 1e-2), False),  # such bars hide something
    ],
)
def test_both_sides_must_be_rounding(values, expected):
    assert accepted(*values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ProbeValues(1e-16, 0.0, 1e-14, 1e-15), True),
        (ProbeValues(1e-16, 0.0, 1e-14, 1e-3), False),
        (ProbeValues(1e-16, 1e-13, 1e-14, 1e-15), False),
        (ProbeValues(1e-16, 0.0, 1.0, 1e-15), False),
    ],
)
def test_probes_must_be_rounding(values, expected):
    check = Check(0, "layer", "bias", verdict="unresolved", elements=100)
    accept_zero(check, [Probe(np.ones(100), values)], COTANGENT)
    assert (check.diagnosis == ZERO_HERE) == expected


def test_without_probes_nothing_is_known():
    check = Check(0, "layer", "bias", verdict="unresolved")
    accept_zero(check, [], COTANGENT)
    assert check.verdict == "unresolved"
