"""The kinds of wrong and right gradients that public reports tell of, each with its right verdict.

The numbers C1 to C22 are those of the list of reports from which they come.
"""

import numpy as np
import public_cases as cases
import pytest

from minidl.gradcheck.report.report import GradientError

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere


def resolutions(report):
    """Return the resolutions of the checks that compare derivatives."""
    return [check.resolution for check in report.checks if check.term != "protocol"]


def names(report):
    """Return the parameters that failed."""
    return {check.parameter for check in report.failures}


# What a gradient depends on.


def test_c1_a_gradient_that_piles_up_fails_by_that_name():
    report = cases.piles_up()
    assert report.failures
    assert "piles up" in str(report)


def test_c9_a_gradient_that_ignores_its_argument_fails():
    report = cases.ignores_its_argument()
    assert report.failures
    assert "second point" in str(report) or "another point" in str(report)


def test_c9_a_gradient_that_moves_its_argument_fails_and_the_array_is_named():
    report = cases.moves_its_argument()
    assert report.failures
    assert "W" in " ".join(check.parameter + check.diagnosis for check in report.failures)


def test_c21_a_gradient_with_noise_is_said_to_be_random():
    report = cases.noisy_backward()
    assert report.failures
    assert "random" in str(report)
    assert "stale" not in str(report)
    assert "float32" not in str(report)


# Precision.


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("result", [float, np.float32])
def test_c2_and_c3_a_right_function_in_float32_passes_and_tells_its_resolution(seed, result):
    report = cases.single_inside(seed, result=result)
    assert report.ok
    assert max(resolutions(report)) < 1e-4
    assert "kink" not in str(report)
    assert "float32" in " ".join(report.notes)


def test_c3_a_factor_in_float32_is_found():
    for seed in range(6):
        assert cases.single_inside(seed, 1.01, np.float32).failures
        report = cases.single_inside(seed, 1.001, np.float32)
        assert report.failures or max(resolutions(report)) >= 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_c4_a_gradient_rounded_to_bfloat16_does_not_fail_and_factors_are_found(seed):
    right = cases.bfloat16_gradient(seed)
    assert not right.failures
    assert right.ok or max(resolutions(right)) > 1e-3
    assert cases.bfloat16_gradient(seed, 1.05).failures
    assert not cases.bfloat16_gradient(seed, 1.02).ok


# Sizes and ties.


def test_c5_a_small_array_beside_a_large_one_is_not_hidden():
    assert names(cases.small_beside_large()) == {"b"}
    assert cases.small_beside_large(sign=1).ok


def test_c6_what_shows_nothing_is_not_ok():
    report = cases.huge()
    assert not report.ok
    with pytest.raises(GradientError):
        report.raise_if_failed()
    assert not cases.huge(factor=2).failures


def test_c7_the_sum_of_two_subgradients_is_none():
    report = cases.maximum_at_a_tie([1, 1, 0])
    assert not report.ok
    assert "kink" in str(report)
    assert "rounding" not in str(report)


@pytest.mark.parametrize("gradient", [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]])
def test_c7_a_subgradient_at_a_tie_does_not_fail(gradient):
    assert not cases.maximum_at_a_tie(gradient).failures


SMALL, LARGE = (1, 4, 4, 2), (2, 32, 32, 8)


@pytest.mark.parametrize("shape", [SMALL, LARGE])
def test_c8_ties_that_share_a_gradient_do_not_fail(shape):
    assert not cases.pooling(shape, share=True).failures


@pytest.mark.parametrize("shape", [SMALL, LARGE])
def test_c8_ties_that_each_take_the_whole_gradient_are_not_ok(shape):
    report = cases.pooling(shape, share=False)
    assert not report.ok
    for check in report.failures:
        assert check.difference > 1e-6
        assert not check.error_summary.startswith("0 of")


# Names.


@pytest.fixture(scope="module")
def course():
    return cases.CourseNet()


def test_the_network_of_the_course_is_right(course):
    assert course.check().ok


@pytest.mark.parametrize(
    "mistake", [{"decay": 0.0}, {"decay": 0.5}, {"decay": 2.0}, {"decay_of_biases": 1.0}]
)
def test_c11_weight_decay_that_is_forgotten_halved_doubled_or_put_on_biases_is_named(
    course, mistake
):
    report = course.check(**mistake)
    kind = "b" if "decay_of_biases" in mistake else "W"
    assert names(report) == {f"{kind}{i}" for i in (1, 2, 3)}
    for check in report.failures:
        assert "unknown" not in check.diagnosis
        assert check.parameter in check.diagnosis


def test_c12_the_guilty_array_is_the_latest_that_is_wrong(course):
    report = course.check(mask=False)
    assert names(report) == {"W1", "b1", "W2", "b2"}
    assert report.guilty.parameter in ("W2", "b2")
    assert "scaled along the wrong axis" not in str(report)


def test_c13_one_element_that_is_too_small_was_not_clipped():
    (check,) = cases.one_element_of_three().failures
    assert "clip" not in check.diagnosis


def test_c14_exchanged_gradients_are_named():
    report = cases.exchanged()
    diagnoses = {check.parameter: check.diagnosis for check in report.failures}
    assert "W2" in diagnoses["W1"]
    assert "W1" in diagnoses["W2"]


# Any size.

WORDS = {"factor": "2", "sign": "sign", "zero row": "row 0", "transposed": "transposed"}


@pytest.mark.parametrize("mistake", list(WORDS))
@pytest.mark.parametrize(
    "shape",
    [(9, 9), (80, 100)],
)
def test_c15_diagnosis_and_error_summary_do_not_depend_on_the_size(mistake, shape):
    if mistake == "transposed":
        shape = (max(shape),) * 2
    (check,) = cases.planted(mistake, shape).failures
    assert WORDS[mistake] in check.diagnosis
    assert "wrong" in check.error_summary


def test_c20_the_calls_do_not_jump_at_some_size():
    few, report = cases.calls_for(5_000)
    more, other = cases.calls_for(5_001)
    assert report.ok
    assert other.ok
    assert max(few, more) < 1.5 * min(few, more)


def test_c20_a_slow_convolution_is_checked_within_a_budget_that_one_may_set():
    calls, report = cases.naive_convolution(budget=1_000)
    assert report.ok
    assert calls < 2_000
    assert names(cases.naive_convolution(factor=1.5, budget=1_000)[1]) == {"w"}
