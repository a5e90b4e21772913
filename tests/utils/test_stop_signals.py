"""The first signal is noted, the second acts as before, and every handler is as it was."""

import os
import signal
import threading
from contextlib import suppress

import pytest

from minidl.utils.stop_signals import StopSignals

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def handlers():
    previous = [signal.getsignal(number) for number in SIGNALS]
    yield previous
    for number, handler in zip(SIGNALS, previous, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_signal_acts_as_before(number, handlers):
    calls = []
    signal.signal(number, lambda number, frame: calls.append(number))
    handler = signal.getsignal(number)
    with StopSignals() as signals:
        assert signals.received is None
        signal.raise_signal(number)
        assert signals.received is number
        assert not calls
        assert signal.getsignal(number) is handler
        signal.raise_signal(number)
        assert calls == [number]
    assert signal.getsignal(number) is handler


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL, print], ids=repr)
def test_handlers_are_as_they_were_also_after_an_error(number, handler):
    signal.signal(number, handler)
    with suppress(RuntimeError), StopSignals():
        assert (signal.getsignal(number) is handler) == (handler is signal.SIG_IGN)
        raise RuntimeError
    assert signal.getsignal(number) is handler


def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.received is None
        signal.raise_signal(signal.SIGTERM)
        assert signals.received is signal.SIGTERM


def test_a_handler_that_another_installs_meanwhile_is_left():
    with StopSignals():
        signal.signal(signal.SIGTERM, print)
    assert signal.getsignal(signal.SIGTERM) is print


def test_one_within_another_lets_both_note_the_first_signal(handlers):
    with StopSignals() as outer, StopSignals() as inner:
        signal.raise_signal(signal.SIGTERM)
        assert (outer.received, inner.received) == (signal.SIGTERM, signal.SIGTERM)
        assert [signal.getsignal(number) for number in SIGNALS] == handlers


def test_in_another_thread_nothing_is_noted(handlers):
    seen = []

    def use():
        with StopSignals():
            seen.extend(signal.getsignal(number) for number in SIGNALS)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == handlers


def test_a_handler_that_python_does_not_know_is_left(monkeypatch):
    """That of a program in C which Python is part of: it could not be installed again."""
    installed = []
    real_get, real_set = signal.getsignal, signal.signal
    monkeypatch.setattr(
        signal, "getsignal", lambda number: real_get(number) if number == signal.SIGINT else None
    )
    monkeypatch.setattr(
        signal,
        "signal",
        lambda number, handler: (installed.append(number), real_set(number, handler)),
    )
    with StopSignals():
        assert installed == [signal.SIGINT]
    assert installed == [signal.SIGINT] * 2
    monkeypatch.undo()
