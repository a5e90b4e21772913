"""The warning that a schedule has ended before the training begins."""

import numpy as np
import pytest
from resuming import fit, network

from minidl import Adam, Checkpoint, Cosine, ExponentialDecay, OptimizerWarning, WarmUp

STEPS = 30  # of the six epochs of `fit`


@pytest.mark.parametrize(
    "schedule", [Cosine(0.05, decay_steps=STEPS), WarmUp(3, Cosine(0.05, decay_steps=9))]
)
def test_a_second_fit_after_the_end_warns_with_the_cure(schedule):
    model, optimizer = network(), Adam(schedule)
    fit(model, optimizer=optimizer)
    theta = model.parameters.theta.copy()
    with pytest.warns(OptimizerWarning, match=r"is 0 from step 30 on.*optimizer\.learning_rate"):
        fit(model, optimizer=optimizer)
    np.testing.assert_array_equal(model.parameters.theta, theta)
    optimizer.learning_rate = 0.01
    fit(model, optimizer=optimizer)
    assert (model.parameters.theta != theta).any()


@pytest.mark.parametrize(
    "schedule",
    [
        Cosine(0.05, decay_steps=STEPS, final_learning_rate=0.01),
        Cosine(0.05, decay_steps=STEPS + 2),
        ExponentialDecay(0.05, decay_steps=4, factor=0.5),
    ],
)
def test_a_schedule_that_goes_on_does_not_warn(schedule):
    model, optimizer = network(), Adam(schedule)
    fit(model, optimizer=optimizer)
    fit(model, optimizer=optimizer)


def test_the_first_training_does_not_warn_where_its_schedule_ends_early():
    fit(network(), optimizer=Adam(Cosine(0.05, decay_steps=2)))


def test_a_new_model_gets_the_other_warning_alone():
    optimizer = Adam(Cosine(0.05, decay_steps=STEPS))
    fit(network(), optimizer=optimizer)
    with pytest.warns(OptimizerWarning, match="starts anew") as caught:
        fit(network(), optimizer=optimizer)
    assert len(caught) == 1


def test_a_finished_training_that_resumes_with_more_epochs_warns(tmp_path):
    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path), optimizer=Adam(Cosine(0.05, decay_steps=STEPS)))
    fit(network(), optimizer=Adam(Cosine(0.05, decay_steps=STEPS)), resume=path)
    with pytest.warns(OptimizerWarning, match="is 0 from step 30 on"):
        fit(network(), optimizer=Adam(Cosine(0.05, decay_steps=STEPS)), resume=path, epochs=7)
