"""The training of a tab, in its thread."""

import threading

import numpy as np
import pytest

from minidl import MinidlError
from minidl.play.session import TrainingSession
from minidl.play.settings import Settings

from .conftest import BATCHES


@pytest.fixture
def new_session(moons):
    return lambda **settings: TrainingSession(moons, Settings(**settings), None)


def test_it_is_the_training_of_fit(new_session, moons, train):
    progress = train(new_session(), 2 * BATCHES)
    settings = Settings()
    model = settings.model(moons)
    history = model.fit(
        *moons.train,
        optimizer=settings.new_optimizer(),
        epochs=2,
        batch_size=settings.batch_size,
        validation=moons.validation,
        progress=False,
    )
    assert (progress.epoch, progress.batch, progress.batches) == (2, BATCHES, BATCHES)
    assert progress.epochs == 2
    assert list(progress.loss) == history.loss
    assert list(progress.val_loss) == history["val_loss"]
    assert np.array_equal(progress.theta, model.parameters.theta)


def test_before_the_first_batch_there_is_the_untrained_network(new_session, moons):
    session = new_session()
    assert session.progress.batch == 0
    assert not session.is_running
    assert np.array_equal(session.progress.theta, Settings().model(moons).parameters.theta)
    session.close()


def test_within_an_epoch_there_are_the_loss_of_the_batch_and_new_parameters(new_session, train):
    session = new_session()
    before = session.progress.theta
    progress = train(session, 3)
    assert (progress.epoch, progress.batch) == (1, 3)
    assert 0 < progress.batch_loss < 2
    assert progress.epochs == 0
    assert not np.array_equal(progress.theta, before)


def test_it_runs_until_it_is_closed_and_leaves_no_thread(new_session):
    session = new_session()
    threads = threading.active_count()
    session.start()
    assert session.is_running
    session.set_speed(1e9)
    session.pause()
    session.start()
    session.close()
    assert threading.active_count() == threads
    assert session.problem == ""
    assert not session.is_running


def test_a_training_that_diverges_says_why(new_session, train):
    session = new_session(
        optimizer="gd",
        activation="relu",
        learning_rate=3e30,
        broken=0,
        mistake="weight: a factor 2",
    )
    train(session, 3 * BATCHES)
    assert "finite" in session.problem
    assert not session.is_running


def test_the_twin_has_the_parameters_and_the_mistake(new_session, train):
    session = new_session(broken=1, mistake="input: wrong sign")
    progress = train(session, 2)
    twin = session.twin()
    assert np.array_equal(twin.parameters.theta, progress.theta)
    assert twin.layers[1].mistake.words == "wrong sign"


@pytest.mark.parametrize(
    ("mistake", "status"), [("", "ok"), ("weight: only the last example", "failed")]
)
def test_the_check_is_of_the_network_as_it_is(new_session, train, mistake, status):
    session = new_session(widths=(3,), broken=0, mistake=mistake)
    train(session, 2)
    report = session.check()
    assert report.status == status
    if mistake:
        assert report.guilty.location == "layer 0 Linear(2, 3) weight"
        assert "only the last example" in report.guilty.diagnosis


def test_a_network_that_is_not_finite_cannot_be_checked(new_session):
    session = new_session(widths=(3,))
    session.progress = session.progress._replace(theta=session.progress.theta * np.nan)
    with pytest.raises(MinidlError, match="finite"):
        session.check()
    session.close()
