"""The bar on terminals of all widths, in pipes, notebooks, nested and in threads."""

import io
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from callback_training import X, Y, fit
from helpers import classifier
from terminals import terminal
from tqdm import tqdm

from minidl import Adam, Callback, Checkpoint, ProgressBar
from minidl.metrics.table import METRICS

LONG = ["100/100", "loss", "val_loss", "accuracy"]
EXPECTED = {
    20: ["100/100", "loss"],
    40: ["1000/1000", "loss", "val", "acc", "00:00"],
    60: [*LONG, "00:00"],
    80: [*LONG, "00:00"],
    120: [*LONG, "val"],
}


def train(epochs=3, **arguments):
    return classifier().fit(
        *(X, Y), optimizer=Adam(), epochs=epochs, batch_size=4, validation=(X, Y), **arguments
    )


@pytest.mark.parametrize("columns", EXPECTED)
def test_the_bar_fits_and_has_all_in_its_order(columns, monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 7.0)  # no second passes
    with terminal(columns) as screen:
        train(1000 if columns == 40 else 100)
    assert max(map(len, screen.states)) <= columns
    last = screen.states[-1]
    shown = re.findall(r"\d+/\d+|loss|val_loss|val|accuracy|acc|\d\d:\d\d", last)
    assert shown[:5] == EXPECTED[columns]
    assert screen.text.count("\n") == 1, "one bar over all epochs"
    assert ("█|" in last) == (columns >= 60)
    assert ("val_accuracy" in last) == (columns == 120)


def test_a_terminal_that_does_not_know_its_width_has_80_columns():
    with terminal(0) as screen:
        train()
    assert {len(state) for state in screen.states} == {80}


def test_a_narrower_window_gets_a_narrower_bar(monkeypatch):
    widths = iter([100] * 3 + [50] * 100)
    monkeypatch.setattr(
        "minidl.training.callbacks.progress_bar._columns", lambda stream: next(widths)
    )
    monkeypatch.setattr("minidl.training.callbacks.progress_bar._SECONDS_BETWEEN_UPDATES", 0)
    with terminal(100) as screen:
        train()
    lengths = [len(state.rstrip()) for state in screen.states]
    assert lengths[0] == 100
    assert lengths[-1] <= 50


def test_a_pipe_gets_ten_lines(capsys):
    train(epochs=250)
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert "\r" not in shown.err
    assert "\x1b" not in shown.err
    assert [int(line.split()[1].split("/")[0]) for line in lines] == list(range(25, 251, 25))
    number = r"\d+\.\d{4}"
    pattern = (
        rf"epoch [ \d]{{3}}/250, loss {number}, val_loss {number}, accuracy {number}, val_accu"
    )
    assert all(re.match(pattern, line) for line in lines)
    assert [(" left, " in line, ", in 00:" in line) for line in lines] == [(True, False)] * 9 + [
        (False, True)
    ]


def test_in_a_pipe_each_of_few_epochs_has_a_line(capsys):
    train(epochs=3)
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "epoch 1/3",
        "epoch 2/3",
        "epoch 3/3",
    ]


def test_a_dumb_terminal_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    with terminal(80) as screen:
        train()
    assert len(screen.states) == 3
    assert "|" not in screen.text


def test_a_notebook_gets_a_bar(monkeypatch):
    class Output(io.StringIO):
        """The stream of a notebook: no terminal, but a line can be drawn again."""

    Output.__module__ = "ipykernel.iostream"
    monkeypatch.setattr(sys, "stderr", Output())
    train()
    assert "epoch 3/3, loss " in sys.stderr.getvalue().rpartition("\r")[2]


@pytest.mark.parametrize("columns", [40, 120])
def test_bars_within_a_bar(columns):
    with terminal(columns) as screen:
        for _ in tqdm(range(2), desc="networks", file=sys.stderr, dynamic_ncols=True):
            train()
    assert max(map(len, screen.states)) <= columns
    assert any(state.startswith("networks: 100%") for state in screen.states)
    assert sum("3/3" in state for state in screen.states) >= 2


def test_bars_of_two_threads():
    with terminal(60) as screen, ThreadPoolExecutor(2) as pool:
        histories = list(pool.map(lambda _: train(epochs=40), range(2)))
    assert [history.epochs for history in histories] == [40, 40]
    assert max(map(len, screen.states)) <= 60
    assert sum(state.startswith(("epoch 40/40, ", "40/40 ")) for state in screen.states) >= 2


def test_in_the_first_epoch_the_loss_of_the_batch_is_shown(capsys):
    class Interrupts(Callback):
        def on_gradient(self, run):
            self.loss = float(run.loss)
            if run.batch == 2:
                raise KeyboardInterrupt

    watch = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        classifier().fit(X, Y, optimizer=Adam(), epochs=1, batch_size=4, callbacks=[watch])
    assert f"epoch 1/1, loss {watch.loss:.4f}, in 00:0" in capsys.readouterr().err


def test_a_training_that_fails_at_once_shows_nothing(capsys):
    class Fails(Callback):
        def on_train_begin(self, run):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(classifier(), ProgressBar(), Fails())
    assert capsys.readouterr().err == ""


def test_without_progress_nothing_is_shown(capsys):
    fit(classifier())
    assert capsys.readouterr() == ("", "")


def test_an_interruption_closes_the_bar():
    class Interrupts(Callback):
        ended = False

        def on_epoch_end(self, run):
            if run.epoch == 2:
                raise KeyboardInterrupt

        def on_train_end(self, run):
            self.ended = True

    watch, bar = Interrupts(), ProgressBar()
    with terminal(80) as screen, pytest.raises(KeyboardInterrupt):
        fit(classifier(), watch, bar, epochs=3)
    assert watch.ended
    assert bar._bar.disable  # closed
    assert screen.text.endswith("\n")
    assert "epoch 2/3" in screen.states[-1]


def test_a_resumed_training_begins_where_it_was(tmp_path, capsys):
    path = tmp_path / "run.h5"
    fit(classifier(), Checkpoint(path), epochs=6)
    fit(classifier(), ProgressBar(), epochs=9, resume=path)
    shown = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in shown] == ["epoch 7/9", "epoch 8/9", "epoch 9/9"]
    fit(classifier(), ProgressBar(), Checkpoint(path), epochs=6, resume=path)
    assert capsys.readouterr().err.startswith("epoch 6/6, loss ")


def test_a_name_with_braces_is_shown():
    class Own(METRICS["recall"]):
        name = "{bar}"

    with terminal(120) as screen:
        train(metrics=[Own()])
    assert "val_{bar} 0." in screen.states[-1]


def test_a_bar_that_nobody_can_see_does_not_end_a_training(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Gone())
    history = classifier().fit(X, Y, optimizer=Adam(), epochs=3, batch_size=4)
    assert history.epochs == 3
