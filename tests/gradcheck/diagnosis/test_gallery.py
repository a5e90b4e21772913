"""The gallery lists every diagnosis."""

from pathlib import Path

import pytest

from minidl.gradcheck.diagnosis.activation_mistakes import ACTIVATION_MISTAKES, DROPOUT_MISTAKES
from minidl.gradcheck.diagnosis.batch_mistakes import BATCH_MISTAKES
from minidl.gradcheck.diagnosis.linear_mistakes import (
    MATRIX_MISTAKES,
    TRANSPOSED_WEIGHT,
    VECTOR_MISTAKES,
)
from minidl.gradcheck.diagnosis.loss_candidates import LOSS_MISTAKES, MEAN_LOSS_MISTAKES
from minidl.gradcheck.diagnosis.patterns import ALL_PATTERNS
from minidl.gradcheck.diagnosis.penalty_candidates import OTHER_PENALTIES

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

PAGE = Path(__file__).resolve().parents[3] / "docs" / "gallery.md"
LISTED = PAGE.read_text(encoding="utf-8").partition("## All diagnoses")[2].splitlines()
MISTAKES = [
    *(words for words, _ in ACTIVATION_MISTAKES),
    *(words for words, _ in DROPOUT_MISTAKES),
    *BATCH_MISTAKES,
    *(words for words, _ in VECTOR_MISTAKES),
    *(words for words, _ in MATRIX_MISTAKES),
    TRANSPOSED_WEIGHT,
    *(words for words, _ in LOSS_MISTAKES),
    *(words.format(size="m") for words, _ in MEAN_LOSS_MISTAKES),
    *OTHER_PENALTIES,
]


@pytest.mark.parametrize("name", ALL_PATTERNS)
def test_every_pattern_is_listed(name):
    assert any(line.startswith(f"| {name} |") for line in LISTED), (
        f"add a row for the pattern {name!r} to the table at the end of docs/gallery.md"
    )


@pytest.mark.parametrize("words", dict.fromkeys(MISTAKES))
def test_every_known_mistake_is_listed(words):
    line = "- " + words.replace("*", "\\*")
    assert line in LISTED, f"add this line to the list at the end of docs/gallery.md:\n{line}"
