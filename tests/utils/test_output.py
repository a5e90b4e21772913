"""Streams that cannot show a text, or take none."""

import io
import os
import sys

import pytest

from minidl import Adam
from minidl.utils.output import LenientStream, encodable, is_terminal


class Full(io.StringIO):
    """A stream on a full disk."""

    attempts = 0

    def write(self, text):
        self.attempts += 1
        raise OSError(28, "No space left on device")

    flush = write


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("stream", "expected"), [(None, False), (io.StringIO(), False), (closed(), False)]
)
def test_what_is_no_terminal(stream, expected):
    assert is_terminal(stream) is expected
    assert LenientStream(stream).isatty() is expected


def test_a_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert is_terminal(stream)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", r"\xf6\u65e5"), ("latin-1", r"ö\u65e5"), ("utf-8", "ö日"), ("cp437", r"ö\u65e5")],
)
def test_what_the_encoding_does_not_have_is_replaced(encoding, shown):
    memory = io.BytesIO()
    text = io.TextIOWrapper(memory, encoding, write_through=True)
    assert encodable("ö日", text) == shown
    stream = LenientStream(text)
    assert stream.encoding == encoding
    assert stream.write("ö日") == 2
    assert memory.getvalue() == shown.encode(encoding)
    assert encodable("\udcff", text) == r"\udcff"


def test_after_an_error_nothing_more_is_written():
    full = Full()
    stream = LenientStream(full)
    assert stream.write("a") == 1
    stream.write("b")
    stream.flush()
    assert stream.error.errno == 28
    assert full.attempts == 1


@pytest.mark.parametrize("stream", [None, closed()])
def test_a_closed_stream_takes_nothing_which_is_no_error(stream):
    lenient = LenientStream(stream)
    assert lenient.write("a") == 1
    lenient.flush()
    assert lenient.error is None
    assert lenient.encoding == "utf-8"
    assert not lenient.isatty()
    with pytest.raises(io.UnsupportedOperation, match="the stream has no open file"):
        lenient.fileno()  # argparse asks for it, and takes no other error


def test_a_stream_of_a_host_may_only_take_text():
    class Window:
        def write(self, text):
            self.shown = text

    window = Window()
    lenient = LenientStream(window)
    assert (lenient.write("a"), window.shown, lenient.isatty()) == (1, "a", False)
    with pytest.raises(io.UnsupportedOperation, match="the stream has no open file"):
        lenient.fileno()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
def test_what_could_not_be_written_is_not_tried_again_at_the_end():
    with open("/dev/full", "w", encoding="utf-8") as full:
        stream = LenientStream(full)
        stream.write("a")
        stream.flush()
        assert stream.error.errno == 28
        handle = full.fileno()
    # Closing it raised nothing, and it was its own file again before.
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(handle)


@pytest.mark.parametrize("stream", [None, Full(), closed()])
def test_a_progress_bar_that_cannot_be_shown_ends_no_training(monkeypatch, stream):
    from callback_training import X, Y
    from helpers import classifier

    monkeypatch.setattr(sys, "stderr", stream)
    history = classifier().fit(X, Y, optimizer=Adam(), epochs=3, progress=True)
    assert history.epochs == 3
