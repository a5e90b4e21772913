import io
import sys

import pytest
from callback_training import X, Y, fit
from helpers import classifier

from minidl import Adam, Callback, ProgressBar


def test_the_bar_shows_losses_on_stderr(capsys):
    classifier().fit(X, Y, optimizer=Adam(), epochs=3, batch_size=4, validation=(X, Y))
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.rstrip().rpartition("\r")[2]
    assert "epoch 3/3" in last
    assert "9/9" in last
    assert ", loss 0." in last
    assert ", val_loss 0." in last


def test_in_the_first_epoch_the_bar_shows_the_loss_of_the_batch(capsys):
    class Interrupts(Callback):
        def on_gradient(self, run):
            self.loss = float(run.loss)
            if run.batch == 2:
                raise KeyboardInterrupt

    watch = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        classifier().fit(X, Y, optimizer=Adam(), epochs=1, batch_size=4, callbacks=[watch])
    shown = capsys.readouterr().err
    assert " 1/3 " in shown
    assert f"loss {watch.loss:.4f}]" in shown


def test_without_progress_nothing_is_shown(capsys):
    fit(classifier())
    assert capsys.readouterr() == ("", "")


def test_an_interruption_closes_the_bar(capsys):
    class Interrupts(Callback):
        ended = False

        def on_epoch_end(self, run):
            if run.epoch == 2:
                raise KeyboardInterrupt

        def on_train_end(self, run):
            self.ended = True

    watch, bar = Interrupts(), ProgressBar()
    with pytest.raises(KeyboardInterrupt):
        fit(classifier(), watch, bar, epochs=3)
    assert watch.ended
    assert bar._bar.disable  # closed
    shown = capsys.readouterr().err
    assert shown.endswith("\n")
    assert "epoch 2/3" in shown.rpartition("\r")[2]


def test_a_bar_that_nobody_can_see_does_not_end_a_training(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stderr", Gone())
    history = classifier().fit(X, Y, optimizer=Adam(), epochs=3, batch_size=4)
    assert history.epochs == 3
