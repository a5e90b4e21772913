"""Correct models of pictures and sequences pass, and one planted bug in each of them is found.

MINIDL_FALSE_ALARMS=1000 runs more, MINIDL_FALSE_ALARMS_FROM=5000 others.
"""

import os

import numpy as np
import pytest
from random_bugs import random_bug
from random_pictures import random_picture_net
from random_sequences import random_sequences
from test_false_alarms import check

import minidl.layers
import minidl.losses

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

COUNT = int(os.environ.get("MINIDL_FALSE_ALARMS", "4"))
FIRST = int(os.environ.get("MINIDL_FALSE_ALARMS_FROM", "0"))
BASES = {"Activation", "Layer", "Loss"}


@pytest.mark.parametrize("start", range(FIRST, FIRST + COUNT, 4))
@pytest.mark.parametrize("draw", [random_sequences, random_picture_net])
def test_correct_models_pass_and_one_planted_bug_fails(draw, start):
    for seed in range(start, min(start + 4, FIRST + COUNT)):
        case = draw(seed)
        report = check(case)
        if report is None:  # its objective is not finite
            continue
        assert not report.failures, f"{case}\n{report}"
        with random_bug(case.model, np.random.default_rng([seed, 1])) as bug:
            wrong = check(case)
        assert wrong.failures or not bug.changed, f"{bug} is not found:\n{case}\n{wrong}"


def test_all_layers_and_losses_are_drawn():
    models = [random_picture_net(seed).model for seed in range(200)]
    layers = {type(each) for model in models for layer in model.layers for each in layer.modules()}
    losses = {type(model.loss) for model in models}
    for package, drawn in ((minidl.layers, layers), (minidl.losses, losses)):
        public = {name for name in package.__all__ if name[0].isupper()} - BASES
        assert public <= {each.__name__ for each in drawn if each.__module__.startswith("minidl.")}
