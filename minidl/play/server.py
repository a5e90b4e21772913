"""Serves the page to browsers of this computer, by Bokeh's server."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.server.auth_provider import AuthProvider
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from .page import Page
from .playground import Sets

ADDRESS = "127.0.0.1"
TOKEN_BYTES = 24
QUIET = ("tornado.access", "bokeh.server.views.ws")
"""Who would warn of each request that is refused, and of each tab that is closed."""
CLOSED_MILLISECONDS = 3000  # after a tab was closed, its training ends


class _LocalOnly(AuthProvider):
    """Refuses requests that are for another host, or come from a page of another host.

    Another web page could otherwise reach the server through the browser of the user: by a name of
    its own that leads to this computer, or by a web socket, which browsers open to any host.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    @property
    def get_user_async(self) -> Callable[[Any], Awaitable[str]]:
        async def get_user(handler: Any) -> str:
            origin = handler.request.headers.get("Origin", f"http://{self._host}")
            if handler.request.host != self._host or origin != f"http://{self._host}":
                raise HTTPError(403)
            return "local"

        return get_user

    @property
    def login_url(self) -> str:  # Bokeh asks for one; nobody is sent there
        return "/"


class _Scripts(BokehTornado):
    """Sends browsers only the scripts that the page needs: not those for tables and formulas."""

    def resources(self, absolute_url: str | bool | None = None) -> Any:
        return super().resources(absolute_url).clone(components=["bokeh", "bokeh-widgets"])


class PlayServer:
    """A server of the page: on a free port, under a random path without which nothing is served.

    Parameters
    ----------
    sets : mapping of str to callable
        The functions that return the sets to choose from.
    port : int, default 0
        The port; 0 for any free one.

    Attributes
    ----------
    url : str
        The address of the page, with the random path.

    Raises
    ------
    OSError
        If the port is not free.
    """

    def __init__(self, sets: Sets, port: int = 0) -> None:
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.ERROR)
        self._sets = sets
        self._pages: set[Page] = set()
        token = os.urandom(TOKEN_BYTES).hex()
        listening = socket.create_server((ADDRESS, port))
        listening.setblocking(False)
        host = f"{ADDRESS}:{listening.getsockname()[1]}"
        application = _Scripts(
            {"/": Application(FunctionHandler(self._open_page))},
            prefix=token,
            use_index=False,
            auth_provider=_LocalOnly(host),
            extra_websocket_origins=[host],
            unused_session_lifetime_milliseconds=CLOSED_MILLISECONDS,
            check_unused_sessions_milliseconds=CLOSED_MILLISECONDS // 3,
        )
        http_server = HTTPServer(application)
        http_server.add_sockets([listening])
        self._server = BaseServer(IOLoop.current(), application, http_server)
        self.url = f"http://{host}/{token}/"

    def run(self) -> None:
        """Serve until Ctrl-C, and end all trainings then."""
        self._server.start()
        try:
            self._server.io_loop.start()
        except KeyboardInterrupt:  # the way to end it
            pass
        finally:
            self.close()

    def close(self) -> None:
        """End all trainings, and serve nothing more."""
        for page in [*self._pages]:
            page.close()
        self._server.stop()

    def _open_page(self, document: Document) -> None:
        page = Page(document, self._sets)
        self._pages.add(page)
        document.on_session_destroyed(lambda context: self._pages.discard(page))
