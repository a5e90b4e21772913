"""One deadline over all that a download waits for: connections, TLS, headers, chunks, redirects.

A time limit of a socket is one for each piece that arrives, which a server can send byte by byte.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_SHORTEST = 1e-3  # seconds: 0 would mean not to wait at all


class Deadline:
    """The moment when a download must be complete.

    Parameters
    ----------
    seconds : float
        The number of seconds from now.
    patience : float
        The number of seconds to wait for the next bytes.
    clock : callable, default time.monotonic
        Returns the time in seconds.

    Attributes
    ----------
    wait : float
        How long the last wait may take or could have taken.

    Examples
    --------
    >>> deadline = Deadline(900.0, patience=30.0, clock=lambda: 0.0)
    >>> deadline.next_wait(), deadline.is_over
    (30.0, False)
    """

    def __init__(
        self, seconds: float, patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._patience = patience
        self.wait = patience

    @property
    def is_over(self) -> bool:
        """Whether the moment has passed."""
        return self._clock() >= self._end

    def next_wait(self, parts: int = 1) -> float:
        """Return how long to wait for the next bytes.

        Parameters
        ----------
        parts : int, default 1
            How many such waits must fit into the time that is left.

        Returns
        -------
        float
            The number of seconds.

        Raises
        ------
        TimeoutError
            If no time is left.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the time for the download is over")
        self.wait = max(_SHORTEST, min(self._patience, left / parts))
        return self.wait


class TimedReader(io.RawIOBase):
    """Reads from a socket until the deadline.

    Parameters
    ----------
    connected : socket.socket
        The socket, or one of `ssl`.
    deadline : Deadline
        The deadline.
    """

    def __init__(self, connected: Any, deadline: Deadline) -> None:
        self._socket = connected
        self._raw = connected.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Wait for bytes, and return their number, 0 at the end."""
        self._socket.settimeout(self._deadline.next_wait())
        n_bytes: int | None = self._raw.readinto(buffer)
        return n_bytes

    def close(self) -> None:
        """Close the file of the socket."""
        self._raw.close()
        super().close()


class TimedSocket:
    """A socket of which all reading ends at the deadline.

    Parameters
    ----------
    connected : socket.socket
        The socket, which has all other methods.
    deadline : Deadline
        The deadline.
    """

    def __init__(self, connected: Any, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:
        """Return a file to read from, as `http.client` asks for it."""
        return io.BufferedReader(TimedReader(self._socket, self._deadline))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _TimedConnection:
    """Makes a connection of urllib3 end at the deadline; derived classes derive from that, too."""

    deadline: Deadline
    host: str
    port: int
    timeout: Any
    _timed: TimedSocket | None = None

    @property
    def sock(self) -> TimedSocket | None:
        return self._timed

    @sock.setter
    def sock(self, connected: Any) -> None:
        self._timed = None if connected is None else TimedSocket(connected, self.deadline)

    def connect(self) -> None:
        # Each address is tried for this long, and as long may the whole greeting of TLS take.
        self.timeout = self.deadline.next_wait(parts=_n_addresses(self.host, self.port) + 1)
        super().connect()  # type: ignore[misc]  # that of urllib3


def _n_addresses(host: str, port: int) -> int:
    with suppress(OSError, UnicodeError):  # connecting will tell what is wrong
        return len(socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM))
    return 1


def timed_session(deadline: Deadline) -> Any:
    """Return a `requests.Session` whose requests end at the deadline.

    Only the system's resolver of names has limits of its own, as have proxies of SOCKS.

    Parameters
    ----------
    deadline : Deadline
        The deadline.

    Returns
    -------
    requests.Session
        The session.
    """
    import requests
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection

    pools = {}
    for scheme, connection, pool in (
        ("http", HTTPConnection, urllib3.HTTPConnectionPool),
        ("https", HTTPSConnection, urllib3.HTTPSConnectionPool),
    ):
        timed = type("Connection", (_TimedConnection, connection), {"deadline": deadline})
        pools[scheme] = type("Pool", (pool,), {"ConnectionCls": timed})

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
            manager = super().proxy_manager_for(*arguments, **options)
            if type(manager) is urllib3.ProxyManager:
                manager.pool_classes_by_scheme = pools
            return manager

    session = requests.Session()
    for scheme in pools:
        session.mount(f"{scheme}://", Adapter())
    return session
