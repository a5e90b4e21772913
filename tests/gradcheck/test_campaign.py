"""A sample of the campaign: right functions and models never fail, a planted bug is never ok.

MINIDL_CAMPAIGN=300 runs more of each precision; the script `campaign` all of them.
"""

import os

import numpy as np
import pytest
from campaign import WRONG, campaign, check_seed, is_right_at_kinks, options
from checked_models import RandomModel
from function_bugs import LEAST, plant
from model_bugs import CERTAIN, planted
from random_functions import RandomFunction
from repeated_checks import repeated
from rounding_tape import ROUND, UNIT, to_bfloat16

from minidl import check_gradients

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

COUNT = int(os.environ.get("MINIDL_CAMPAIGN", "0"))
MODELS = {"float64": range(10, 13), "float32": range(14, 17)}
COUNTS = {"float64": 8, "float32": 2, "bfloat16": 1, "float16": 1}


@pytest.mark.parametrize("precision", list(COUNTS))
def test_no_verdict_on_a_random_function_is_wrong(precision):
    seeds = range(COUNT or COUNTS[precision])
    outcomes, _, _, wrong = campaign(("right", "buggy"), precision, seeds, jobs=1)
    told = "\n".join(f"{outcome}: {text}" for outcome, _, text in wrong if outcome in WRONG)
    assert not told
    assert outcomes["right ok"] or precision != "float64"
    assert outcomes["buggy failed"]


@pytest.mark.parametrize("dtype", list(MODELS))
def test_no_verdict_on_a_random_model_is_wrong(dtype):
    seeds = range(COUNT) if COUNT else MODELS[dtype]
    outcomes, _, _, wrong = campaign(("right", "buggy"), dtype, seeds, jobs=1, what="models")
    told = "\n".join(f"{outcome}: {text}" for outcome, _, text in wrong)
    assert not told
    assert outcomes["right ok"]
    assert outcomes["buggy failed"]


@pytest.mark.parametrize(
    ("what", "precision", "seed"),
    [("models", "float64", 2), ("models", "float32", 7), ("functions", "float64", 2)],
)
def test_a_check_gives_the_same_report_again_and_beside_another(what, precision, seed):
    outcome, _, differing = repeated(what, seed, precision)
    assert outcome in ("repeat ok", "repeat failed"), differing


@pytest.mark.parametrize("seed", range(6))
def test_a_bug_is_planted_in_a_model_for_its_context_alone(seed):
    subject = RandomModel(seed)
    right = subject.gradients()
    before = [dict(vars(m)).keys() for layer in subject.model.layers for m in layer.modules()]
    with planted(subject) as bug:
        subject.try_out()
        assert max(bug.sizes) >= CERTAIN
    after = [dict(vars(m)).keys() for layer in subject.model.layers for m in layer.modules()]
    assert after == before
    for name, gradient in subject.gradients().items():
        np.testing.assert_array_equal(gradient, right[name])


def test_small_kinks_do_not_make_the_complex_step_unusable():
    function = RandomFunction(1132, exact_kinks=True)
    report = check_gradients(function.cost, function.gradients, function.parameters)
    assert report.ok
    assert report.method == "complex step"


@pytest.mark.parametrize(
    ("seed", "precision"),
    [
        (4151, "float64"),  # rounded 1 - tanh(z)**2, a factor of all elements
        (41085, "float64"),  # sin of large numbers, at the second point
        (50027, "float32"),  # a staircase of rounding inside
        (50108, "float32"),  # a spike at the point
        (50893, "float32"),  # steps of tanh between the points of a line
        (600184, "float32"),  # a spike of the gradient at a zero
        (420046, "float32"),  # a softmax of large numbers, which jumps
        (410240, "float64"),  # a kink beside numbers that are larger than the cost
        (51187, "float32"),  # values of one window share their rounding
        (110144, "float64"),  # x * abs(x) at 0
        (150221, "float64"),  # slight kinks near the point, beside curvature
        (150436, "float64"),  # one order of many ties
        (610020, "float64"),  # ... of differences
        (610250, "float64"),  # rounding of which one line shows little
        (140086, "float32"),  # rounding inside that is the same at all points
        (100037, "bfloat16"),  # -4, which shows no format
        (120006, "bfloat16"),  # nothing but rounding, in powers of two
        (130083, "float32"),  # a cost that stays the same at the second point
    ],
)
def test_a_right_gradient_that_once_failed_does_not(seed, precision):
    function = RandomFunction(seed, precision, exact_kinks=seed % 4 == 0)
    report = check_gradients(
        function.cost, function.gradients, function.parameters, **options(function)
    )
    assert not report.failures


