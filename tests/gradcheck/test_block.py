"""A block of a large array."""

import numpy as np
import pytest

from minidl.gradcheck.block import Block
from minidl.gradcheck.diagnosis.error_summary import error_summary
from minidl.gradcheck.diagnosis.evidence import Evidence
from minidl.gradcheck.diagnosis.explain_array import explain_array
from minidl.gradcheck.result import Check


def corner():
    """Return rows 1, 3 and columns 0, 2, 4 of an array of shape (6, 5), whose row 3 is wrong."""
    return Block((np.array([1, 3]), np.array([0, 2, 4])), (6, 5), (np.array([3]), None))


def test_a_whole_array_is_a_block_of_itself():
    block = Block.whole((2, 3))
    array = np.arange(6.0).reshape(2, 3)
    assert block.is_whole
    assert np.array_equal(block.of(array), array)
    assert block.all_elements() == "all 6 elements"


def test_a_block_takes_its_lines():
    array = np.arange(30.0).reshape(6, 5)
    assert corner().of(array).tolist() == [[5, 7, 9], [15, 17, 19]]
    assert corner().position((1, 2)) == (3, 4)
    assert corner().all_elements() == "all 6 elements that were computed, of 30"


def test_a_number_is_a_block_of_one():
    assert Block.whole(()).of(np.array(2.0)) == 2.0
    assert Block.whole(()).size == 1


def test_rows_and_columns_have_their_numbers_in_the_whole_array():
    numeric = corner().of(np.random.default_rng(0).standard_normal((6, 5)))
    analytic = numeric * [[1], [0]]
    evidence = Evidence(analytic, numeric, block=corner())
    assert evidence.wrong_lines(0).tolist() == [3]
    assert evidence.wrong_lines(1).tolist() == [0, 2, 4]
    summary = error_summary(evidence)
    assert summary.startswith("3 of 6 elements that were computed (of 30) wrong; rows 3 of 6; ")


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ([[1], [0]], "only row 3 of 6 is zero"),
        ([[1, 1, 1], [3, 2, 4]], "only row 3 of 6 is wrong"),
        (2, "analytic = 2.000 x numeric in all 6 elements that were computed, of 30"),
    ],
)
def test_a_block_is_diagnosed_like_a_whole_array(factor, words):
    numeric = corner().of(np.random.default_rng(0).standard_normal((6, 5)))
    check = Check(None, "total", "W", verdict="fail", block=corner())
    check.analytic, check.numeric, check.bar = numeric * factor, numeric, np.zeros(numeric.shape)
    explain_array(check)
    assert check.diagnosis.startswith(words)


def test_other_arrays_are_taken_in_the_same_block():
    rng = np.random.default_rng(0)
    other, numeric = rng.standard_normal((2, 6, 5))
    check = Check(None, "total", "W", verdict="fail", block=corner())
    check.analytic, check.numeric = corner().of(other), corner().of(numeric)
    explain_array(check, other_gradients={"V": other})
    assert "the numeric gradient of V" in check.diagnosis
