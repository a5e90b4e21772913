"""Bugs of layers of pictures and sequences are found, placed and named; none has a wrong name.

MINIDL_ALL_BUGS=1 tries all of them, by default one of each kind of edit is.
"""

import os

import pytest
from sequence_and_picture_bugs import BUGS, LAYERS, examine, report_of

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

# The words of the edit, or the layer, that a quick run tries.
SAMPLE = (
    "dx[:, :-2",
    "~self.mask",
    "g = dy",
    "] = dy",
    "-> dh = 0",
    "g * (1 - g)",
    "(1 - a)",
    "dv @",
    "self.pairs ==",
    "-> (a * self.is_step)",
    "[dr, du, r * dn]",
)


def sample():
    if os.environ.get("MINIDL_ALL_BUGS"):
        return BUGS
    chosen = {}
    for words in SAMPLE:
        chosen[words] = next(bug for bug in BUGS if words in bug.edit)
    return list(chosen.values())


@pytest.mark.parametrize("bug", sample(), ids=str)
def test_found_placed_and_named(bug):
    outcome = examine(bug)
    assert outcome.found
    assert outcome.placed, outcome.says
    assert outcome.named, outcome.says


@pytest.mark.parametrize("layer", LAYERS)
def test_the_layers_are_right_without_a_bug(layer):
    report, _ = report_of(layer, layer)
    assert report.ok, str(report)
