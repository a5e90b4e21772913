"""A deadline over everything that is read from a socket."""

import io
import socket

import pytest

from minidl.data.deadline import Deadline, TimedReader, TimedSocket, timed_session


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_wait_is_as_long_as_patience_and_the_time_left_allow(clock):
    deadline = Deadline(10.0, 4.0, clock)
    assert (deadline.next_wait(), deadline.next_wait(parts=5)) == (4.0, 2.0)
    clock.now = 9.0
    assert (deadline.next_wait(), deadline.wait, deadline.is_over) == (1.0, 1.0, False)
    clock.now = 9.9999
    assert deadline.next_wait() == 1e-3  # 0 would mean not to wait at all
    clock.now = 10.0
    assert deadline.is_over
    with pytest.raises(TimeoutError, match="the time for the download is over"):
        deadline.next_wait()


def test_each_read_has_the_time_that_is_left(clock, pair):
    ours, theirs = pair
    with io.BufferedReader(TimedReader(ours, Deadline(10.0, 4.0, clock))) as file:
        theirs.sendall(b"a line\nmore")
        assert file.readline() == b"a line\n"
        assert ours.gettimeout() == 4.0
        clock.now = 8.5
        theirs.sendall(b"\n")
        assert file.readline() == b"more\n"
        assert ours.gettimeout() == 1.5
        clock.now = 11.0
        theirs.sendall(b"too late\n")
        with pytest.raises(TimeoutError):
            file.readline()


def test_a_timed_socket_is_like_the_socket(clock, pair):
    ours, theirs = pair
    timed = TimedSocket(ours, Deadline(10.0, 4.0, clock))
    assert timed.fileno() == ours.fileno()
    with timed.makefile("rb") as file:
        timed.close()  # as http.client does when the headers have come
        theirs.sendall(b"content")
        theirs.shutdown(socket.SHUT_WR)
        assert file.read() == b"content"
    assert timed.fileno() == -1  # with the file, the connection is closed


@pytest.mark.parametrize(("n_addresses", "wait"), [(1, 0.1), (3, 0.05)])
def test_all_addresses_and_the_greeting_of_tls_share_the_time_that_is_left(
    clock, monkeypatch, n_addresses, wait
):
    requests = pytest.importorskip("requests")
    deadline = Deadline(0.2, 4.0, clock)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *words, **options: real(*words, **options) * n_addresses
    )
    with socket.create_server(("127.0.0.1", 0)) as listener, timed_session(deadline) as session:
        session.trust_env = False
        with pytest.raises(requests.RequestException):
            session.get(f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=9)
    assert deadline.wait == wait
