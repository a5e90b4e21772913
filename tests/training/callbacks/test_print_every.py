import io
import re
import sys

import pytest
from callback_training import X, Y, fit
from helpers import classifier

from minidl import Adam, ArgumentError, Checkpoint, PrintEvery


def test_each_line_has_the_cost_before_the_first_step_of_the_next_epoch(capsys):
    history = fit(classifier(), PrintEvery(2), epochs=5)
    assert capsys.readouterr().out.splitlines() == [
        f"Cost after epoch {epoch}: {history.loss[epoch]:.6f}" for epoch in (0, 2, 4)
    ]


def test_a_stream_of_your_own(capsys):
    file = io.StringIO()
    fit(classifier(), PrintEvery(3, file=file), epochs=4)
    assert re.findall(r"epoch (\d+)", file.getvalue()) == ["0", "3"]
    assert capsys.readouterr().out == ""


def test_a_progress_bar_leaves_the_line(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    classifier().fit(X, Y, optimizer=Adam(), epochs=2, callbacks=[PrintEvery(1)])
    lines = re.findall(r"(.*)(Cost after epoch \d: \S+)\n", screen.getvalue())
    assert len(lines) == 2
    assert all(bar.rpartition("\r")[2] == "" for bar, _ in lines)
    assert re.search("loss.*\r +\r$", lines[0][0])  # what was there is overwritten


def test_a_resumed_training_prints_the_rest(tmp_path, capsys):
    path = tmp_path / "run.h5"
    fit(classifier(), Checkpoint(path), epochs=3)
    fit(classifier(), PrintEvery(2), epochs=6, resume=path)
    assert re.findall(r"epoch (\d+)", capsys.readouterr().out) == ["4"]


def test_a_stream_that_fails_ends_nothing():
    class FullDisk(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    assert fit(classifier(), PrintEvery(1, file=FullDisk()), epochs=2).epochs == 2


@pytest.mark.parametrize("every", [0, 1.5, "100", True, None])
def test_the_number_of_epochs_is_checked(every):
    with pytest.raises(ArgumentError, match=r"every must be an integer >= 1, got .* in PrintEvery"):
        PrintEvery(every)


def test_a_path_is_no_stream():
    with pytest.raises(
        ArgumentError, match=r"file must be an open text stream, got 'log\.txt' in PrintEvery: pass"
    ):
        PrintEvery(file="log.txt")


def test_repr():
    assert repr(PrintEvery(1000)) == "PrintEvery(1000)"
    assert "file=<" in repr(PrintEvery(file=sys.stderr))
