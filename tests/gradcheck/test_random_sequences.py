"""Correct models of sequences pass, and one planted bug in each of them is found.

MINIDL_FALSE_ALARMS=1000 runs more, MINIDL_FALSE_ALARMS_FROM=5000 others.
"""

import os

import numpy as np
import pytest
from random_bugs import random_bug
from random_sequences import random_sequences
from test_false_alarms import check

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

COUNT = int(os.environ.get("MINIDL_FALSE_ALARMS", "8"))
FIRST = int(os.environ.get("MINIDL_FALSE_ALARMS_FROM", "0"))


@pytest.mark.parametrize("start", range(FIRST, FIRST + COUNT, 4))
def test_correct_models_of_sequences_pass_and_one_planted_bug_fails(start):
    for seed in range(start, min(start + 4, FIRST + COUNT)):
        case = random_sequences(seed)
        report = check(case)
        assert not report.failures, f"{case}\n{report}"
        with random_bug(case.model, np.random.default_rng([seed, 1])) as bug:
            wrong = check(case)
        assert wrong.failures or not bug.changed, f"{bug} is not found:\n{case}\n{wrong}"