@pytest.mark.parametrize(
    ("seed", "dtype"),
    [
        (3026, "float64"),  # rounding of a softmax that saturates
        (3056, "float64"),
        (6002, "float32"),
        (5685, "float64"),  # x * (1 + tanh(x)) near 0 has the rounding of 1
        (6636, "float32"),  # ties, in a probe of the whole model
        (6532, "float32"),  # ties, by central differences
    ],
)
def test_a_right_model_that_once_failed_does_not(seed, dtype):
    assert not RandomModel(seed, dtype).check().failures


def test_a_wrong_gradient_that_once_was_ok_is_not():
    """The steep slope of one small element is missing."""
    function = RandomFunction(120231, "float32")
    bug = plant(function)
    assert check_gradients(function.cost, bug.gradients, function.parameters).failures


@pytest.mark.parametrize("seed", range(20))
def test_the_gradient_of_a_random_function_is_right(seed):
    function = RandomFunction(seed)
    exact = function.cost(function.parameters)
    rng = np.random.default_rng(seed)
    gradients = function.gradients(function.parameters)
    if not isinstance(function.parameters, dict):
        gradients = {"a": gradients}
    for name, array in function.arrays.items():
        direction = rng.standard_normal(array.shape) * np.sqrt((array**2).mean())
        slopes = []
        for h in (1e-5, 1e-6, 1e-7):
            moved = [
                function.cost(
                    {**function.arrays, name: array + side * h * direction}
                    if isinstance(function.parameters, dict)
                    else array + side * h * direction
                )
                for side in (1, -1)
            ]
            slopes.append((moved[0] - moved[1]) / (2 * h))
        expected = (gradients[name] * direction).sum()
        terms = np.linalg.norm(gradients[name] * direction)
        gaps = np.abs(np.array(slopes) - expected)
        assert min(gaps) < 1e-4 * terms + 1e-7 * abs(exact)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_every_operation_is_rounded(precision):
    function = RandomFunction(2, precision)
    for gradient in _arrays(function.gradients(function.parameters)):
        assert np.array_equal(ROUND[precision](gradient).astype(float), gradient)
    cost, reference = function.cost(function.parameters), function.reference(function.parameters)
    assert cost != reference
    assert abs(cost - reference) < 100 * UNIT[precision] * max(abs(reference), function.largest)


@pytest.mark.parametrize("precision", list(LEAST))
@pytest.mark.parametrize("seed", range(8))
def test_a_planted_bug_has_the_size_that_it_tells(seed, precision):
    function = RandomFunction(seed, precision)
    bug = plant(function)
    assert bug is None or max(bug.sizes.values()) >= 0.99 * LEAST[precision]


def test_bfloat16_has_eight_bits_and_rounds_to_even():
    numbers = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 3.14159, -1e-30, 0.0])
    expected = [1.0, 1.0, 1 + 2**-6, 3.140625]
    assert to_bfloat16(numbers)[:4].tolist() == expected


def _arrays(gradients):
    return gradients.values() if isinstance(gradients, dict) else [gradients]


def test_a_layer_that_rounds_more_does_not_fail_by_central_differences():
    outcome, _, told = check_seed("models", "right", 420005, "float64")
    assert outcome == "right ok", told


def test_a_mistake_of_one_percent_is_not_ok_where_terms_of_float32_cancel():
    outcome, _, told = check_seed("functions", "buggy", 420139, "float32")
    assert outcome != "buggy ok", told


@pytest.mark.parametrize(("seed", "expected"), [(740040, False), (4, True), (8, True)])
def test_reverse_mode_may_be_wrong_where_kinks_meet(seed, expected):
    """In 740040 the leaky ReLU and the absolute value of a number meet at zero."""
    assert is_right_at_kinks(RandomFunction(seed, exact_kinks=True)) is expected


def test_a_bug_that_shows_in_another_mode_alone_is_inert():
    """The gradient of the size of noise is 0 in evaluation, also with a factor of noise."""
    outcome, _, told = check_seed("models", "buggy", 771249, "float64")
    assert outcome == "buggy inert", told
