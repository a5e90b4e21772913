"""A sample of the corpus; ``python -m tests.gradcheck.corpus`` checks all of it."""

import numpy as np
import pytest

from .case import Rule, edited, is_named
from .forms import in_precision, round_to_bf16, to_bf16
from .load import all_cases
from .outcome import SEEN, outcome
from .repaired import is_repaired
from .truth import analytic, cotangents, numeric, relative_sizes

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

CASES = all_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=[f"{c.field}-{c.name}" for c in CASES])


@each_case
def test_the_right_one_is_right_and_each_wrong_one_is_wrong(case):
    inputs = case.inputs()
    dy = cotangents(case, inputs)
    right = analytic(case, case.backward, inputs, dy)
    assert max(relative_sizes(right, numeric(case, inputs, dy)).values()) < 1e-7
    for wrong in case.wrong:
        found = analytic(case, wrong.backward, inputs, dy)
        size = max(relative_sizes(found, right).values())
        assert size > SEEN["float64"] or isinstance(wrong.says, Rule), wrong.edit


def test_no_pattern_fits_every_text():
    for case in CASES:
        for wrong in case.wrong:
            assert not is_named(wrong.says, ""), f"{case.name}: {wrong.edit}"


def test_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_case_has_two_wrong_ones():
    assert [case.name for case in CASES if len(case.wrong) < 2] == []


def judged(case, wrong, precision):
    one = outcome(case, wrong, precision)
    assert not one.is_wrong_verdict, f"{one.title}: {one.status}, {one.diagnosis}\n{one.text}"
    return one


def every(number):
    """Give each case of so many, from all fields: the whole corpus takes too long here."""
    return pytest.mark.parametrize(
        "case", CASES[::number], ids=lambda case: f"{case.field}-{case.name}"
    )


@every(5)
def test_the_right_one_in_float64(case):
    judged(case, None, "float64")


@every(9)
def test_a_wrong_one_in_float64(case):
    chosen = case.wrong[len(case.name) % len(case.wrong)]
    assert judged(case, chosen, "float64").status == "failed"


SAMPLES = [
    pytest.param(case, precision, id=f"{case.name}-{precision}")
    for first, precision in enumerate(("float32", "noisy"))
    for case in CASES[7 * first :: 30]
]


@pytest.mark.parametrize(("case", "precision"), SAMPLES)
def test_a_sample_in_other_precisions(case, precision):
    judged(case, None, precision)
    judged(case, case.wrong[len(case.name) % len(case.wrong)], precision)


def test_bfloat16_keeps_eight_bits():
    assert round_to_bf16(np.array([1.0, 1 + 1 / 256, 1 + 3 / 256, 3.1416])).tolist() == [
        1.0,
        1.0,
        1 + 1 / 64,
        3.140625,
    ]


def test_every_result_in_bf16_is_rounded():
    x = to_bf16(np.array([[1.0, 2.0], [3.0, 4.0]]))
    for result in (
        x / 3,
        x @ x / 7,
        x.mean(axis=0) / 3,
        np.where(x > 2, x / 3, 0),
        np.einsum("ij,jk->ik", x / 3, x),
        (x / 3).sum(),
    ):
        np.testing.assert_array_equal(result, round_to_bf16(np.asarray(result, dtype="f")))


def test_noise_is_small_and_the_same_at_the_same_point():
    noisy = in_precision(np.tanh, "noisy")
    x = np.array([0.3, 0.7])
    gap = np.abs(noisy(x) - np.tanh(x)).max()
    assert 0 < gap < 1e-6
    np.testing.assert_array_equal(noisy(x), noisy(x))


def test_an_edit_must_fit_once():
    with pytest.raises(ValueError, match="occurs 0 times"):
        edited(judged, "no such text -> x")


def test_a_named_edit_is_judged_at_other_inputs():
    (case,) = (one for one in CASES if one.name == "tanh")
    (wrong,) = (one for one in case.wrong if one.edit == "1 - y**2 -> 1 - y")
    said = "right with `{}` for `{}` in line 3"
    for after, before, is_right in (
        ("y ** 2", "y", True),
        ("1 - y * y", "1 - y", True),
        ("y * 0.7", "y", False),  # another edit
        ("y ** 2", "z", False),  # of what is not there
        ("(:, 1)", "y", False),  # of what nobody can write
    ):
        assert is_repaired(case, wrong, said.format(after, before), "x") is is_right
    assert is_repaired(case, wrong, "a term is missing", "x") is None
